"""Lays out tables: aligned, wrapped inside the cells, or as records where the window is too narrow.

A table is laid out in runs of rows. A wider cell lays out the open run again, never the runs before it, so that the
cost of a row does not grow with the table; a run's columns depend on the text alone, not on how it was streamed.
"""

from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.block_nodes import Leaf
from tui_chat.rendering.block_patterns import cells_of
from tui_chat.rendering.cell_width import is_narrow, prefix_within, width, wrap
from tui_chat.rendering.close_unfinished import close_unfinished
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.inline import Inline, parse_inline
from tui_chat.rendering.line import Line, Link
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import TextStyles
from tui_chat.rendering.wrap import Cursor, wrap_parts

RUN_ROWS, RUN_CELLS = 256, 4096
"""A run ends after this many rows, or this many cells where the table is very wide."""
BETWEEN = " │ "
LEAST = 20
"""A column is made no narrower than its longest word, or than this where that is longer."""


@dataclass(slots=True)
class _Cell:
    """One cell before it has a place."""

    parts: list[Inline]
    natural: int
    """The cells that it takes on one row."""
    least: int
    """The cells that its longest word takes."""


_Piece = tuple[list[Segment], int, tuple[Link, ...]]
"""A row of one cell: its segments, their cells, and the links in them."""


@dataclass(slots=True)
class _Columns:
    """The widths of the columns so far."""

    natural: list[int]
    least: list[int]
    widths: tuple[int, ...] = ()
    """Empty where the rows are shown as records."""

    def grow(self, row: list[_Cell]) -> None:
        for column, cell in enumerate(row):
            self.natural[column] = max(self.natural[column], cell.natural)
            self.least[column] = max(self.least[column], min(LEAST, cell.least))

    def fit(self, room: int) -> tuple[int, ...]:
        """Return widths that fill at most `room`; empty if that is too little."""
        room -= len(BETWEEN) * (len(self.natural) - 1)
        if sum(self.natural) <= room:
            return tuple(self.natural)
        if sum(self.least) > room:
            return ()
        low, high = 1, room
        while low < high:
            middle = (low + high + 1) // 2
            if sum(self._capped(middle)) <= room:
                low = middle
            else:
                high = middle - 1
        widths = self._capped(low)
        for column in range(len(widths)):
            if sum(widths) < room and widths[column] < self.natural[column]:
                widths[column] += 1
        return tuple(widths)

    def _capped(self, cap: int) -> list[int]:
        return [min(natural, max(least, cap)) for natural, least in zip(self.natural, self.least, strict=True)]


class TableLayout:
    """The rows of one table, while it grows and when it is closed."""

    def __init__(self, leaf: Leaf, gutter: Gutter, cells: int, styles: TextStyles, references: References) -> None:
        self._gutter = gutter
        self._room = max(1, cells - gutter.cells)
        self._styles = styles
        self._references = references
        self._aligns = leaf.aligns
        self._columns = _Columns([1] * len(leaf.aligns), [1] * len(leaf.aligns))
        self._head = self._row(leaf.lines[0])
        self._columns.grow(self._head)
        self._rows: list[list[_Cell]] = []
        """Of the run that is open."""
        self._drawn: list[list[Line]] = []
        self._drawn_for: tuple[int, ...] | None = None
        self._run_rows = max(1, min(RUN_ROWS, RUN_CELLS // max(1, len(leaf.aligns))))
        self._done = 1
        self.lines: list[Line] = []
        """The rows of the runs that are full."""

    def grow(self, leaf: Leaf, more_waits: bool = False) -> int:
        """Add the complete rows; return the first new line."""
        changed = len(self.lines)
        for text in leaf.lines[self._done :]:
            row = self._row(text)
            self._columns.grow(row)
            self._rows.append(row)
            if len(self._rows) == self._run_rows:
                self.lines += self._run(self._rows, self._columns.fit(self._room))
                self._rows, self._drawn = [], []
        self._done = len(leaf.lines)
        return changed

    def preview(self, leaf: Leaf) -> list[Line]:
        """Return the lines of the open run and of incomplete rows."""
        columns = self._columns
        more = [self._row(close_unfinished(text)) for text in leaf.lines[self._done :]]
        if more:
            columns = _Columns(columns.natural.copy(), columns.least.copy())
            for row in more:
                columns.grow(row)
        return self._run(self._rows + more, columns.fit(self._room))

    def finish(self, leaf: Leaf) -> int:
        """Lay out the rest of a closed table; return the first new line."""
        changed = self.grow(leaf)
        if self._rows or not self.lines:
            self.lines += self._run(self._rows, self._columns.fit(self._room))
        return changed

    def _row(self, text: str) -> list[_Cell]:
        texts = cells_of(text)[: len(self._aligns)]
        return [_cell(text, self._references) for text in texts + [""] * (len(self._aligns) - len(texts))]

    def _run(self, rows: list[list[_Cell]], widths: tuple[int, ...]) -> list[Line]:
        """Return the lines of the open run; rows are drawn again only when the columns have changed."""
        if self._drawn_for != widths:
            self._drawn, self._drawn_for = [], widths
        kept = len(self._rows)
        new = rows[len(self._drawn) :]
        drawn = self._drawn + [self._draw(row, widths) if widths else self._record(row) for row in new]
        self._drawn = drawn[:kept]
        return self._with_head(drawn, widths) if widths else self._records(drawn)

    def _with_head(self, drawn: list[list[Line]], widths: tuple[int, ...]) -> list[Line]:
        rule = self._rule(widths)
        wraps = any(len(lines) > 1 for lines in drawn)
        lines: list[Line] = []
        if not self.lines:
            lines += [self._gutter.gap] if self._gutter.gap is not None else []
            lines += self._draw(self._head, widths, is_head=True)
            lines.append(self._rule(widths, is_copied=True))
        elif wraps:
            lines.append(rule)
        for number, row in enumerate(drawn):
            if wraps and number:
                lines.append(rule)
            lines += row
        return lines

    def _records(self, drawn: list[list[Line]]) -> list[Line]:
        lines = [self._gutter.gap] if self._gutter.gap is not None and not self.lines else []
        if not drawn and not self.lines:
            return lines + self._record(self._head)
        gutter = self._gutter.following()
        empty = Line(gutter.rest, gutter.cells, "")
        for number, row in enumerate(drawn):
            if number or self.lines:
                lines.append(empty)
            lines += row
        return lines

    def _draw(self, row: list[_Cell], widths: tuple[int, ...], is_head: bool = False) -> list[Line]:
        style = self._styles.table_head if is_head else self._styles.text
        cut = [self._wrapped(cell, size, style) for cell, size in zip(row, widths, strict=True)]
        height = max(len(pieces) for pieces in cut)
        if height == 1:
            return [self._line([pieces[0] for pieces in cut], widths, is_head)]
        lines = []
        for number in range(height):
            across = [pieces[number] if number < len(pieces) else _NOTHING for pieces in cut]
            line = self._line(across, widths, is_head and number == 0)
            line.copy, line.separator = "", ""
            lines.append(line)
        lines[0].copy = " | ".join(_text_of(cell) for cell in row)
        lines[-1].separator = None
        return lines

    def _wrapped(self, cell: _Cell, size: int, style: Style) -> list[_Piece]:
        pieces: list[_Piece] = []
        for part in cell.parts:
            cursor = Cursor(part, self._styles, style)
            pieces += [cursor.cut(start, end, 0) for start, end in wrap(part.text, size)]
        return pieces

    def _line(self, across: list[_Piece], widths: tuple[int, ...], is_first: bool) -> Line:
        """Return one line of pieces side by side."""
        gutter, style = self._gutter, self._styles.table_rule
        segments = list(gutter.first if is_first else gutter.rest)
        before_count = len(segments)
        begins = at = gutter.first_cells if is_first else gutter.cells
        links: list[Link] = []
        owed = 0
        for column, (pieces, taken, targets) in enumerate(across):
            align, spare = self._aligns[column], widths[column] - taken
            before = spare if align == "right" else spare // 2 if align == "center" else 0
            if column:
                segments.append(Segment(" " * owed + BETWEEN + " " * before, style))
                at += owed + len(BETWEEN) + before
            elif before:
                segments.append(Segment(" " * before))
                at += before
            segments += pieces
            links += [(at + start, at + end, href) for start, end, href in targets]
            at += taken
            owed = spare - before
        text = "".join(segment.text for segment in segments[before_count:]).replace("│", "|")
        line = Line(segments, at, text, begins)
        line.links = tuple(links)
        if is_first:
            line.source_prefix = gutter.source_prefix
        return line

    def _rule(self, widths: tuple[int, ...], is_copied: bool = False) -> Line:
        gutter = self._gutter
        text = "─┼─".join("─" * size for size in widths)
        copy = text.replace("─", "-").replace("┼", "|") if is_copied else ""
        line = Line((*gutter.rest, Segment(text, self._styles.table_rule)), gutter.cells + len(text), copy)
        line.copy_at = gutter.cells
        line.separator = None if is_copied else ""
        return line

    def _record(self, row: list[_Cell]) -> list[Line]:
        """Return a row as lines of names and values, for a window too narrow for columns."""
        lines: list[Line] = []
        gutter = self._gutter.following()
        for name, cell in zip(self._head, row, strict=True):
            label = _text_of(name)
            if row is self._head:
                label = ""
            before = f"{label}: " if label else ""
            before = before[: prefix_within(before, max(0, self._room // 2))]
            size = width(before)
            segment = Segment(before, self._styles.table_head)
            indent = Segment("  ")
            named = replace(
                gutter,
                first=(*gutter.rest, segment),
                first_cells=gutter.cells + size,
                rest=(*gutter.rest, indent),
                cells=gutter.cells + 2,
                source_prefix=before,
            )
            lines += wrap_parts(cell.parts, named, self._room + gutter.cells, self._styles, self._styles.text)
        return lines


_NOTHING: _Piece = ([], 0, ())


def _cell(text: str, references: References) -> _Cell:
    parts = parse_inline(text, references)
    natural = max(width(part.text) for part in parts)
    least = max((_least(word) for part in parts for word in part.text.split()), default=1)
    return _Cell(parts, max(1, natural), max(1, least))


def _least(word: str) -> int:
    """Return the cells that a word needs on one row; one of wide characters can be broken anywhere."""
    return width(word) if is_narrow(word) else min(4, width(word))


def _text_of(cell: _Cell) -> str:
    return " ".join(part.text for part in cell.parts)
