"""Suggest files for an `@` in the prompt; the list is read in a thread and shown while it grows."""

import asyncio
import time
from functools import partial
from pathlib import Path

from tui_chat.attachments.listing import FileListing
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.picker_rows import Choice

_MAX_ROWS = 50
_GROWING_S = 0.05
"""How often the rows are looked up again while the list grows."""
_EMPTY_S = 0.004
"""The same while there are no rows yet."""
_PAUSE_S = 0.03
"""Time after a key in which it is drawn, before the search takes the processor."""
_FRESH_S = 5.0
"""A list is read again for an `@` that is typed after this time."""


class FileSuggestions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._listing: FileListing | None = None
        self._next: FileListing | None = None
        """A newer list, until it is complete."""
        self._listed_s = float("-inf")

    def suggest(self, typed: str | None) -> None:
        """Show the files that match; `None` ends it."""
        if typed is None:
            self._chat.run_worker(_nothing, group="files", exclusive=True, exit_on_error=False)
            return
        if not typed or self._listing is None:
            self._list_again()
        self._chat.run_worker(partial(self._find, typed), group="files", exclusive=True, exit_on_error=False)

    def stop(self) -> None:
        """End the programs that list files."""
        for listing in (self._listing, self._next):
            if listing is not None:
                listing.stop()

    def _list_again(self) -> None:
        if self._next is None and time.monotonic() - self._listed_s > _FRESH_S:
            self._listed_s = time.monotonic()
            listing = FileListing(Path.cwd())
            listing.start()
            if self._listing is None:
                self._listing = listing
            else:
                self._next = listing

    async def _find(self, typed: str) -> None:
        if typed:
            await asyncio.sleep(_PAUSE_S)
        while True:
            if self._next is not None and self._next.is_complete:
                self._listing, self._next = self._next, None
            listing = self._listing
            assert listing is not None
            is_complete = listing.is_complete and self._next is None
            paths = await asyncio.to_thread(listing.find, typed, _MAX_ROWS)
            self._chat.prompt.offer_files(typed, [Choice(path, path, _note(path)) for path in paths])
            if is_complete:
                break
            await asyncio.sleep(_GROWING_S if paths else _EMPTY_S)


def _note(path: str) -> str:
    return "folder" if path.endswith("/") else ""


async def _nothing() -> None:
    """Take the place of a search that is not wanted any more."""
