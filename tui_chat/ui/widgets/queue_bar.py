"""The prompt that waits in line while a reply comes in, in sight, with what can be done about it."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.core.clean import clean_line


class QueueBar(Widget):
    """One line; hidden while nothing waits."""

    waiting: reactive[str] = reactive("", layout=True)
    """The text that waits."""
    hint: str = ""

    def watch_waiting(self, waiting: str) -> None:
        """Be there only when there is something to show."""
        self.display = bool(waiting)

    def render(self) -> Content:
        """The beginning of it, then the keys."""
        hint = Content.styled(f"  {self.hint}", "$text-disabled") if self.size.width >= 60 else Content()
        room = max(self.size.width - hint.cell_length - len("waits  "), 4)
        text = Content(clean_line(self.waiting)).truncate(room, ellipsis=True)
        return Content.styled("waits  ", "$text-warning") + text + hint
