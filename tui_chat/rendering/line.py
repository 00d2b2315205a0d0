"""A finished screen line with the text that copying it gives. Must not know Markdown."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from tui_chat.rendering.cell_width import prefix_within, width

Link = tuple[int, int, str]
"""First cell, end cell and target of a link in one line."""


class Line:
    """One line as it is drawn; its strip is made on first use, since few lines are ever visible."""

    __slots__ = ("_strip", "cells", "copy", "copy_at", "links", "segments", "separator", "source_prefix")

    cells: int
    """How many cells it takes; never more than the width it was made for."""
    copy: str
    """Its text without gutter, indent and wraps."""
    copy_at: int
    """The cell where `copy` starts."""
    separator: str | None
    """The text between this line and the next when both are copied; `None` is a newline."""
    source_prefix: str
    """The source's text before `copy`, such as an item's marker; copied with whole lines."""

    def __init__(self, segments: Sequence[Segment], cells: int, copy: str, copy_at: int = 0) -> None:
        """Make a line of these segments, which together take `cells` cells."""
        self.segments = segments
        self.cells = cells
        self.copy = copy
        self.copy_at = copy_at
        self.separator = None
        self.source_prefix = ""
        self.links: tuple[Link, ...] = ()
        self._strip: Strip | None = None

    @property
    def strip(self) -> Strip:
        """The line for a widget's line API; not padded to the width."""
        if self._strip is None:
            self._strip = Strip(self.segments, self.cells)
        return self._strip

    @property
    def text(self) -> str:
        """Its text with the gutter."""
        return "".join(segment.text for segment in self.segments)

    def cropped(self, cells: int) -> "Line":
        if self.cells <= cells:
            return self
        segments: list[Segment] = []
        left = cells
        for text, style, _ in self.segments:
            shown = text[: prefix_within(text, left)]
            segments.append(Segment(shown, style))
            left -= width(shown)
            if shown != text:
                break
        line = Line(segments, cells - left, self.copy, self.copy_at)
        line.separator = self.separator
        line.source_prefix = self.source_prefix
        line.links = tuple((start, min(end, cells), href) for start, end, href in self.links if start < cells)
        return line

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Line):
            return NotImplemented
        return self is other or (
            self.copy == other.copy
            and self.copy_at == other.copy_at
            and self.separator == other.separator
            and self.source_prefix == other.source_prefix
            and self.links == other.links
            and list(self.segments) == list(other.segments)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Line({self.text!r}, copy={self.copy!r}, copy_at={self.copy_at}, separator={self.separator!r})"


BLANK = Line((), 0, "")
"""An empty line; all empty lines without a gutter are this one."""
