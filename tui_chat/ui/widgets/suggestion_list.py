"""The completions of the slash command that is typed, in a list above the prompt. Only draws."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.messages import ActionRequested

MOST_ROWS = 8


class SuggestionList(Widget):
    """A few rows around the highlighted one; hidden while there are no completions."""

    def __init__(self, completing: Completion) -> None:
        super().__init__()
        self._completing = completing
        self._shown: tuple[object, int] | None = None
        """The completions that were drawn last, and which one was highlighted."""

    def show(self) -> None:
        """Show the completions, or hide the list if there are none."""
        if self._shown == (shown := (self._completing.found, self._completing.at)):
            return
        self._shown = shown
        rows = min(len(self._completing.found), self._most_rows)
        is_resized = self.styles.height is None or self.styles.height.value != rows or self.display is not bool(rows)
        self.display = bool(rows)
        self.styles.height = rows
        self.refresh(layout=is_resized)

    @property
    def _most_rows(self) -> int:
        """How many rows it may have: in a low window the prompt needs room too."""
        return max(1, min(MOST_ROWS, self.app.size.height // 2))

    @property
    def _first(self) -> int:
        at, count = self._completing.at, len(self._completing.found)
        return max(0, min(at - self._most_rows // 2, count - self._most_rows))

    def on_click(self, event: events.Click) -> None:
        self._completing.move(self._first + event.y - self._completing.at)
        self.post_message(ActionRequested("screen.complete"))

    def render(self) -> Content:
        """Return a row for each completion; the last row has the number of those below it."""
        first = self._first
        shown = self._completing.found[first : first + self._most_rows]
        names = [clean_line(one.text) for one in shown]
        room = max(self.size.width, 10)
        width = min(max((len(name) for name in names), default=0), room * 2 // 3)
        rows: list[Content] = []
        for at, (name, one) in enumerate(zip(names, shown, strict=True), first):
            style = "$text-accent" if at == self._completing.at else "$foreground"
            lead = Content.styled("› " if at == self._completing.at else "  ", "$text-accent")
            text = Content.styled(name, style).truncate(width, ellipsis=True, pad=True)
            rows.append(
                (lead + text + Content.styled(f"  {clean_line(one.note)}", "dim")).truncate(room, ellipsis=True)
            )
        if more := len(self._completing.found) - first - len(shown):
            more_below = Content.styled(f"  {more} more ↓", "dim")
            rows[-1] = rows[-1].truncate(room - more_below.cell_length, ellipsis=True, pad=True) + more_below
        return Content("\n").join(rows)
