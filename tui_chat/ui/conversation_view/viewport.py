"""The visible part of a conversation: scroll position, and the rows there. Lays out little more than what is visible.

The position of the first visible row is kept as turn, block and row within the block, so that nothing that changes
elsewhere moves it. While the reader is at the end, there is no such position: the last row is the last one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view.blocks import Block, length_of
from tui_chat.ui.conversation_view.branch_entries import BranchEntries
from tui_chat.ui.conversation_view.layout_cache import LayoutCache
from tui_chat.ui.conversation_view.layout_options import LayoutOptions
from tui_chat.ui.conversation_view.turn_layout import HEAD, TurnLayout

_LOOKED_BACK = 200
"""Rows above the first visible one in which the end of a streaming text may still change."""


class RowPosition(NamedTuple):
    """A row of the conversation."""

    entry: int
    block: int
    row: int


class LeftEnd(NamedTuple):
    """The end of the conversation when the reader left it."""

    turns: int
    block: int
    """The block above the state of the last turn."""
    rows: int
    """From the start of that block to the end."""
    is_live: bool


class Row(NamedTuple):
    """A visible row and its position."""

    line: Line
    entry: int
    block: int
    row: int

    @property
    def position(self) -> RowPosition:
        return RowPosition(self.entry, self.block, self.row)


class BlockRows(NamedTuple):
    """Visible rows of one block, from one of its rows on."""

    lines: Sequence[Line]
    entry: int
    block: int
    row: int

    @property
    def rows(self) -> Iterator[Row]:
        return (Row(line, self.entry, self.block, at) for at, line in enumerate(self.lines, self.row))


class Viewport:
    """The turns of the branch that is shown, and which of their rows are visible."""

    def __init__(self, layout_options: LayoutOptions) -> None:
        self.turns = LayoutCache(layout_options)
        self.height = 0
        self.top = RowPosition(0, HEAD, 0)
        """The first visible row, while `following` is off."""
        self.following = True
        self._left_end_at = LeftEnd(0, 0, 0, is_live=False)

    # What changes around the window

    def show(self, entries: BranchEntries) -> None:
        """Show these turns from their end, or from the first visible turn if it is among them."""
        first = None if self.following or not self.turns.entries else self.turns.entries[self.top.entry]
        self.turns.fill(entries)
        index = None if first is None else self.turns.index_of(first.turn.id)
        if index is None:
            self.following = True
        elif entries[index] is not first:
            last = self.turns.layout(index).block_count - 1
            self.top = self.top._replace(entry=index, block=min(self.top.block, last))

    def truncate(self, length: int) -> None:
        """Remove every turn from this index on."""
        self.turns.remove_from(length)
        if self.top.entry >= length:
            self.following = True

    def grow(self) -> None:
        """Lay out what has arrived of the streaming reply, which is always the last turn."""
        if self.turns.streaming is not None:
            index = len(self.turns.entries) - 1
            self.turns.layout(index)
            streaming = self.turns.streaming
            self._keeping_text(index, lambda block: streaming.settle(self.turns.layout_options, unfolded=block))

    def replace(self, index: int, turn: Turn) -> None:
        entry = self.turns.entries[index]
        if not entry.is_laid_out:
            entry.turn = turn
            self.turns.heights.set(index, entry.height(self.turns.layout_options))
            return

        def update(unfolded: int | None) -> bool:
            entry.update(turn, unfolded=unfolded)
            return True

        self._keeping_text(index, update)

    def _keeping_text(self, index: int, change: Callable[[int | None], bool]) -> None:
        """Change a laid-out turn; if the first visible row is in it, the same text stays first."""
        entry = self.turns.entries[index]
        if self.following or self.top.entry != index:
            if change(None):
                self.turns.update_height(index)
            return
        block = min(self.top.block, entry.block_count - 1)
        start = max(entry.block(block).gap, self.top.row - _LOOKED_BACK)
        before = [entry.block(block).line(row) for row in range(start, self.top.row)]
        if not change(block):
            return
        self.turns.update_height(index)
        after = entry.block(min(block, entry.block_count - 1))
        for at, line in enumerate(before, start):
            if at >= after.rows or after.line(at) is not line:
                offset = sum(map(length_of, before[at - start :]))
                self.top = self.top._replace(row=after.row_at(offset, at))
                return

    def relayout(self, layout_options: LayoutOptions) -> None:
        """Lay everything out again when it is next visible; the same text stays first."""
        offset = None if self.following or not self.turns.entries else self._offset()
        self.turns.restyle(layout_options)
        if offset is not None:
            self.top = self.top._replace(row=self._row_at(offset))
            self.follow_if_at_end()

    def refresh_stale(self, budget_s: float) -> bool:
        """Work for about so long on a turn that has its old layout. Return whether its layout is now up to date."""
        entry = next(iter(self.turns.stale))
        if not entry.prepare(self.turns.layout_options, budget_s):
            return False
        del self.turns.stale[entry]
        index = self.turns.entries.index(entry)
        is_top = not self.following and self.top.entry == index
        offset = self._offset() if is_top else 0
        entry.layout(self.turns.layout_options)
        self.turns.update_height(index)
        if is_top:
            self.top = self.top._replace(row=self._row_at(offset))
        self.follow_if_at_end()
        return True

    def _offset(self) -> int:
        """Return the offset of the first visible row in its block; -1 in the blank rows above."""
        block = self._top_block()
        return block.offset_of(self.top.row) if self.top.row >= block.gap else -1

    def _row_at(self, offset: int) -> int:
        return self._top_block().row_at(offset) if offset >= 0 else 0

    def _top_block(self) -> Block:
        entry = self.turns.layout(self.top.entry)
        return entry.block(min(self.top.block, entry.block_count - 1))

    # The window

    def rows(self) -> list[Row]:
        """Return the visible rows, from the top; fewer than the height when there are no more."""
        return [row for shown in self.block_rows() for row in shown.rows]

    def block_rows(self) -> list[BlockRows]:
        """Return the visible rows, block by block."""
        if not self.turns.entries:
            return []
        index, row = self._first()
        seen: list[BlockRows] = []
        left = self.height
        while left > 0 and index < len(self.turns.entries):
            entry = self._exact_from(index, row, left)
            first_block = entry.block_at(row)[0]
            last = min(entry.rows, row + left)
            left -= last - row
            while row < last:
                block, within = entry.block_at(row)
                shown = entry.block(block)
                end = min(shown.rows, within + last - row)
                seen.append(BlockRows(shown.lines_of(within, end), index, block, within))
                row += end - within
            entry.drop_far(first_block, entry.block_at(max(0, row - 1))[0])
            index, row = index + 1, 0
        self.turns.evict_old(seen[0].entry, index)
        return seen

    def _first(self) -> tuple[int, int]:
        """Return the turn and row of the first visible row."""
        if not self.following:
            return self._flat(self.top)
        return self._back_from_end(self.height)

    @property
    def first_row(self) -> tuple[int, int]:
        """The turn of the first visible row, and the row within it."""
        return self._first()

    def _flat(self, position: RowPosition) -> tuple[int, int]:
        index = min(position.entry, len(self.turns.entries) - 1)
        entry = self.turns.layout(index)
        entry.block(min(position.block, entry.block_count - 1))
        return index, entry.row_of(position.block, position.row)

    def _exact_from(self, index: int, row: int, rows: int) -> TurnLayout:
        """Return a turn, laid out, in which so many rows from a row on are exact."""
        entry = self.turns.layout(index)
        if entry.has_sections:
            block, within = entry.block_at(row)
            entry.lay_out_around(block, 0, within + rows)
        return self.turns.layout(index)

    def _exact_to_end(self, index: int, rows: int) -> TurnLayout:
        """Return a turn, laid out, of which so many rows at the end are exact."""
        entry = self.turns.layout(index)
        entry.lay_out_around(entry.block_count, rows, 0)
        return self.turns.layout(index)

    def _back_from_end(self, rows: int) -> tuple[int, int]:
        """Return turn and row of the first of the last `rows` rows; one of the last turn for 0."""
        index = len(self.turns.entries)
        while index > 0 and (rows > 0 or index == len(self.turns.entries)):
            index -= 1
            rows -= self._exact_to_end(index, rows).rows
        return index, max(0, -rows)

    def go(self, index: int, row: int) -> None:
        """Make a row of a turn the first visible one, as far as the end allows."""
        while row < 0 and index > 0:
            index -= 1
            row += self._exact_to_end(index, -row).rows
        row = max(0, row)
        while index < len(self.turns.entries) - 1 and row >= (rows := self.turns.layout(index).rows):
            row -= rows
            index += 1
            self._exact_from(index, 0, row + 1)
        position = self._position_of(index, row)
        end = self._back_from_end(self.height)
        if self._flat(position) >= end:
            self.to_end()
            return
        if self.following:
            self._leave_end()
        self.top = position

    def reveal(self, index: int, first: int, last: int) -> None:
        """Make these rows of a turn visible: the first one when not all of them fit."""
        self.turns.layout(index)
        above, _ = self.rows_above_and_total
        start = self.turns.heights.before(index) + first - above
        if start < 0 or last - first >= self.height:
            self.go(index, first)
        elif start + last - first >= self.height:
            self.go(index, last - self.height + 1)

    def scroll(self, rows: int) -> None:
        """Scroll down, or up when negative."""
        if self.turns.entries:
            index, row = self._first()
            entry = self.turns.layout(index)
            if entry.has_sections:
                block, within = entry.block_at(row)
                entry.lay_out_around(block, max(0, -rows), within + max(0, rows) + self.height)
                row = entry.row_of(block, within)
            self.go(index, row + rows)

    def pin(self) -> None:
        """Keep the first visible row where it is, whatever changes below it."""
        if self.following and self.turns.entries:
            index, row = self._first()
            self._leave_end()
            self.top = self._position_of(index, row)

    def follow_if_at_end(self) -> None:
        """Follow the end again if it is visible."""
        if self.turns.entries and not self.following:
            self.go(*self._flat(self.top))

    def to_end(self) -> None:
        """Go to the end and follow it."""
        self.following = True

    def to_start(self) -> None:
        """Go to the first row."""
        if self.turns.entries:
            self.go(0, 0)

    def to_row(self, row: int) -> None:
        """Go to a row counted from the start; estimated heights are near enough for the rail."""
        if self.turns.entries:
            index, within = self.turns.heights.at(row)
            about = max(1, self.turns.heights[index])
            self.go(index, within * self.turns.layout(index).rows // about)

    def _leave_end(self) -> None:
        self.following = False
        last = len(self.turns.entries) - 1
        entry = self.turns.layout(last)
        block = max(0, entry.block_count - 2)
        self._left_end_at = LeftEnd(last + 1, block, entry.rows - entry.row_of(block, 0), is_live=entry.turn.is_live)

    # What is visible, for the rail and the marker

    @property
    def window(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Turn and row of the first visible row, and of the first one below."""
        if not self.turns.entries:
            return (0, 0), (0, 0)
        index, row = first = self._first()
        left = self.height + row
        while (
            left >= (rows := self._exact_from(index, row, self.height).rows) and index < len(self.turns.entries) - 1
        ):
            left -= rows
            index, row = index + 1, 0
        return first, (index, left)

    @property
    def visible_edges(self) -> tuple[RowPosition, RowPosition]:
        (first, row), (last, beyond) = self.window
        return self._position_of(first, row), self._position_of(last, beyond - 1)

    def _position_of(self, index: int, row: int) -> RowPosition:
        entry = self.turns.layout(index)
        block, within = entry.block_at(max(0, min(row, entry.rows - 1)))
        return RowPosition(index, block, min(within, max(0, entry.block(block).rows - 1)))

    @property
    def visible_turns(self) -> tuple[int, int]:
        """The first and the last visible turn; without turns the last one is before the first."""
        if not self.turns.entries:
            return 0, -1
        first, last = self.window
        return first[0], last[0]

    @property
    def rows_above_and_total(self) -> tuple[int, int]:
        """Rows above the first visible one, and all rows."""
        if not self.turns.entries:
            return 0, 0
        if self.following:
            return max(0, self.turns.heights.total - self.height), self.turns.heights.total
        index, row = self._flat(self.top)
        return self.turns.heights.before(index) + row, self.turns.heights.total

    @property
    def new_rows(self) -> int:
        """Rows below the window that were not there when the reader left the end."""
        if self.following:
            return 0
        at_end = self._left_end_at
        index = min(at_end.turns, len(self.turns.entries)) - 1
        left = self.turns.layout(index)
        rows = left.row_of(at_end.block, 0) + at_end.rows
        if left.has_sections and not at_end.is_live:
            rows = left.rows  # its estimates become exact
        above, total = self.rows_above_and_total
        new = total - self.turns.heights.before(index) - rows
        return max(0, min(new, total - above - self.height))
