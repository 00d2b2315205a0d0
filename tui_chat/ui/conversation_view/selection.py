"""The selection with the mouse, and its text without wraps, gutters and indent."""

import re
from typing import NamedTuple

from tui_chat.rendering.cell_width import prefix_within, width
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view.blocks import Block, counted
from tui_chat.ui.conversation_view.row_painter import Span
from tui_chat.ui.conversation_view.viewport import Row, RowPosition, Viewport

_WORD = re.compile(r"\w+|[^\w\s]+|\s+")


class TextPosition(NamedTuple):
    """A point between two characters of the conversation, in reading order."""

    position: RowPosition
    column: int
    """Characters of the row's text before it."""


def position_at(row: Row, cell: int) -> TextPosition:
    """Return the point nearest to a cell of a visible row."""
    return TextPosition(row.position, prefix_within(row.line.copy, cell - row.line.copy_at))


class TextOffset(NamedTuple):
    """A character in the text of a block, independent of its layout."""

    entry: int
    block: int
    offset: int
    """Characters before it, as `Block.offset_of` counts."""


class Selection:
    """Text from the point where the drag started to the point where it is."""

    def __init__(self) -> None:
        self._from: tuple[TextPosition, TextPosition] | None = None
        """What the drag started with: a point, a word or a line, which stays selected."""
        self._to: TextPosition | None = None

    @property
    def ends(self) -> tuple[TextPosition, TextPosition] | None:
        """First and last point; `None` when nothing is selected."""
        if self._from is None or self._to is None:
            return None
        first, last = min(self._from[0], self._to), max(self._from[1], self._to)
        return (first, last) if first < last else None

    def clear(self) -> None:
        self._from = self._to = None

    def start(self, point: TextPosition) -> None:
        self._from, self._to = (point, point), None

    def extend(self, point: TextPosition) -> None:
        if self._from is not None:
            self._to = point

    def select(self, first: TextPosition, last: TextPosition) -> None:
        """Select all between two points."""
        self._from, self._to = (first, last), last

    def offsets(self, viewport: Viewport) -> tuple[TextOffset, TextOffset] | None:
        """Return the ends of the selection in a form that another layout does not change."""
        return None if self.ends is None else (_offset_at(self.ends[0], viewport), _offset_at(self.ends[1], viewport))

    def restore(self, offsets: tuple[TextOffset, TextOffset] | None, viewport: Viewport) -> None:
        """Select the same text in another layout."""
        self.clear()
        if offsets is not None:
            first, behind = offsets
            last = behind._replace(offset=behind.offset - 1)
            self.select(_point_of(first, viewport, 0), _point_of(last, viewport, 1))

    def span(self, row: Row, copies: bool) -> Span | None:
        """Return the selected cells of a visible row."""
        ends = self.ends
        if ends is None or not copies or not ends[0].position <= row.position <= ends[1].position:
            return None
        line = row.line
        start = ends[0].column if row.position == ends[0].position else 0
        end = ends[1].column if row.position == ends[1].position else len(line.copy)
        cells = line.copy_at + width(line.copy[:start]), line.copy_at + width(line.copy[:end])
        if cells[0] == cells[1] and not line.copy and row.position != ends[1].position:
            return line.copy_at, line.copy_at + 1
        return cells if cells[0] < cells[1] else None

    def text(self, viewport: Viewport) -> str:
        ends = self.ends
        if ends is None:
            return ""
        first, last = ends
        pieces = []
        for index in range(first.position.entry, last.position.entry + 1):
            entry = viewport.turns.layout(index)
            for number in range(entry.block_count):
                if not first.position[:2] <= (index, number) <= last.position[:2]:
                    continue
                block = entry.block(number)
                start_at = (first.position.row, first.column) if (index, number) == first.position[:2] else (0, 0)
                end = (last.position.row, last.column) if (index, number) == last.position[:2] else (block.rows, 0)
                if text := _text_of(block, start_at, end):
                    pieces.append(text)
        return "\n\n".join(pieces)


def _text_of(block: Block, start_at: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the text of a block between two pairs of row and column."""
    pieces: list[str] = []
    for row in range(start_at[0], min(end[0] + 1, block.rows)):
        if not block.is_copied(row):
            continue
        line = block.line(row)
        start, stop = start_at[1] if row == start_at[0] else 0, end[1] if row == end[0] else None
        if start == 0 and start_at[0] < end[0]:
            pieces.append(line.source_prefix)
        pieces.append(line.copy[start:stop])
        if row < end[0]:
            pieces.append("\n" if line.separator is None else line.separator)
    return "".join(pieces).strip("\n")


def _offset_at(point: TextPosition, viewport: Viewport) -> TextOffset:
    entry, number, row = point.position
    layout = viewport.turns.layout(entry)
    number = min(number, layout.block_count - 1)
    block = layout.block(number)
    if row >= block.rows:  # It was folded, or its text changed, after it was selected.
        return TextOffset(entry, number, block.offset_of(block.rows))
    return TextOffset(entry, number, block.offset_of(row) + counted(block.line(row).copy[: point.column]))


def _point_of(offset: TextOffset, viewport: Viewport, behind: int) -> TextPosition:
    """Return the point before a character, or after it."""
    entry = viewport.turns.layout(offset.entry)
    number = min(offset.block, entry.block_count - 1)
    block = entry.block(number)
    row = block.row_at(offset.offset)
    if row >= block.rows:
        return TextPosition(RowPosition(offset.entry, number, 0), 0)
    text, wanted = block.line(row).copy, offset.offset - block.offset_of(row)
    column = next((at for at in range(len(text)) if counted(text[at]) and counted(text[:at]) == wanted), len(text))
    return TextPosition(RowPosition(offset.entry, number, row), min(column + behind, len(text)))


def word_around(row: Row, cell: int) -> tuple[TextPosition, TextPosition]:
    point = position_at(row, cell)
    for found in _WORD.finditer(row.line.copy):
        if found.end() > point.column:
            return TextPosition(row.position, found.start()), TextPosition(row.position, found.end())
    return point, point


def line_around(row: Row, block: Block) -> tuple[TextPosition, TextPosition]:
    """Return the ends of a line as it was written, over all rows that it was wrapped to."""
    first, last = paragraph(block, row.position.row)
    return TextPosition(row.position._replace(row=first), 0), TextPosition(
        row.position._replace(row=last), len(block.line(last).copy)
    )


def paragraph(block: Block, row: int) -> tuple[int, int]:
    """Return the first and the last row of a wrapped line."""
    first = last = row
    while first > block.gap and _joins(block.line(first - 1)):
        first -= 1
    while last < block.rows - 1 and _joins(block.line(last)):
        last += 1
    return first, last


def _joins(line: Line) -> bool:
    return line.separator is not None
