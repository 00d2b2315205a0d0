"""Detects changes that another process makes to the conversation that is shown. Knows the store, no widget."""

import time
from pathlib import Path

from tui_chat.storage.store import Store

CHECK_EVERY_S = 1.0
_SETTLED_S = 1.0
"""A file written more recently may be written again within the resolution of its time stamp."""


class ExternalChanges:
    """Compares one conversation with what it was at the last check."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: int | None = None
        self._pulse: tuple[object, ...] = ()
        self._conversation_id = ""
        self._stamp: tuple[int, int, int] | None = None

    def may_have_changed(self) -> bool:
        """Whether the file was written since the last check; cheap enough to poll."""
        path = self._store.opening.path
        return path is not None and (self._stamp is None or self._stamp != _stamp_of(path))

    async def check_for_changes(self, conversation_id: str) -> bool:
        """Whether another process changed the conversation since the last check."""
        path = self._store.opening.path
        stamp = None if path is None else _stamp_of(path)
        writes, _ = await self._store.changes()
        self._stamp = stamp
        others_wrote, self._writes = writes != self._writes, writes
        if conversation_id == self._conversation_id and not others_wrote:
            return False
        before, self._pulse = self._pulse, await self._store.conversation_changes(conversation_id)
        is_new, self._conversation_id = conversation_id != self._conversation_id, conversation_id
        return not is_new and before != self._pulse


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when the file is written: inode, size and time; `None` if it may be written again soon."""
    try:
        found = path.stat()
    except OSError:
        return None
    if abs(time.time() - found.st_mtime) < _SETTLED_S:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
