"""LRU cache of laid-out turns of the branch that is shown. Must not know what is visible."""

from collections import OrderedDict
from dataclasses import replace

from tui_chat.core.turn import Turn
from tui_chat.ui.conversation_view.branch_entries import BranchEntries
from tui_chat.ui.conversation_view.height_index import HeightIndex
from tui_chat.ui.conversation_view.layout_options import LayoutOptions
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.conversation_view.turn_layout import TurnLayout, estimated_height

_LONG_ROWS = 1500
"""A turn with more rows keeps its old rows until it is laid out again in the background."""
_MOST_CACHED_ROWS = 4000
"""Rows that are kept; those of other turns are dropped and laid out again when scrolled to."""


class LayoutCache:
    """Every turn with its height, which is an estimate until it is laid out once."""

    def __init__(self, layout_options: LayoutOptions) -> None:
        self.layout_options = layout_options
        self.entries = BranchEntries()
        self.heights = HeightIndex()
        self.streaming: StreamingTurn | None = None
        """The last turn while it streams."""
        self._cached: OrderedDict[TurnLayout, int] = OrderedDict()
        """The laid-out turns with their rows, as counted in `_cached_rows`."""
        self._cached_rows = 0
        self.stale: dict[TurnLayout, None] = {}
        """Long turns that are shown in the old layout until they are laid out again."""

    def fill(self, entries: BranchEntries) -> None:
        self.streaming = None
        self.entries = entries
        needed = {entry for _, entry in entries.made()}
        for entry in [entry for entry in self._cached if entry not in needed]:
            self._evict(entry)
        self.heights = HeightIndex(self._heights())

    def append(self, entry: TurnLayout) -> None:
        self.entries.append(entry)
        self.heights.append(entry.height(self.layout_options))

    def remove_from(self, length: int) -> None:
        """Remove every turn from this index on."""
        for index, entry in self.entries.made():
            if index >= length and entry in self._cached:
                self._evict(entry)
        self.entries.truncate(length)
        self.heights.truncate(length)

    def layout(self, index: int) -> TurnLayout:
        entry = self.entries[index]
        if not entry.is_laid_out:
            entry.layout(self.layout_options)
            self._cached[entry] = 0
        else:
            self._cached.move_to_end(entry)
        if self.heights[index] != entry.rows or not self._cached[entry]:
            self.update_height(index)
        return entry

    def measure(self, index: int, budget_s: float) -> bool:
        """Make a turn's height exact, and keep its rows if there is room. Return False if the time was too short."""
        if not self.entries[index].prepare(self.layout_options, budget_s):
            return False
        entry = self.layout(index)
        if self._cached_rows > _MOST_CACHED_ROWS // 2:
            self._evict(entry)
        return True

    def update_height(self, index: int) -> None:
        """Take over the height of a laid-out turn whose rows changed."""
        entry = self.entries[index]
        self._cached_rows += entry.rows - self._cached[entry]
        self._cached[entry] = entry.rows
        self.heights.set(index, entry.rows)

    def evict_old(self, first: int, end: int) -> None:
        """Drop the rows of the least recently visible turns, except those from `first` to `end`."""
        if self._cached_rows <= _MOST_CACHED_ROWS:
            return
        needed = set(self.entries[first:end])
        if self.streaming is not None:
            needed.add(self.streaming.entry)
        for entry in [entry for entry in self._cached if entry not in needed]:
            self._evict(entry)
            if self._cached_rows <= _MOST_CACHED_ROWS:
                break

    def _evict(self, entry: TurnLayout) -> None:
        self._cached_rows -= self._cached.pop(entry)
        self.stale.pop(entry, None)
        entry.drop()

    def restyle(self, layout_options: LayoutOptions) -> None:
        """Lay everything out again when it is next visible."""
        if self.streaming is not None:
            self.streaming.catch_up()
        same_rows = (
            replace(layout_options, styles=self.layout_options.styles) == self.layout_options
            and layout_options.measure == self.layout_options.measure
        )
        self.layout_options = layout_options
        for entry in [*self._cached]:
            if entry.rows > _LONG_ROWS and not entry.turn.is_live and not entry.has_sections:
                self.stale[entry] = None
            else:
                self._evict(entry)
        if not same_rows:
            self.heights = HeightIndex(self._heights())

    def _heights(self) -> list[int]:
        entries, layout_options = self.entries, self.layout_options
        made = {
            index: entry.rows if entry in self.stale else entry.height(layout_options)
            for index, entry in entries.made()
        }
        measure = layout_options.measure
        return [
            made[index] if index in made else estimated_height(turn, measure)
            for index, turn in enumerate(entries.turns())
        ]

    def index_of(self, turn_id: str) -> int | None:
        return next((at for at in reversed(range(len(self.entries))) if self.entries.turn(at).id == turn_id), None)

    def turn_of(self, entry: TurnLayout) -> Turn:
        """Return the turn of an entry, with all deltas that have arrived."""
        if self.streaming is not None and entry is self.streaming.entry:
            return self.streaming.turn
        return entry.turn
