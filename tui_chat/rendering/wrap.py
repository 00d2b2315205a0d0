"""Wraps text with marks into styled rows after a gutter. Must not know Markdown."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.cell_width import width, wrap
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.inline import Inline
from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import TextStyles


def wrap_parts(parts: Sequence[Inline], gutter: Gutter, room: int, styles: TextStyles, base: Style) -> list[Line]:
    """Return the rows of some text in at most `room` cells, including the gutter."""
    lines: list[Line] = []
    for part in parts:
        text = part.text
        first_cells = gutter.cells if lines else gutter.first_cells
        rows = wrap(text, max(1, room - gutter.cells), max(1, room - first_cells))
        cursor = Cursor(part, styles, base)
        for number, (start, end) in enumerate(rows):
            is_first = not lines
            before = gutter.first if is_first else gutter.rest
            before_cells = gutter.first_cells if is_first else gutter.cells
            segments, cells, links = cursor.cut(start, end, before_cells)
            line = Line((*before, *segments), before_cells + cells, text[start:end], before_cells)
            line.links = links
            if is_first:
                line.source_prefix = gutter.source_prefix
            if number + 1 < len(rows):
                line.separator = " " if rows[number + 1][0] > end else ""
            lines.append(line)
    return lines


class Cursor:
    __slots__ = ("_at", "_base", "_marks", "_styles", "_text")

    def __init__(self, part: Inline, styles: TextStyles, base: Style) -> None:
        self._text = part.text
        self._marks = part.marks
        self._styles = styles
        self._base = base
        self._at = 0

    def cut(self, start: int, end: int, cell: int) -> tuple[list[Segment], int, tuple[tuple[int, int, str], ...]]:
        """Return the segments of text[start:end], their cells, and the links in them, counted from `cell`."""
        segments: list[Segment] = []
        links: list[tuple[int, int, str]] = []
        marks, text, total = self._marks, self._text, 0
        while start < end:
            while marks[self._at][0] <= start:
                self._at += 1
            stop, bits, href = marks[self._at]
            piece = text[start : min(stop, end)]
            size = width(piece)
            segments.append(Segment(piece, self._styles.marked(self._base, bits)))
            if href:
                begin = cell + total
                if links and links[-1][1] == begin and links[-1][2] == href:
                    begin = links.pop()[0]
                links.append((begin, cell + total + size, href))
            total += size
            start += len(piece)
        return segments, total, tuple(links)
