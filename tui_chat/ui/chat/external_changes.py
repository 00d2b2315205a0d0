"""Detects changes that another process makes to the conversation that is shown. Knows the store, no widget."""

from tui_chat.storage.store import Store
from tui_chat.ui.file_stamp import file_stamp

CHECK_EVERY_S = 1.0


class ExternalChanges:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: int | None = None
        self._pulse: tuple[object, ...] = ()
        self._conversation_id = ""
        self._stamp: tuple[int, int, int] | None = None

    def may_have_changed(self) -> bool:
        """Return whether the file was written since the last check; cheap enough to poll."""
        path = self._store.opening.path
        return path is not None and (self._stamp is None or self._stamp != file_stamp(path))

    async def check_for_changes(self, conversation_id: str) -> bool:
        """Return whether another process changed the conversation since the last check."""
        path = self._store.opening.path
        stamp = None if path is None else file_stamp(path)
        writes, _ = await self._store.changes()
        self._stamp = stamp
        others_wrote, self._writes = writes != self._writes, writes
        if conversation_id == self._conversation_id and not others_wrote:
            return False
        before, self._pulse = self._pulse, await self._store.conversation_changes(conversation_id)
        is_new, self._conversation_id = conversation_id != self._conversation_id, conversation_id
        return not is_new and before != self._pulse

    def look_again(self) -> None:
        """Report the last change once more: it could not be shown."""
        self._stamp, self._writes, self._pulse = None, None, ()
