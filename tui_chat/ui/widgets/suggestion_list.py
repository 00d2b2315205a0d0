"""What the command that is typed may become, above the prompt. Draws; choosing is done elsewhere."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.messages import SuggestionAccepted

MOST_ROWS = 8


class SuggestionList(Widget):
    """A few rows around the one that is lit; hidden while there is nothing to suggest."""

    def __init__(self, completing: Completion) -> None:
        super().__init__()
        self._completing = completing

    def show(self) -> None:
        """Be there only when there is something to show, and only as tall."""
        count = len(self._completing.found)
        self.display = bool(count)
        self.styles.height = min(count, MOST_ROWS)
        self.refresh(layout=True)

    @property
    def _first(self) -> int:
        at, count = self._completing.at, len(self._completing.found)
        return max(0, min(at - MOST_ROWS // 2, count - MOST_ROWS))

    def on_click(self, event: events.Click) -> None:
        """Take the one that is pointed at."""
        self._completing.move(self._first + event.y - self._completing.at)
        self.post_message(SuggestionAccepted())

    def render(self) -> Content:
        """One row for each: what it is, what it does; the last row tells how many follow."""
        first = self._first
        shown = self._completing.found[first : first + MOST_ROWS]
        names = [clean_line(one.text) for one in shown]
        room = max(self.size.width, 10)
        width = min(max((len(name) for name in names), default=0), room * 2 // 3)
        rows: list[Content] = []
        for at, (name, one) in enumerate(zip(names, shown, strict=True), first):
            style = "$text-accent" if at == self._completing.at else "$foreground"
            lead = Content.styled("› " if at == self._completing.at else "  ", "$text-accent")
            said = Content.styled(name, style).truncate(width, ellipsis=True, pad=True)
            rows.append(
                (lead + said + Content.styled(f"  {clean_line(one.note)}", "dim")).truncate(room, ellipsis=True)
            )
        if more := len(self._completing.found) - first - len(shown):
            told = Content.styled(f"  {more} more ↓", "dim")
            rows[-1] = rows[-1].truncate(room - told.cell_length, ellipsis=True, pad=True) + told
        return Content("\n").join(rows)
