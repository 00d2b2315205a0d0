"""Turns a row of the conversation into the cells of the widget: margin, bar, text, what is lit. Knows no turn."""

from collections.abc import Iterable
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
    """What a row wears besides its text."""

    bar: str = ""
    """`user`, `chosen` or nothing: the bar at its left."""
    selected: Span | None = None
    hits: tuple[Span, ...] = ()
    current: Span | None = None
    """The hit that the reader is at, or the link."""
    over: str = ""
    """Clean words that lie over its right end."""


class PaintStyles(NamedTuple):
    """The styles a painter mixes."""

    ground: Style
    """The widget's own colours."""
    user: Style
    chosen: Style
    selected: Style
    hit: Style
    current: Style
    over: Style


PLAIN = RowStyle()
_BAR = {"user": "▌", "chosen": "█"}


_Painted = tuple[Line, Strip]


class Painter:
    """Makes strips of exactly the widget's width, and gives out the same one for what looks the same as before."""

    def __init__(self) -> None:
        self.width = 0
        self.margin = 0
        self.inks = PaintStyles(*(Style() for _ in PaintStyles._fields))
        self.filters: tuple[LineFilter, ...] = ()
        self._before: dict[RowStyle, dict[int, _Painted]] = {}
        self._now: dict[RowStyle, dict[int, _Painted]] = {}

    def reset(self) -> None:
        """Forget every strip: the colours or the width are other ones now."""
        self._before = {}
        self._now = {}

    def begin(self) -> None:
        """A new picture begins; strips that the last one did not use are forgotten."""
        self._before, self._now = self._now, {}

    def paint(self, lines: Iterable[Line], dress: RowStyle) -> list[Strip]:
        """Rows as cells, all in the same dress."""
        before, now = self._before.get(dress, {}), self._now.setdefault(dress, {})
        strips = []
        for line in lines:
            key = id(line)
            known = now.get(key) or before.get(key)
            if known is None or known[0] is not line:
                known = line, self._painted(line, dress)
            now[key] = known
            strips.append(known[1])
        return strips

    def cell(self, text: str, style: Style) -> Strip:
        """A piece of the rail."""
        strip = Strip(_merged([Segment(text, style)], self.inks.ground))
        for line_filter in self.filters:
            strip = strip.apply_filter(line_filter, _background(self.inks.ground))
        return strip

    def _painted(self, line: Line, dress: RowStyle) -> Strip:
        ground = self.inks.ground
        room = max(0, self.width - self.margin)
        strip = line.strip if line.cells <= room else line.strip.crop(0, room)
        if dress.hits or dress.current or dress.selected:
            strip = self._lit(strip, dress, room)
        segments = [*self._gutter(dress.bar), *strip]
        missing = room - strip.cell_length
        if missing > 0:
            segments.append(Segment(" " * missing))
        row = Strip(_merged(segments, ground), self.width)
        if dress.over:
            row = self._covered(row, dress.over)
        for line_filter in self.filters:
            row = row.apply_filter(line_filter, _background(ground))
        return row

    def _gutter(self, bar: str) -> list[Segment]:
        if not bar or self.margin < 2:
            return [Segment(" " * self.margin)]
        style = self.inks.user if bar == "user" else self.inks.chosen
        return [Segment(" " * (self.margin - 2)), Segment(_BAR[bar], style), Segment(" ")]

    def _lit(self, strip: Strip, dress: RowStyle, room: int) -> Strip:
        if dress.selected is not None:
            strip = strip.extend_cell_length(min(room, dress.selected[1]))
            strip = _restyled(strip, dress.selected, self.inks.selected)
        for span in dress.hits:
            strip = _restyled(strip, span, self.inks.hit)
        return strip if dress.current is None else _restyled(strip, dress.current, self.inks.current)

    def _covered(self, row: Strip, over: str) -> Strip:
        over = over[: prefix_within(over, self.width)]
        kept = row.crop(0, self.width - width(over))
        return Strip([*kept, Segment(over, self.inks.over)], self.width)


def _merged(segments: list[Segment], ground: Style) -> list[Segment]:
    """The segments on their ground, joined where they look the same: fewer bytes for the terminal."""
    merged: list[Segment] = []
    for text, style, _ in segments:
        style = ground + style if style else ground
        if merged and merged[-1].style == style:
            merged[-1] = Segment(merged[-1].text + text, style)
        elif text:
            merged.append(Segment(text, style))
    return merged


def _background(ground: Style) -> Color:
    return Color.from_rich_color(ground.bgcolor) if ground.bgcolor is not None else TRANSPARENT


def _restyled(strip: Strip, span: Span, style: Style) -> Strip:
    start, end = span
    if end <= start:
        return strip
    lit = [Segment(text, (old or Style()) + style) for text, old, _ in strip.crop(start, end)]
    return Strip([*strip.crop(0, start), *lit, *strip.crop(end)])
