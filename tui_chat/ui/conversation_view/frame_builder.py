"""Builds the frame that the pane shows: the visible rows as strips, and the rail. Must not know the widget."""

from collections.abc import Callable, Sequence
from itertools import chain

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.strip import Strip

from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.chat.welcome import margin_of
from tui_chat.ui.conversation_view.row_painter import PLAIN, Painter, PaintStyles, RowStyle
from tui_chat.ui.conversation_view.viewport import BlockRows, Row, Viewport
from tui_chat.ui.terminal.direct_paint import Frame


class FrameBuilder:
    """Paints the rows of a viewport in the styles of the widget."""

    def __init__(
        self,
        viewport: Viewport,
        runs: Callable[[BlockRows], Sequence[tuple[RowStyle, Sequence[Line]]]],
        marker: Callable[[], str],
        welcome: Callable[[], Sequence[Line]],
    ) -> None:
        """`runs` cuts the rows of a block into runs of one style.

        `marker` returns the words over the end of the last row, `welcome` the rows of an empty conversation.
        """
        self._viewport = viewport
        self._runs = runs
        self._marker = marker
        self._welcome = welcome
        self._painter = Painter()
        self._thumb = self._track = Strip([Segment(" ")], 1)
        self._shown: list[BlockRows] = []
        """The visible rows of the last frame."""

    @property
    def rows(self) -> list[Row]:
        """The visible rows of the last frame, from the top."""
        return [row for shown in self._shown for row in shown.rows]

    @property
    def margin(self) -> int:
        """Empty columns at the left."""
        return self._painter.margin

    def set_width(self, width: int) -> int:
        """Paint for a widget of so many cells. Return how many of them are left for text."""
        margin = margin_of(width)
        self._painter.width, self._painter.margin = width - 1, margin
        self._painter.reset()
        return max(1, width - 2 * margin - 1)

    def has_styles(self, base: Style, filters: tuple[LineFilter, ...]) -> bool:
        """Return whether these colours and filters are in use."""
        return base == self._painter.styles.base and filters == self._painter.filters

    def set_styles(self, styles: PaintStyles, filters: tuple[LineFilter, ...], thumb: Style) -> None:
        """Paint in these styles, through these filters."""
        self._painter.filters = filters
        self._painter.styles = styles
        self._painter.reset()
        self._track = self._painter.cell(" ", Style())
        self._thumb = self._painter.cell("▐", thumb)

    def forget_styles(self) -> None:
        self._painter.styles = PaintStyles(*(Style() for _ in PaintStyles._fields))

    def build(self, height: int) -> Frame:
        """Return the frame of so many rows."""
        self._shown = self._viewport.block_rows()
        self._painter.start_frame()
        strips: list[Strip] = []
        style = PLAIN
        line = BLANK
        for style, lines in chain.from_iterable(map(self._runs, self._shown)):
            strips += self._painter.paint(lines, style)
            line = lines[-1]
        if not strips:
            strips = self._painter.paint(self._welcome()[:height], PLAIN)
        if missing := height - len(strips):
            strips += self._painter.paint([BLANK], PLAIN) * missing
            style, line = PLAIN, BLANK
        if label := self._marker():
            strips[-1:] = self._painter.paint([line], style._replace(label=label))
        return Frame(strips, self._rail(height))

    def _rail(self, height: int) -> list[Strip]:
        above, total = self._viewport.rows_above_and_total
        if total <= height:
            return [self._track] * height
        size = max(1, round(height * height / total))
        start = round((height - size) * above / (total - height))
        return [self._track] * start + [self._thumb] * size + [self._track] * (height - start - size)
