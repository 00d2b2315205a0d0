"""The empty conversation and its footer on the start-up screen. Only draws.

Importing the real widgets takes longer than everything else before the first paint; these look the same.
"""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.chat.welcome import laid_out, margin_of


class StartupPane(Widget):
    """The welcome text."""

    DEFAULT_CSS = """
    StartupPane { height: 1fr; width: 100%; background: $background; color: $foreground; }
    """

    def __init__(self, lines: Sequence[str], measure: int) -> None:
        super().__init__()
        self._lines = lines
        self._measure = measure

    def render(self) -> Content:
        """Return the lines a third down the pane, like an empty conversation."""
        width, height = self.size
        margin = margin_of(width)
        room = max(1, width - 2 * margin - 1)
        dim = "dim" if self.app.current_theme.ansi else "$foreground 55%"
        rows = laid_out(self._lines, min(room, self._measure or room), height)
        return Content("\n").join(Content.assemble(" " * margin, bright, (faint, dim)) for bright, faint in rows)


class StartupFooter(Widget):
    """The name of the model."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = clean_line(model)

    def render(self) -> Content:
        return Content.styled(self._model, "$foreground-muted")
