"""A finished line of the screen, with what copying it gives. Knows nothing of Markdown."""

from collections.abc import Sequence
from typing import Self

from rich.segment import Segment
from textual.strip import Strip

from tui_chat.rendering.cell_width import prefix_within, width

Link = tuple[int, int, str]
"""First cell, end cell and target of a link in one line."""


class Line:
    """One line as it is drawn; its strip is made when it is first asked for, since few lines are ever seen."""

    __slots__ = ("_segments", "_strip", "cells", "copy", "copy_at", "joins", "lead", "links")

    cells: int
    """How many cells it takes; never more than the width it was made for."""
    copy: str
    """Its text without gutter, indent and wraps."""
    copy_at: int
    """The cell where `copy` begins."""
    joins: str | None
    """What stands between it and the next line when both are copied; `None` is a newline."""
    lead: str
    """What the source has before `copy` and the screen shows as a sign: an item's marker; copied with whole lines."""
    links: tuple[Link, ...]

    def __init__(
        self,
        strip: Strip,
        copy: str = "",
        copy_at: int = 0,
        joins: str | None = None,
        links: tuple[Link, ...] = (),
    ) -> None:
        self._strip: Strip | None = strip
        self._segments: Sequence[Segment] = ()
        self.cells = strip.cell_length
        self.copy = copy
        self.copy_at = copy_at
        self.joins = joins
        self.lead = ""
        self.links = links

    @classmethod
    def of(cls, segments: Sequence[Segment], cells: int, copy: str, copy_at: int = 0) -> Self:
        """A line of these segments, which together take `cells` cells."""
        line = cls.__new__(cls)
        line._strip = None
        line._segments = segments
        line.cells = cells
        line.copy = copy
        line.copy_at = copy_at
        line.joins = None
        line.lead = ""
        line.links = ()
        return line

    @property
    def strip(self) -> Strip:
        """What the line API of a widget hands to the screen; not padded to the width."""
        if self._strip is None:
            self._strip = Strip(self._segments, self.cells)
        return self._strip

    @property
    def segments(self) -> Sequence[Segment]:
        """The styled pieces of it, without making a strip."""
        return self._segments if self._strip is None else list(self._strip)

    @property
    def text(self) -> str:
        """What is to be read on it, gutter and all."""
        return "".join(segment.text for segment in self.segments)

    def copied(self, start: int = 0, end: int | None = None) -> str:
        """What copying the cells from `start` to `end` gives: text only, and the marker if all before it is taken."""
        first = prefix_within(self.copy, max(0, start - self.copy_at))
        last = len(self.copy)
        if end is not None and end < self.copy_at + width(self.copy):
            last = prefix_within(self.copy, max(0, end - self.copy_at))
        return (self.lead if start <= 0 and last else "") + self.copy[first:last]

    def cropped(self, cells: int) -> "Line":
        """The same line with nothing on the screen beyond `cells`."""
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
        line = Line.of(segments, cells - left, self.copy, self.copy_at)
        line.joins = self.joins
        line.lead = self.lead
        line.links = tuple((start, min(end, cells), href) for start, end, href in self.links if start < cells)
        return line

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Line):
            return NotImplemented
        return self is other or (
            self.copy == other.copy
            and self.copy_at == other.copy_at
            and self.joins == other.joins
            and self.lead == other.lead
            and self.links == other.links
            and list(self.segments) == list(other.segments)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Line({self.text!r}, copy={self.copy!r}, copy_at={self.copy_at}, joins={self.joins!r})"


BLANK = Line(Strip([], 0))
"""An empty line; all empty lines without a gutter are this one."""
