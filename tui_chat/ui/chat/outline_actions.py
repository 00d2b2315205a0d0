"""The outline of the conversation: next to it in a wide window, else as a list to pick from."""

import asyncio

from tui_chat.core.outline import OutlineEntry, outline_of
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.picker import Choice, Picker
from tui_chat.ui.widgets.outline import OUTLINE_CELLS, Outline

FROM_WIDTH = 160
_LEAST_ENTRIES = 2


class OutlineActions:
    """Shows where the prompts and headings are, and goes there."""

    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._headings: dict[str, tuple[OutlineEntry, ...]] = {}
        self._conversation_id = ""

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
        return self._chat.app.size.width >= FROM_WIDTH and bool(self._chat.conversation.turns)

    def show(self) -> None:
        """Show the outline of the conversation where there is room for it."""
        self._outline.display = self.fits
        if self.fits:
            self._chat.run_worker(self._fill, group="outline", exclusive=True, exit_on_error=False)

    async def _fill(self) -> None:
        self._outline.show(await self._entries())

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
            turn = self._chat.pane.current_turn or self._chat.pane.first_visible_turn
            self._outline.go_to_turn(turn.id if turn is not None else "")
            self._outline.focus()
        else:
            self._pick(entries)

    def _pick(self, entries: list[OutlineEntry]) -> None:
        def picked(value: str | None) -> None:
            if value is not None:
                self.go_to(entries[int(value)])

        choices = [Choice(str(number), f"{'  ' * entry.level}{entry.text}") for number, entry in enumerate(entries)]
        self._chat.app.push_screen(Picker(self._chat.keys, "Outline", choices), picked)

    def go_to(self, entry: OutlineEntry) -> None:
        """Show a prompt, or a heading of a reply, at the top."""
        self._chat.pane.go_to_text(entry.turn_id, entry.text if entry.level else "")
        self._chat.pane.focus()
