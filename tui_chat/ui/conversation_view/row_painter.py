"""Paints a row of the conversation: margin, bar, text, highlights. Must not know turns."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.color import TRANSPARENT, Color
from textual.filter import LineFilter
from textual.strip import Strip

from tui_chat.rendering.cell_width import prefix_within, width
from tui_chat.rendering.line import Line

Span = tuple[int, int]
"""First and end cell within a line."""


class RowStyle(NamedTuple):
    """How a row is painted besides its text."""

    bar: str = ""
    """The bar at its left: `user`, `current`, `error`, `warning` or empty."""
    selected: Span | None = None
    matches: tuple[Span, ...] = ()
    current: Span | None = None
    label: str = ""
    """Clean text over its right end."""
    is_faint: bool = False
    """Whether all its text has the colour of what does not count."""


class PaintStyles(NamedTuple):
    """The styles that a painter combines."""

    base: Style
    """The widget's own colours."""
    user: Style
    current_turn: Style
    selected: Style
    match: Style
    current: Style
    label: Style
    error: Style = Style()
    warning: Style = Style()
    faint: Style = Style()


PLAIN = RowStyle()
_BAR = {"user": "▌", "current": "█", "error": "▌", "warning": "▌"}


_Painted = tuple[Line, Strip]
"""Holds the line, so that no other has its id."""


class Painter:
    """Makes strips of exactly the widget's width; a row that looks the same gets the same strip again."""

    def __init__(self) -> None:
        self.width = 0
        self.margin = 0
        self.styles = PaintStyles(*(Style() for _ in PaintStyles._fields))
        self.filters: tuple[LineFilter, ...] = ()
        self._before: dict[RowStyle, dict[int, _Painted]] = {}
        self._now: dict[RowStyle, dict[int, _Painted]] = {}

    def reset(self) -> None:
        """Forget every strip, for other colours or another width."""
        self._before = {}
        self._now = {}

    def start_frame(self) -> None:
        """Start a new frame; strips that the last one did not use are forgotten."""
        self._before, self._now = self._now, {}

    def paint(self, lines: Sequence[Line], style: RowStyle) -> list[Strip]:
        before, now = self._before.get(style, {}), self._now.setdefault(style, {})
        keys = [*map(id, lines)]
        for key, line in zip(keys, lines, strict=True):
            if key not in now:
                now[key] = before.get(key) or (line, self._painted(line, style))
        return [now[key][1] for key in keys]

    def cell(self, text: str, style: Style) -> Strip:
        strip = Strip(_merged([Segment(text, style)], self.styles.base))
        for line_filter in self.filters:
            strip = strip.apply_filter(line_filter, _background(self.styles.base))
        return strip

    def _painted(self, line: Line, style: RowStyle) -> Strip:
        # A strip is dear to make: a row that only changed its text takes one.
        room = max(0, self.width - self.margin)
        text, cells = line.segments, line.cells
        if cells > room or style.is_faint or style.matches or style.current or style.selected:
            strip = self._highlighted(line.strip.crop(0, room), style, room)
            text, cells = [*strip], strip.cell_length
        segments = [*self._gutter(style.bar), *text]
        if cells < room:
            segments.append(Segment(" " * (room - cells)))
        segments = _merged(segments, self.styles.base)
        if style.label:
            segments = self._with_label(segments, style.label)
        background = _background(self.styles.base)
        for line_filter in self.filters:
            segments = line_filter.apply(segments, background)
        return Strip(segments, self.width)

    def _gutter(self, bar: str) -> list[Segment]:
        if not bar or self.margin < 2:
            return [Segment(" " * self.margin)]
        styles = self.styles
        style = {"user": styles.user, "error": styles.error, "warning": styles.warning}.get(bar, styles.current_turn)
        return [Segment(" " * (self.margin - 2)), Segment(_BAR[bar], style), Segment(" ")]

    def _highlighted(self, strip: Strip, style: RowStyle, room: int) -> Strip:
        if style.is_faint:
            strip = _restyled(strip, (0, strip.cell_length), self.styles.faint)
        if style.selected is not None:
            strip = strip.extend_cell_length(min(room, style.selected[1]))
            strip = _restyled(strip, style.selected, self.styles.selected)
        for span in style.matches:
            strip = _restyled(strip, span, self.styles.match)
        return strip if style.current is None else _restyled(strip, style.current, self.styles.current)

    def _with_label(self, row: list[Segment], label: str) -> list[Segment]:
        label = label[: prefix_within(label, self.width)]
        kept = Strip(row, self.width).crop(0, self.width - width(label))
        return [*kept, Segment(label, self.styles.label)]


def _merged(segments: list[Segment], base: Style) -> list[Segment]:
    """Return the segments in their full style, joined where they look the same: fewer bytes for the terminal."""
    merged: list[Segment] = []
    for text, style, _ in segments:
        style = base + style if style else base
        if merged and merged[-1].style == style:
            merged[-1] = Segment(merged[-1].text + text, style)
        elif text:
            merged.append(Segment(text, style))
    return merged


def _background(base: Style) -> Color:
    return Color.from_rich_color(base.bgcolor) if base.bgcolor is not None else TRANSPARENT


def _restyled(strip: Strip, span: Span, style: Style) -> Strip:
    start, end = span
    if end <= start:
        return strip
    highlighted = [Segment(text, (old or Style()) + style) for text, old, _ in strip.crop(start, end)]
    return Strip([*strip.crop(0, start), *highlighted, *strip.crop(end)])
