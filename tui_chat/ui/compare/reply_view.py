"""One of two replies that are compared: its text, laid out or with the words that differ, and its figures."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Static

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import normalize_graphemes, width, wrap
from tui_chat.rendering.line import BLANK, Line
from tui_chat.rendering.markdown import LiveMarkdown
from tui_chat.rendering.styles import TextStyles
from tui_chat.ui.compare.word_diff import Piece

WHEEL_ROWS = 3


class ReplyText(Widget):
    """The text of a reply as rows; scrolled by the screen, together with the other one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"reply--differs"}

    def __init__(self, measure: int) -> None:
        super().__init__()
        self._measure = measure
        self._text = ""
        self._is_ended = False
        self._pieces: Sequence[Piece] = ()
        """The text by words, while these are shown."""
        self._live: LiveMarkdown | None = None
        self._lines: Sequence[Line] = ()
        self._width = 0
        self.top = 0
        """The first row that is shown."""

    @property
    def text(self) -> str:
        return self._text

    def show(self, text: str, *, is_ended: bool) -> None:
        self._text, self._is_ended, self._pieces = text, is_ended, ()
        self._layout()

    def append(self, text: str) -> None:
        """Add to the text; it is laid out when it is drawn."""
        self._text += text
        if self._live is not None:
            self._live.append(text)

    def end(self, text: str) -> None:
        """Show the whole text of a reply that has ended."""
        if text == self._text and self._live is not None:
            self._live.finish()
            self._is_ended = True
        else:
            self.show(text, is_ended=True)

    def show_words(self, pieces: Sequence[Piece]) -> None:
        """Show the text as it was written, with the pieces that differ marked; none shows it laid out."""
        self._pieces = pieces
        self._layout()

    @property
    def height(self) -> int:
        """How many rows the whole text has."""
        return len(self._all_lines())

    def scroll_to_row(self, row: int, *, following: bool) -> None:
        """Show the text from this row on, or its end."""
        last = max(0, self.height - self.size.height)
        self.top = last if following else max(0, min(row, last))
        self.refresh()

    def _all_lines(self) -> Sequence[Line]:
        if self.size.width != self._width:
            self._layout()
        return self._live.lines if self._live is not None else self._lines

    def _layout(self) -> None:
        """Lay the whole text out again."""
        self._width = self.size.width
        if not self.is_attached or not self._width:
            return
        styles = TextStyles.of(self.app.theme_variables, self._measure)
        self._live, self._lines = None, ()
        if self._pieces:
            differs = self.get_component_rich_style("reply--differs")
            self._lines = word_rows(self._pieces, self._width, styles.text, styles.text + differs)
        else:
            self._live = LiveMarkdown(self._width, styles)
            self._live.append(self._text)
            if self._is_ended:
                self._live.finish()
        self.refresh()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)

    def _theme_changed(self, _theme: Theme) -> None:
        self._layout()

    def render_line(self, y: int) -> Strip:
        lines, base = self._all_lines(), self.rich_style
        strip = lines[self.top + y].strip if self.top + y < len(lines) else BLANK.strip
        return strip.crop(0, self.size.width).extend_cell_length(self.size.width, base).apply_style(base)


class ReplyColumn(Vertical):
    """A heading, the figures below it, and the text."""

    DEFAULT_CSS = """
    ReplyColumn {
        width: 1fr;
        height: 1fr;
        padding: 0 1 0 3;

        & > .heading { color: $foreground-muted; height: 1; }
        & > .figures { color: $foreground-muted; height: 1; }
        & > ReplyText { height: 1fr; background: $background; color: $foreground; }
        & > ReplyText > .reply--differs { background: $warning 35%; }
        & > ReplyText:ansi > .reply--differs { background: ansi_default; text-style: underline; }
        & > ReplyText:nocolor > .reply--differs { text-style: underline; }
    }
    """

    text = query_one(ReplyText)
    heading = query_one(".heading", Static)
    figures = query_one(".figures", Static)

    def __init__(self, measure: int) -> None:
        super().__init__()
        self._measure = measure

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, classes="heading")
        yield Static("", markup=False, classes="figures")
        yield ReplyText(self._measure)

    def label(self, heading: Content, figures: Content) -> None:
        """Show what the reply is, and what it took."""
        self.heading.update(heading)
        self.figures.update(figures)


def word_rows(pieces: Sequence[Piece], cells: int, style: Style, differs: Style) -> list[Line]:
    """Return the rows of a text in pieces, wrapped to so many cells."""
    lines: list[Line] = []
    row: list[Piece] = []
    for piece in pieces:
        first, *more = normalize_graphemes(clean(piece.text)).expandtabs(4).split("\n")
        row.append(Piece(first, piece.differs))
        for text in more:
            lines += _wrapped(row, cells, style, differs)
            row = [Piece(text, piece.differs)]
    return [*lines, *_wrapped(row, cells, style, differs)]


def _wrapped(row: Sequence[Piece], cells: int, style: Style, differs: Style) -> list[Line]:
    text = "".join(piece.text for piece in row)
    if not text.strip():
        return [BLANK]
    lines = []
    for start, end in wrap(text, max(1, cells)):
        segments, at = [], 0
        for piece in row:
            shown = piece.text[max(0, start - at) : max(0, end - at)]
            if shown:
                segments.append(Segment(shown, differs if piece.differs else style))
            at += len(piece.text)
        lines.append(Line(segments, width(text[start:end]), text[start:end]))
    return lines
