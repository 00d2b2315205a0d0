"""Notices what another copy of the program does to the conversation that is shown. Knows the store, no widget."""

import time
from pathlib import Path
from typing import NamedTuple

from tui_chat.storage.store import Store

LOOKED_EVERY_S = 1.0
_SETTLED_S = 1.0
"""A file written more recently may be written again without looking any different."""


class Stamp(NamedTuple):
    """By what a written file is known."""

    inode: int
    size: int
    written_ns: int


class ExternalChanges:
    """One conversation as it was when it was last looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: int | None = None
        self._pulse: tuple[object, ...] = ()
        self._conversation_id = ""
        self._stamp: Stamp | None = None

    def may_have_changed(self) -> bool:
        """Whether the file was written since the last look; asking costs next to nothing, so it is asked for ever."""
        path = self._store.opening.path
        return path is not None and (self._stamp is None or self._stamp != _stamp_of(path))

    async def check_for_changes(self, conversation_id: str) -> bool:
        """Whether somebody else has changed it since this was last asked; our own writes do not count."""
        path = self._store.opening.path
        stamp = None if path is None else _stamp_of(path)
        writes, _ = await self._store.changes()
        self._stamp = stamp
        others_wrote, self._writes = writes != self._writes, writes
        if conversation_id == self._conversation_id and not others_wrote:
            return False
        before, self._pulse = self._pulse, await self._store.pulse(conversation_id)
        is_new, self._conversation_id = conversation_id != self._conversation_id, conversation_id
        return not is_new and before != self._pulse


def _stamp_of(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    if abs(time.time() - found.st_mtime) < _SETTLED_S:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
