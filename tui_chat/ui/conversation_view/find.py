"""Find in the conversation: matches are counted in the messages, highlighted in visible rows, and unfolded."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import Turn
from tui_chat.rendering.cell_width import width
from tui_chat.ui.conversation_view.blocks import Block, Fold
from tui_chat.ui.conversation_view.row_painter import Span
from tui_chat.ui.conversation_view.section import Section
from tui_chat.ui.conversation_view.selection import paragraph
from tui_chat.ui.conversation_view.viewport import Row, RowPosition, Viewport

_MARKUP = re.compile(r"[*_`~\\]")
"""May be in the source between letters that are next to each other on the screen."""


class Match(NamedTuple):
    """Where a match starts."""

    block: int
    row: int
    column: int


class Finder:
    """The queries, the number of matches in each turn, and the current match.

    Of a long reply, only the section of the current match is laid out.
    """

    def __init__(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self._pattern: re.Pattern[str] | None = None
        self._queries: tuple[str, ...] = ()
        self._counts: list[int] = []
        self._origin: RowPosition | None = None
        """Where the reader was before the search."""
        self._entry = 0
        self._block_counts: list[int] = []
        """Matches in each block of the current turn."""
        self._section_counts: dict[Block, int] = {}
        """About how many matches a section has, by its source."""
        self._block = 0
        self._ordinal = -1
        """Index of the current match within its block."""
        self._matches: list[Match] = []
        """All matches of the current block."""

    @property
    def is_on(self) -> bool:
        return self._pattern is not None

    @property
    def total(self) -> int:
        """Matches in the whole branch."""
        return sum(self._counts)

    @property
    def current(self) -> int:
        """The number of the current match, counted from 1; 0 when there is none."""
        if self._ordinal < 0:
            return 0
        return sum(self._counts[: self._entry]) + sum(self._block_counts[: self._block]) + self._ordinal + 1

    def start(self, queries: Sequence[str], first: RowPosition) -> None:
        """Find each of these; empty queries end the search. `first` is where the reader is."""
        self.forget()
        wanted = sorted({query.lower() for query in queries if query}, key=len, reverse=True)
        if not wanted:
            self._pattern = self._origin = None
            self._counts = []
            return
        self._origin = self._origin or first
        self._queries = tuple(wanted)
        self._pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
        self._counts = [_count(turn, self._queries) for turn in self._viewport.turns.entries.turns()]
        self._entry = self._origin.entry

    def step(self, by: int) -> tuple[int, int] | None:
        """Go to the next or the previous match. Return its turn and row, or `None` when there is none."""
        self._viewport.grow()
        self._recount()
        if self._viewport.turns.streaming is not None:
            self.rows_changed()
        if self._pattern is None or not any(self._counts):
            return None
        if self._ordinal < 0 and self._origin is not None:
            self._enter(min(self._origin.entry, len(self._counts) - 1))
            self._enter_block(min(self._origin.block, len(self._block_counts) - 1))
            here = self._origin[1:]
            passed = [match for match in self._matches if match[:2] < here or (by < 0 and match[:2] == here)]
            self._ordinal = len(passed) - (by > 0)
        self._ordinal += by
        while not 0 <= self._ordinal < len(self._matches):
            if not any(self._counts):
                self.forget()
                return None
            self._enter_next_block(by)
            self._ordinal = 0 if by > 0 else len(self._matches) - 1
        match = self._matches[self._ordinal]
        return self._entry, self._viewport.turns.entries[self._entry].row_of(match.block, match.row)

    def rows_changed(self) -> None:
        """Find the matches of the current turn again after another layout."""
        if 0 <= self._ordinal < len(self._matches):
            at, block = self._ordinal, self._block
            self._enter(self._entry)
            self._enter_block(min(block, len(self._block_counts) - 1))
            self._ordinal = min(at, len(self._matches) - 1)

    def forget(self) -> None:
        """Drop the current match after turns were removed; the next step starts from the reader."""
        self._ordinal = -1
        self._matches, self._block_counts = [], []
        self._section_counts.clear()

    def _recount(self) -> None:
        """Count again in turns that were added or have grown."""
        entries = self._viewport.turns.entries
        del self._counts[len(entries) :]
        self._counts += [0] * (len(entries) - len(self._counts))
        streaming = self._viewport.turns.streaming
        is_counted = self._ordinal >= 0 and self._entry == len(entries) - 1
        if self._pattern is not None and entries and streaming is not None and not is_counted:
            self._counts[-1] = _count(streaming.turn, self._queries)
        self._entry = min(self._entry, max(0, len(entries) - 1))

    def _next_entry(self, by: int) -> int:
        index = self._entry
        while True:
            index = (index + by) % len(self._counts)
            if self._counts[index] or index == self._entry:
                return index

    def _enter(self, index: int) -> None:
        """Go to a turn: lay it out, and unfold blocks with a match."""
        viewport = self._viewport
        entry = viewport.turns.layout(index)
        for number, block in enumerate(entry.estimated_blocks):
            if isinstance(block, Fold) and not block.is_open and _times(block.text, self._queries):
                entry.set_open(number, True)
                viewport.turns.update_height(index)
        self._entry = index
        self._block_counts = [self._count_in(number, block) for number, block in enumerate(entry.estimated_blocks)]
        self._counts[index] = sum(self._block_counts)

    def _count_in(self, number: int, block: Block) -> int:
        """Return how many matches a block has; of a section as far as is known without laying it out."""
        if not isinstance(block, Section):
            return len(self._matches_of(number, block))
        count = self._section_counts.get(block)
        if count is None:
            shown = _MARKUP.sub("", block.source)
            count = max(_times(block.source, self._queries), _times(shown, self._queries))
            self._section_counts[block] = count
        return count

    def _enter_block(self, number: int) -> None:
        """Go to a block of the current turn, and find all matches in its rows."""
        block = self._viewport.turns.entries[self._entry].block(number)
        self._block = number
        self._matches = self._matches_of(number, block)
        self._block_counts[number] = len(self._matches)
        if isinstance(block, Section):
            self._section_counts[block] = len(self._matches)
        self._counts[self._entry] = sum(self._block_counts)

    def _enter_next_block(self, by: int) -> None:
        """Go to the next block that may have a match, or the previous one, in any turn."""
        counts = self._block_counts
        numbers = range(self._block + by, len(counts) if by > 0 else -1, by)
        number = next((number for number in numbers if counts[number]), None)
        if number is None:
            self._enter(self._next_entry(by))
            counts = self._block_counts
            number = next((number for number in range(len(counts))[::by] if counts[number]), 0)
        self._enter_block(number)

    def _matches_of(self, number: int, block: Block) -> list[Match]:
        matches = []
        row = block.gap
        while row < block.rows:
            last = paragraph(block, row)[1]
            for pieces in self._found(block, row, last):
                matches.append(Match(number, pieces[0][0], pieces[0][1]))
            row = last + 1
        return matches

    def _found(self, block: Block, first: int, last: int) -> list[list[tuple[int, int, int]]]:
        """Return the matches in rows of one wrapped line, each as pieces of row, first and end column."""
        assert self._pattern is not None
        text, starts = "", []
        for row in range(first, last + 1):
            starts.append(len(text))
            line = block.line(row)
            text += _searched_text(block, row) + (line.separator or "")
        found = []
        for found_at in self._pattern.finditer(text):
            pieces = []
            for row, start in enumerate(starts, first):
                left = max(0, found_at.start() - start)
                right = min(len(_searched_text(block, row)), found_at.end() - start)
                if left < right:
                    pieces.append((row, left, right))
            if pieces:
                found.append(pieces)
        return found

    def spans(self, row: Row) -> tuple[tuple[Span, ...], Span | None]:
        """Return the cells of the matches in a visible row, and those of the current match."""
        position = row.position
        block = self._viewport.turns.entries[position.entry].block(position.block)
        spans, current = [], None
        match = self._matches[self._ordinal] if 0 <= self._ordinal < len(self._matches) else None
        for pieces in self._found(block, *paragraph(block, position.row)):
            is_current = match == (position.block, *pieces[0][:2]) and position.entry == self._entry
            for at, left, right in pieces:
                if at == position.row:
                    text, start = _searched_text(block, at), row.line.copy_at if block.is_copied(at) else 0
                    span = start + width(text[:left]), start + width(text[:right])
                    spans.append(span)
                    current = span if is_current else current
        return tuple(spans), current


def _searched_text(block: Block, row: int) -> str:
    """Return the text of a row that is searched: messages and names of tools and files, but not our own text."""
    line = block.line(row)
    if block.is_copied(row):
        return line.copy
    return line.text if isinstance(block.part, (ToolCallPart, AttachmentPart)) else ""


def _count(turn: Turn, queries: Sequence[str]) -> int:
    """Return how many matches a turn has, as far as is known without laying it out."""
    count = 0
    for part in turn.parts:
        match part:
            case TextPart(text=text) | ThinkingPart(text=text) | ToolResultPart(text=text):
                count += _times(text, queries)
            case ToolCallPart(name=name, input_json=given):
                count += _times(name, queries) + _times(given, queries)
            case AttachmentPart(name=name):
                count += _times(name, queries)
            case OtherPart() | RoundPart():
                pass
    return count


def _times(text: str, queries: Sequence[str]) -> int:
    lowered = text.lower()
    return sum(map(lowered.count, queries))
