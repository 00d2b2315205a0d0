"""Where the reader is in a conversation, and which rows are seen from there. Lays out what it shows and little more.

The place of the first visible row is kept as turn, block and row within the block, so that nothing that changes
elsewhere moves it. While the reader is at the end, there is no such place: the last row is the last one.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.ui.pane.block import length_of
from tui_chat.ui.pane.entry import HEAD, Entry
from tui_chat.ui.pane.growth import Growth
from tui_chat.ui.pane.heights import Heights
from tui_chat.ui.pane.look import Look

_MOST_LAID_ROWS = 4000
"""Rows of turns out of sight that are kept; older ones are let go and laid out again when scrolled to."""
_LOOKED_BACK = 200
"""Rows above the first visible one in which the end of a growing text may still change."""


class Place(NamedTuple):
    """A row of the conversation."""

    entry: int
    block: int
    row: int


class Row(NamedTuple):
    """A visible row and where it stands."""

    line: Line
    place: Place


class Viewport:
    """The turns of the branch that is shown, and the window on them."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.height = 0
        self.entries: list[Entry] = []
        self.heights = Heights()
        self.top = Place(0, HEAD, 0)
        """The first visible row, while `following` is off."""
        self.following = True
        self.growth: Growth | None = None
        self._laid: OrderedDict[Entry, None] = OrderedDict()
        self._laid_rows = 0
        self._seen = (0, 0)
        """Turns, and rows of the last one, that were there when the reader left the end."""

    # Turns

    def show(self, entries: list[Entry]) -> None:
        """Show these turns, from their end."""
        self.growth = None
        self.entries = entries
        self.heights = Heights(entry.rows if entry.is_laid else entry.estimate(self.look) for entry in entries)
        kept = set(entries)
        for entry in [entry for entry in self._laid if entry not in kept]:
            self._let_go(entry)
        self.following = True

    def append(self, entry: Entry) -> None:
        """Add a turn at the end."""
        self.entries.append(entry)
        self.heights.append(entry.estimate(self.look))

    def truncate(self, length: int) -> None:
        """Take away every turn from that one on."""
        for entry in self.entries[length:]:
            if entry in self._laid:
                self._let_go(entry)
        del self.entries[length:]
        self.heights.truncate(length)
        if self.top.entry >= length:
            self.to_end()

    def lay(self, index: int) -> Entry:
        """That turn, laid out."""
        entry = self.entries[index]
        if not entry.is_laid:
            entry.lay(self.look)
            self._laid[entry] = None
            self._laid_rows += entry.rows
            self.heights.set(index, entry.rows)
        else:
            self._laid.move_to_end(entry)
        return entry

    def measured(self, index: int) -> None:
        """Take note that a laid-out turn has other rows than before."""
        rows = self.entries[index].rows
        self._laid_rows += rows - self.heights[index]
        self.heights.set(index, rows)

    def grow(self) -> None:
        """Lay out what has arrived of the reply in flight, which is always the last turn."""
        if self.growth is not None:
            index = len(self.entries) - 1
            self.lay(index)
            self._keeping_text(
                index, lambda held: self.growth is not None and self.growth.settle(self.look, held=held)
            )

    def replace(self, index: int, turn: Turn) -> None:
        """That turn is this now."""
        entry = self.entries[index]
        if not entry.is_laid:
            entry.turn = turn
            self.heights.set(index, entry.estimate(self.look))
            return

        def update(held: int | None) -> bool:
            entry.update(turn, held=held)
            return True

        self._keeping_text(index, update)

    def _keeping_text(self, index: int, change: Callable[[int | None], bool]) -> None:
        """Change a laid-out turn, and leave the same text first if the first visible row is in it."""
        entry = self.entries[index]
        if self.following or self.top.entry != index:
            if change(None):
                self.measured(index)
            return
        block = min(self.top.block, len(entry.blocks) - 1)
        start = max(entry.blocks[block].gap, self.top.row - _LOOKED_BACK)
        before = [entry.blocks[block].line(row) for row in range(start, self.top.row)]
        if not change(block):
            return
        self.measured(index)
        after = entry.blocks[min(block, len(entry.blocks) - 1)]
        for at, line in enumerate(before, start):
            if at >= after.rows or after.line(at) is not line:
                offset = sum(map(length_of, before[at - start :]))
                self.top = self.top._replace(row=after.row_at(offset, at))
                return

    def trim(self, visible: set[Entry]) -> None:
        """Let go of the rows of turns that were not looked at for longest."""
        for entry in list(self._laid) if self._laid_rows > _MOST_LAID_ROWS else ():
            if self._laid_rows <= _MOST_LAID_ROWS:
                break
            if entry not in visible and (self.growth is None or entry is not self.growth.entry):
                self._let_go(entry)

    def _let_go(self, entry: Entry) -> None:
        del self._laid[entry]
        self._laid_rows -= entry.rows
        entry.drop()

    def relay(self, look: Look) -> None:
        """Lay everything out anew, when it is next seen, and keep the same text first."""
        offset = None
        if not self.following and self.entries:
            entry = self.lay(self.top.entry)
            block = entry.blocks[min(self.top.block, len(entry.blocks) - 1)]
            offset = block.offset_of(self.top.row) if self.top.row >= block.gap else -1
        if self.growth is not None:
            self.growth.catch_up()
        same_width = (look.width, look.measure) == (self.look.width, self.look.measure)
        self.look = look
        for entry in self._laid:
            entry.drop()
        self._laid.clear()
        self._laid_rows = 0
        if not same_width:
            self.heights = Heights(entry.estimate(look) for entry in self.entries)
        if offset is not None:
            entry = self.lay(self.top.entry)
            block = entry.blocks[min(self.top.block, len(entry.blocks) - 1)]
            self.top = self.top._replace(row=block.row_at(offset) if offset >= 0 else 0)

    # The window

    def rows(self) -> list[Row]:
        """The rows that are seen, from the top; fewer than the height when there are no more."""
        if not self.entries:
            return []
        index, row = self._first()
        seen: list[Row] = []
        while len(seen) < self.height and index < len(self.entries):
            entry = self.lay(index)
            last = min(entry.rows, row + self.height - len(seen))
            while row < last:
                block, within = entry.split(row)
                shown = entry.blocks[block]
                for at in range(within, min(shown.rows, within + last - row)):
                    seen.append(Row(shown.line(at), Place(index, block, at)))
                    row += 1
            index, row = index + 1, 0
        self.trim({self.entries[row.place.entry] for row in seen})
        return seen

    def _first(self) -> tuple[int, int]:
        """Turn and row of the first visible row."""
        if not self.following:
            return self._flat(self.top)
        return self._back_from_end(self.height)

    def _flat(self, place: Place) -> tuple[int, int]:
        index = min(place.entry, len(self.entries) - 1)
        return index, self.lay(index).row_of(place.block, place.row)

    def _back_from_end(self, rows: int) -> tuple[int, int]:
        """The row from which on exactly so many follow, or the very first one."""
        index = len(self.entries)
        while index > 0 and rows > 0:
            index -= 1
            rows -= self.lay(index).rows
        return index, max(0, -rows)

    def go(self, index: int, row: int) -> None:
        """Make that row of that turn the first visible one, as far as the end allows."""
        while row < 0 and index > 0:
            index -= 1
            row += self.lay(index).rows
        row = max(0, row)
        while index < len(self.entries) - 1 and row >= self.lay(index).rows:
            row -= self.entries[index].rows
            index += 1
        if (index, row) >= self._back_from_end(self.height):
            self.to_end()
            return
        if self.following:
            self._leave_end()
        block, within = self.lay(index).split(row)
        self.top = Place(index, block, within)

    def scroll(self, rows: int) -> None:
        """Go so many rows down, or up when negative."""
        if self.entries:
            index, row = self._first()
            self.go(index, row + rows)

    def hold(self) -> None:
        """Keep the first visible row where it is, whatever changes below it."""
        if self.following and self.entries:
            index, row = self._first()
            block, within = self.lay(index).split(row)
            self._leave_end()
            self.top = Place(index, block, within)

    def rest(self) -> None:
        """Follow the end again when the reader is there anyway."""
        if self.entries and not self.following:
            self.go(*self._flat(self.top))

    def to_end(self) -> None:
        """Go to the end and follow it."""
        self.following = True

    def to_start(self) -> None:
        """Go to the first row."""
        self.go(0, 0)

    def to_row(self, row: int) -> None:
        """Go to a row counted from the start, as the rail does; estimates are near enough for it."""
        if self.entries:
            index, within = self.heights.at(row)
            about = max(1, self.heights[index])
            self.go(index, within * self.lay(index).rows // about)

    def _leave_end(self) -> None:
        self.following = False
        last = len(self.entries) - 1
        self._seen = (last + 1, self.lay(last).rows)

    # What the rail and the marker say

    @property
    def position(self) -> tuple[int, int]:
        """Rows above the first visible one, and all rows."""
        if not self.entries:
            return 0, 0
        if self.following:
            return max(0, self.heights.total - self.height), self.heights.total
        index, row = self._flat(self.top)
        return self.heights.before(index) + row, self.heights.total

    @property
    def new_rows(self) -> int:
        """Rows below the window that were not there when the reader left the end."""
        if self.following:
            return 0
        turns, rows = self._seen
        above, total = self.position
        new = total - self.heights.before(min(turns, len(self.entries)) - 1) - rows
        return max(0, min(new, total - above - self.height))
