"""The outline of the conversation: next to it in a wide window, else as a list to pick from."""

import asyncio
from collections.abc import Sequence

from textual.timer import Timer

from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.widgets.outline import OUTLINE_CELLS, OUTLINE_FROM_WIDTH, Outline
from tui_chat.ui.widgets.outline_entries import OutlineEntry, outline_of

SETTLED_S = 0.1
"""After the last scrolling, the entry in view is marked."""
_LEAST_ENTRIES = 2


class OutlineActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._headings: dict[str, tuple[OutlineEntry, ...]] = {}
        self._conversation_id = ""
        self._settling: Timer | None = None

    @property
    def _outline(self) -> Outline:
        return self._chat.outline

    @property
    def width(self) -> int:
        """The columns that it takes from the conversation."""
        return OUTLINE_CELLS if self._outline.display else 0

    @property
    def fits(self) -> bool:
        """Whether the window is wide enough, and there is a conversation."""
        return self._chat.app.size.width >= OUTLINE_FROM_WIDTH and bool(self._chat.conversation.turns)

    def show(self) -> None:
        """Show the outline where there is room for it."""
        self._outline.display = self.fits

    def fill(self) -> None:
        """Show the entries of the conversation as it is now."""
        if self._outline.display:
            self._chat.run_worker(self._fill, group="outline", exclusive=True, exit_on_error=False)

    async def _fill(self) -> None:
        self._outline.show(await self._entries())
        self._mark()

    def note_scrolling(self) -> None:
        """Mark the entry in view once the scrolling stops."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self._chat.set_timer(SETTLED_S, self._mark) if self._outline.display else None

    def _mark(self) -> None:
        self._outline.mark(self._number_in_view(self._outline.entries))

    def _number_in_view(self, entries: Sequence[OutlineEntry]) -> int:
        """Return the entry whose text the first visible row is; at the end of the conversation the last one."""
        pane = self._chat.pane
        turn = None if pane.following else pane.first_visible_turn
        if turn is None:
            return max(0, len(entries) - 1)
        path = [one.id for one in self._chat.conversation.path]
        shown = set(path[: path.index(turn.id) + 1] if turn.id in path else path)
        own = [number for number, entry in enumerate(entries) if entry.turn_id == turn.id and entry.level]
        heading = pane.heading_in_view([entries[number].text for number in own]) if own else None
        if heading is not None:
            return own[heading]
        above = [number for number, entry in enumerate(entries) if entry.turn_id in shown and number not in own]
        return above[-1] if above else 0

    async def _entries(self) -> list[OutlineEntry]:
        shown = self._chat.conversation
        if shown.id != self._conversation_id:
            self._conversation_id, self._headings = shown.id, {}
        return await asyncio.to_thread(outline_of, shown.path, self._headings)

    async def open(self) -> None:
        """Go into the outline; in a narrow window pick an entry from a list."""
        entries = await self._entries()
        if len(entries) < _LEAST_ENTRIES:
            self._chat.notify("There is no outline yet.")
        elif self._outline.display:
            self._outline.show(entries)
            self._mark()
            if (turn := self._chat.pane.current_turn) is not None:
                self._outline.go_to_turn(turn.id)
            self._outline.focus()
        else:
            self._pick(entries)

    def _pick(self, entries: list[OutlineEntry]) -> None:
        choices = [Choice(str(number), f"{'  ' * entry.level}{entry.text}") for number, entry in enumerate(entries)]
        picker = Picker(self._chat.keys, "Outline", choices)
        picker.show(self._chat.app, lambda value: self.go_to(entries[int(value)]))

    def go_to(self, entry: OutlineEntry) -> None:
        """Show a prompt, or a heading of a reply, at the top."""
        self._chat.pane.go_to_text(entry.turn_id, entry.text if entry.level else "")
        self._chat.pane.focus()
