"""A reply as it arrives on a terminal, Markdown laid out. What goes into a pipe is in `printing`."""

from rich.console import Console

from tui_chat.core.event import ReplyEvent, TextDelta, TurnEnded
from tui_chat.rendering.markdown import LiveMarkdown
from tui_chat.rendering.stdout_printer import LivePrinter, page_cells
from tui_chat.rendering.styles import Palette


class MarkdownOutput:
    """Draws the text so far once a frame: certain lines scroll up, open ones are drawn again below them."""

    pause_s = 1 / 30

    def __init__(self, console: Console, measure: int) -> None:
        """`measure` is the widest that a line of prose may be."""
        palette = Palette.ansi(measure)
        self._live = LiveMarkdown(page_cells(console.width, palette), palette)
        self._printer = LivePrinter(console)

    def add(self, event: ReplyEvent) -> None:
        """Take an event."""
        match event:
            case TextDelta(text):
                self._live.append(text)
            case TurnEnded():
                self._live.finish()

    def text(self) -> str:
        """Return what to write to bring the terminal up to date."""
        return self._printer.frame(self._live.lines, self._live.stable_count)
