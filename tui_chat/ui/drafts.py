"""Keeps what is being written, and what waits in line, in the store: a crash or a switch loses no word."""

from collections.abc import Callable

from textual.timer import Timer

from tui_chat.core.error import StorageError
from tui_chat.storage.store import Store

KEPT_AFTER_S = 0.3
"""A draft is kept so long after the last key, so that typing is not a write a key."""
HISTORY = 500


class Drafts:
    """One prompt box's memory. `later` runs something after a while and can be stopped."""

    def __init__(self, store: Store, later: Callable[[float, Callable[[], object]], Timer]) -> None:
        self._store = store
        self._later = later
        self._timer: Timer | None = None
        self._pending: tuple[str | None, str] | None = None

    def note(self, place: str | None, text: str) -> None:
        """This is what is written there now."""
        self._pending = (place, text)
        if self._timer is None:
            self._timer = self._later(KEPT_AFTER_S, self.keep)

    async def keep(self) -> None:
        """Write down what was noted."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._pending is not None:
            (place, text), self._pending = self._pending, None
            await self._try(place, text)

    async def of(self, place: str | None) -> str:
        """What was being written there."""
        try:
            return await self._store.draft(place)
        except StorageError:
            return ""

    async def sent(self, place: str | None, text: str) -> list[str]:
        """It was sent: no longer a draft, but history; which is told, newest first."""
        self._pending = None
        await self._try(place, "")
        return await self.remember(text)

    async def remember(self, text: str) -> list[str]:
        """Put a text into the history."""
        try:
            await self._store.add_prompt(text)
            return await self._store.prompts(limit=HISTORY)
        except StorageError:
            return [text]

    async def _try(self, place: str | None, text: str) -> None:
        try:
            await self._store.set_draft(place, text)
        except StorageError:
            # Where nothing can be saved, the footer says so; the words are still in the box.
            self._pending = (place, text)
