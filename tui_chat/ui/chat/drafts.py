"""Keeps drafts, edits, queued prompts and the prompt history in the store, so that a crash or a switch loses nothing.

A store that fails never stops the user from writing: errors are swallowed here, and the footer shows them.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from textual.timer import Timer

from tui_chat.core.error import ChatError
from tui_chat.storage.store import Store
from tui_chat.ui.attachment_marks import attachments_in

SAVE_DELAY_S = 0.3
"""Time from the first unsaved key to the write, so that typing is not one write per key."""
_SAVED_PER_S = 10_000_000
"""Characters: a draft of many megabytes is written less often, since each write is of the whole draft."""
HISTORY = 500


class Unsaved(NamedTuple):
    """The text in the prompt box and the draft it belongs to."""

    key: str | None
    read_text: Callable[[], str]
    """Returns the text, which is put together only when it is needed, since it may be large."""
    edited_id: str | None = None


class Drafts:
    """The drafts of one prompt box. A draft's key is its conversation's id; `None` is a new conversation."""

    def __init__(self, store: Store, set_timer: Callable[[float, Callable[[], object]], Timer]) -> None:
        self._store = store
        self._set_timer = set_timer
        self._timer: Timer | None = None
        self._unsaved: Unsaved | None = None
        self._saving = asyncio.Lock()
        """Held while a draft and its files are stored: one that was sent must not come back behind its removal."""
        self._last_size = 0
        self._with_files: set[str | None] = set()
        """Keys of the drafts whose files are stored."""

    def update(self, key: str | None, read_text: Callable[[], str], *, edited_id: str | None = None) -> None:
        """Save this draft soon; with `edited_id` it is a new version of that prompt."""
        self._unsaved = Unsaved(key, read_text, edited_id)
        if self._timer is None:
            self._timer = self._set_timer(SAVE_DELAY_S + self._last_size / _SAVED_PER_S, self.flush)

    async def flush(self) -> None:
        """Save the last update now."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._unsaved is not None:
            unsaved, self._unsaved = self._unsaved, None
            await self._save(unsaved)

    @property
    def is_saved(self) -> bool:
        """Whether the store has the last update."""
        return self._unsaved is None

    async def load(self, key: str | None) -> str:
        try:
            draft = await self._store.draft(key)
        except ChatError:
            return ""
        if attachments_in(draft):
            self._with_files.add(key)
        return draft

    async def written_at(self) -> datetime | None:
        """Return when the draft of a new conversation was written, where that is known."""
        with suppress(ChatError):
            return await self._store.new_draft_at()
        return None

    async def mark_sent(self, key: str | None, text: str, rest: Unsaved | None) -> list[str]:
        """Move a draft into the history, and save what is left. Return the history, newest first."""
        self._unsaved = None
        if rest is None or rest.key != key:
            await self._save(Unsaved(key, str))
        if rest is not None:
            await self._save(rest)
        return await self.add_to_history(text)

    async def load_edit(self, conversation_id: str) -> tuple[str, str] | None:
        """Return the id of the prompt that is being edited there, and its new text."""
        with suppress(ChatError):
            if (stored := await self._store.state(f"edit:{conversation_id}")) is not None:
                return str(stored["turn"]), str(stored["text"])
        return None

    async def clear_edit(self, conversation_id: str) -> None:
        if self._unsaved is not None and self._unsaved.edited_id is not None:
            self._unsaved = None
        with suppress(ChatError):
            await self._store.set_state(f"edit:{conversation_id}", None)

    async def add_to_history(self, text: str) -> list[str]:
        """Add a prompt to the history. Return the history, newest first."""
        try:
            await self._store.add_prompt(text)
            return await self._store.prompts(limit=HISTORY)
        except ChatError:
            return [text]

    async def history(self, limit: int = HISTORY) -> list[str]:
        """Return earlier prompts, newest first."""
        try:
            return await self._store.prompts(limit=limit)
        except ChatError:
            return []

    async def load_queue(self, conversation_id: str) -> tuple[str, ...]:
        try:
            stored = await self._store.state(f"queue:{conversation_id}")
        except ChatError:
            return ()
        # Older versions stored a single string, and strings alone.
        items = [stored] if isinstance(stored, str) else stored or ()
        return tuple(item if isinstance(item, str) else str(item["text"]) for item in items)

    async def store_queue(self, conversation_id: str, prompts: Sequence[str]) -> None:
        with suppress(ChatError):  # a queue that cannot be saved is still on the screen
            items = [{"text": text, **files} if (files := _files(text)) else text for text in prompts]
            await self._store.set_state(f"queue:{conversation_id}", items or None)

    async def _save(self, unsaved: Unsaved) -> None:
        text = unsaved.read_text()
        self._last_size = len(text)
        try:
            async with self._saving:
                await self._store_text(unsaved, text)
        except ChatError:
            # Keep it for the next flush, unless something newer came meanwhile.
            self._unsaved = self._unsaved or unsaved

    async def _store_text(self, unsaved: Unsaved, text: str) -> None:
        if unsaved.edited_id is not None:
            edit = {"turn": unsaved.edited_id, "text": text, **_files(text)}
            await self._store.set_state(f"edit:{unsaved.key}", edit)
            return
        attachments = attachments_in(text)
        if attachments or unsaved.key in self._with_files:
            await self._store.set_draft_attachments(unsaved.key, attachments)
            self._with_files.add(unsaved.key)
        await self._store.set_draft(unsaved.key, text)


def _files(text: str) -> dict[str, list[dict[str, str]]]:
    """Return which bytes a stored prompt needs, as the store reads it; nothing for a prompt without files."""
    files = [{"sha256": part.sha256} for part in attachments_in(text) if part.sha256]
    return {"files": files} if files else {}
