"""Notices what another copy of the program does to the conversation that is shown. Knows the store, no widget."""

from tui_chat.storage.store import Store

LOOKED_EVERY_S = 1.0


class Elsewhere:
    """One conversation as it was when it was last looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: int | None = None
        self._pulse: tuple[object, ...] = ()
        self._conversation_id = ""

    async def has_changed(self, conversation_id: str) -> bool:
        """Whether somebody else has changed it since this was last asked; our own writes do not count."""
        writes, _ = await self._store.changes()
        others_wrote, self._writes = writes != self._writes, writes
        if conversation_id == self._conversation_id and not others_wrote:
            return False
        before, self._pulse = self._pulse, await self._store.pulse(conversation_id)
        is_new, self._conversation_id = conversation_id != self._conversation_id, conversation_id
        return not is_new and before != self._pulse
