"""Keeps what is being written, and what waits in line, in the store: a crash or a switch loses no word.

Nothing the store refuses stops anybody from writing: it may fail, or not have the conversation (yet, or any more).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from textual.timer import Timer

from tui_chat.core.error import ChatError
from tui_chat.storage.store import Store

KEPT_AFTER_S = 0.3
"""A draft is kept so long after the last key, so that typing is not a write a key."""
_KEPT_A_SECOND = 10_000_000
"""Characters: a draft of many megabytes is written less often, for a write takes all of it."""
HISTORY = 500


class Written(NamedTuple):
    """What is in a prompt box, and where that belongs."""

    place: str | None
    read: Callable[[], str]
    """Returns the text; it is put together only when it is needed, for it may be large."""
    instead_of: str | None = None


class Drafts:
    """One prompt box's memory. `later` runs something after a while and can be stopped."""

    def __init__(self, store: Store, later: Callable[[float, Callable[[], object]], Timer]) -> None:
        self._store = store
        self._later = later
        self._timer: Timer | None = None
        self._pending: Written | None = None
        self._last_size = 0

    def note(self, place: str | None, read: Callable[[], str], *, instead_of: str | None = None) -> None:
        """This is what is written there now; with `instead_of` it is another wording of that prompt."""
        self._pending = Written(place, read, instead_of)
        if self._timer is None:
            self._timer = self._later(KEPT_AFTER_S + self._last_size / _KEPT_A_SECOND, self.keep)

    async def keep(self) -> None:
        """Write down what was noted."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._pending is not None:
            pending, self._pending = self._pending, None
            await self._write(pending)

    async def of(self, place: str | None) -> str:
        """What was being written there."""
        try:
            return await self._store.draft(place)
        except ChatError:
            return ""

    async def sent(self, place: str | None, text: str) -> list[str]:
        """It was sent: no longer a draft, but history; which is told, newest first."""
        self._pending = None
        await self._write(Written(place, lambda: ""))
        return await self.remember(text)

    async def edit_of(self, conversation_id: str) -> tuple[str, str] | None:
        """The prompt that was being worded differently there, and how."""
        with suppress(ChatError):
            if (kept := await self._store.state(f"edit:{conversation_id}")) is not None:
                return str(kept["turn"]), str(kept["text"])
        return None

    async def edited(self, conversation_id: str) -> None:
        """Nothing is being worded differently there any more."""
        self._pending = None
        with suppress(ChatError):
            await self._store.set_state(f"edit:{conversation_id}", None)

    async def remember(self, text: str) -> list[str]:
        """Put a text into the history."""
        try:
            await self._store.add_prompt(text)
            return await self._store.prompts(limit=HISTORY)
        except ChatError:
            return [text]

    async def history(self, most: int = HISTORY) -> list[str]:
        """What was ever sent, newest first."""
        try:
            return await self._store.prompts(limit=most)
        except ChatError:
            return []

    async def waiting(self, conversation_id: str) -> tuple[str, ...]:
        """What waits in line there."""
        try:
            kept = await self._store.state(f"queue:{conversation_id}")
        except ChatError:
            return ()
        return (kept,) if isinstance(kept, str) else tuple(kept or ())

    async def wait(self, conversation_id: str, prompts: Sequence[str]) -> None:
        """These wait in line there now."""
        with suppress(ChatError):  # what cannot be written down still waits in sight
            await self._store.set_state(f"queue:{conversation_id}", list(prompts) or None)

    async def _write(self, written: Written) -> None:
        text = written.read()
        self._last_size = len(text)
        try:
            if written.instead_of is not None:
                kept = {"turn": written.instead_of, "text": text}
                await self._store.set_state(f"edit:{written.place}", kept)
            else:
                await self._store.set_draft(written.place, text)
        except ChatError:
            # Where nothing can be saved, the footer says so; the words are still in the box.
            self._pending = self._pending or written
