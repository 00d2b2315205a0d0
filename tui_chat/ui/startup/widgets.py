"""The empty conversation and its footer on the start-up screen. Only draws.

Importing the real widgets takes longer than everything else before the first paint; these look the same.
"""

from textual.content import Content
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.chat.welcome import margin_of, wordmark
from tui_chat.ui.key_hints import hint_content


class StartupPane(Widget):
    """The wordmark."""

    DEFAULT_CSS = """
    StartupPane { height: 1fr; width: 100%; background: $background; color: $foreground; }
    """

    def __init__(self, *, is_blank: bool) -> None:
        """A conversation that is being opened has no wordmark."""
        super().__init__()
        self._is_blank = is_blank

    def render(self) -> Content:
        """Return the wordmark at the end of the pane, like an empty conversation."""
        width, height = self.size
        margin = margin_of(width)
        rows = wordmark(max(1, width - 2 * margin - 1), height) if self._is_blank else ()
        accent = "ansi_magenta" if self.app.current_theme.ansi else "$accent"
        return Content("\n").join(Content.assemble(" " * margin, (row, accent)) for row in rows)


class StartupFooter(Widget):
    """The name of the model, and what to press now."""

    def __init__(self, model: str, send_key: str, mark: str = "") -> None:
        super().__init__()
        self._model = clean_line(model)
        self._send_key = send_key
        self._mark = mark

    def render(self) -> Content:
        mark = Content.styled(f"{self._mark}  ", "$text-warning") if self._mark else Content()
        steps = Content("  ") + hint_content(f"{self._send_key} send · / commands") if self._send_key else Content()
        return mark + Content.styled(self._model, "$foreground-muted") + steps
