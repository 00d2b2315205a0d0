"""The outline next to a conversation in a wide window. Only draws, and posts what was chosen."""

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope
from tui_chat.ui.widgets.outline_entries import OutlineEntry

OUTLINE_CELLS = 40
OUTLINE_FROM_WIDTH = 160
"""Columns of a window from which the outline is shown."""
_MARGIN = 2


class Outline(Widget, can_focus=True):
    """Prompts, and below each the headings of its reply. The cursor is at what is in view, until keys move it."""

    DEFAULT_CSS = """
    Outline { dock: right; height: 100%; background: $background; color: $foreground; padding: 1 2 1 1; }
    """

    class Chosen(Message):
        def __init__(self, entry: OutlineEntry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        keys.bind(self, Scope.OUTLINE)
        self.styles.width = OUTLINE_CELLS
        self.display = False
        self._entries: Sequence[OutlineEntry] = ()
        self._cursor = self._in_view = 0
        self._key = keys("outline.open")

    @property
    def entries(self) -> Sequence[OutlineEntry]:
        return self._entries

    def show(self, entries: Sequence[OutlineEntry]) -> None:
        """Show these entries; the cursor stays at its own."""
        if entries != self._entries:
            self._entries = entries
            self._cursor = min(self._cursor, max(0, len(entries) - 1))
            self.refresh()

    def mark(self, number: int) -> None:
        """Mark the entry whose text is in view."""
        self._in_view = number
        if not self.has_focus and number != self._cursor:
            self._cursor = number
            self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self._cursor = self._in_view
        self.refresh()

    @property
    def _rows(self) -> int:
        """Rows for entries, below the heading."""
        return max(1, self.content_size.height - _MARGIN)

    @property
    def _first(self) -> int:
        """The first entry that is drawn: those around the cursor."""
        return max(0, min(self._cursor - self._rows // 2, len(self._entries) - self._rows))

    def render(self) -> Content:
        cells = self.content_size.width
        key = Content.styled(f"  {self._key}" if self._key else "", "$foreground-disabled")
        rows = [Content.styled("Outline", "$foreground-muted") + key, Content()]
        for number in range(self._first, min(len(self._entries), self._first + self._rows)):
            entry = self._entries[number]
            is_current = number == self._cursor
            indent = "  " * (min(entry.level, 3) - 1)
            lead = f"{indent}{'› ' if is_current else '▌ ' if entry.level == 0 else '  '}"
            style = "$foreground" if is_current or entry.level == 0 else "$foreground-muted"
            row = Content.styled(lead, "$accent" if entry.level == 0 else "$text-accent")
            row = (row + Content.styled(entry.text, style)).truncate(cells, ellipsis=True)
            rows.append(row.stylize("bold") if is_current and self.has_focus else row)
        return Content("\n").join(rows)

    # The cursor

    def go_to_turn(self, turn_id: str) -> None:
        """Put the cursor on the first entry of a message, else on the last one."""
        numbers = [number for number, entry in enumerate(self._entries) if entry.turn_id == turn_id]
        self._cursor = numbers[0] if numbers else max(0, len(self._entries) - 1)
        self.refresh()

    def action_move(self, by: int) -> None:
        """Go to another entry."""
        self._cursor = max(0, min(self._cursor + by, len(self._entries) - 1))
        self.refresh()

    def action_choose(self) -> None:
        if self._entries:
            self.post_message(self.Chosen(self._entries[self._cursor]))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        number = self._first + offset.y - _MARGIN if offset is not None else -1
        if 0 <= number < len(self._entries):
            self._cursor = number
            self.action_choose()
