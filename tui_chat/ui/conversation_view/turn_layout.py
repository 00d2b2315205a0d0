"""One turn as rows: laid out when it is visible, dropped later. Its height is an estimate until then."""

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import inf
from sys import maxsize
from types import MappingProxyType
from typing import Never

from tui_chat.core.compaction import summarized_turn
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.sources import source_of
from tui_chat.core.turn import Role, Turn
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view import turn_labels
from tui_chat.ui.conversation_view.blocks import Block, Fold, Prose
from tui_chat.ui.conversation_view.cut_text import LONG_TEXT, CutText, grow_blocks, lay_out_tail
from tui_chat.ui.conversation_view.layout_options import Expanded, LayoutOptions, Note
from tui_chat.ui.conversation_view.section import Section, estimated_rows
from tui_chat.ui.conversation_view.turn_labels import TurnHeader
from tui_chat.ui.conversation_view.turn_state import state

HEAD = 0
"""Index of the header block; the blocks of the parts follow, and the last block shows the state."""
_KEPT_SECTIONS = 8
"""Sections above and below the visible ones that keep their rows."""


_NONE: Mapping[int, Never] = MappingProxyType({})
"""Shared by all turns that are not laid out, so that each of them is one small object."""


class TurnLayout:
    __slots__ = (
        "_blocks",
        "_cuts",
        "_groups",
        "_layout_options",
        "_measured",
        "_parts",
        "_prepared",
        "_prepared_options",
        "_starts",
        "folds",
        "has_details",
        "has_sections",
        "header",
        "is_user",
        "note",
        "turn",
    )

    def __init__(self, turn: Turn, header: TurnHeader) -> None:
        self.turn = turn
        self.is_user = turn.role is Role.USER
        self.header = header
        self.folds: Mapping[int, bool] = _NONE
        """Parts that the user folded (True) or unfolded (False)."""
        self.has_details = False
        """Whether every figure of the turn is shown below it."""
        self.note: Note | None = None
        """What to show instead of the state of a streaming turn."""
        self._blocks: Sequence[Block] = ()
        self._groups: Sequence[list[Block]] = ()
        """The blocks of each part: one, or the sections of a long text."""
        self._parts: Sequence[int] = ()
        """The part of each block after the header."""
        self.has_sections = False
        """Whether some rows may be estimates."""
        self._cuts: Mapping[int, CutText] = _NONE
        """Where long texts are cut, by the number of the part."""
        self._starts: Sequence[int] = (0,)
        self._layout_options: LayoutOptions | None = None
        self._prepared: Mapping[int, Prose] = _NONE
        """Prose that is laid out in advance, by the number of its part."""
        self._prepared_options: LayoutOptions | None = None
        self._measured: tuple[int, Expanded, int] | None = None
        """Width, folding and rows of the last layout."""

    @property
    def is_laid_out(self) -> bool:
        return self._layout_options is not None

    @property
    def rows(self) -> int:
        """Its rows, while it is laid out."""
        return self._starts[-1]

    def is_measured(self, layout_options: LayoutOptions) -> bool:
        return self._measured is not None and self._measured[:2] == (layout_options.width, layout_options.unfolded)

    def height(self, layout_options: LayoutOptions) -> int:
        """Return its number of rows, or an estimate before it is laid out."""
        if self._measured is not None and self.is_measured(layout_options):
            return self._measured[2]
        return estimated_height(self.turn, layout_options.measure)

    def layout(self, layout_options: LayoutOptions) -> None:
        """Lay it out, unless it is laid out with these options."""
        if self._layout_options is not layout_options:
            self._layout_options = layout_options
            self._blocks = self._groups = ()
            if self._prepared_options is not layout_options:
                self._prepared = _NONE
            self.update(self.turn)
            self._prepared = _NONE

    def prepare(self, layout_options: LayoutOptions, budget_s: float) -> bool:
        """Lay out its prose in advance, for about so long. Return whether `layout` is now quick."""
        if self._layout_options is layout_options or self.turn.is_live:
            return True
        if self._prepared_options is not layout_options:
            self._prepared_options = layout_options
            self._prepared = {
                number: Prose.of(part, self.turn.role, layout_options)
                for number, part in enumerate(self.turn.parts)
                if isinstance(part, TextPart) and summarized_turn(self.turn) is None and self._cut(number) is None
            }
        until = time.monotonic() + budget_s
        for prose in self._prepared.values():
            prose.finish()
            if not prose.advance(until - time.monotonic()):
                return False
        return True

    def drop(self) -> None:
        self._keep_cuts()
        self._layout_options = self._prepared_options = None
        self._blocks = self._groups = ()
        self._prepared = _NONE

    def update(self, turn: Turn, *, unfolded: int | None = None) -> None:
        """Show the turn as it is now; unchanged blocks are reused. Block `unfolded` is not folded."""
        layout_options = self._layout_options
        if layout_options is None:
            self.turn = turn
            self._measured = None
            return
        part_unfolded = self._parts[unfolded] if unfolded is not None and unfolded < len(self._parts) else None
        old = self._groups
        self.turn = turn
        # The header of a reply gets its figures at the end.
        is_same = self._blocks and turn.is_live
        blocks: list[Block] = [self._blocks[HEAD] if is_same else turn_labels.head(turn, self.header, layout_options)]
        groups: list[list[Block]] = []
        for number in range(len(turn.parts)):
            group = self._group(number, old[number] if number < len(old) else [], part_unfolded)
            groups.append(group)
            _space(blocks[-1], group[0])
            blocks += group
        self._parts = [-1, *(number for number, group in enumerate(groups) for _ in group), -1]
        self.has_sections = any(isinstance(group[0], Section) for group in groups)
        blocks.append(state(turn, self.note, layout_options, has_details=self.has_details))
        self._blocks, self._groups = blocks, groups
        self.measure()

    def _group(self, number: int, old: list[Block], unfolded: int | None) -> list[Block]:
        """Return the blocks of part `number`: the old ones where they still show it."""
        part = self.turn.parts[number]
        live = self.turn.is_live and number == len(self.turn.parts) - 1
        if not isinstance(part, TextPart) or not self._is_reply_text(part):
            return [self._block(number, old[0] if old else None, live, unfolded)]
        options = self._layout_options
        assert options is not None
        if not old and number in self._prepared:
            old = [self._prepared[number]]
        is_ended = not self.turn.is_live
        if not old or not grow_blocks(old, part, options, is_live=live, is_ended=is_ended):
            cut = self._cut(number, is_live=live)
            old = (
                [Prose.of(part, Role.ASSISTANT, options, is_live=live)] if cut is None else cut.blocks(part, options)
            )
            if not live:
                old[-1].finish()
        lay_out_tail(old, options, 0 if live else inf)
        return old

    def _is_reply_text(self, part: TextPart) -> bool:
        """Return whether a text is the Markdown of a model."""
        return not self.is_user and summarized_turn(self.turn) is None and source_of(part) is None

    def _cut(self, number: int, *, is_live: bool = False) -> CutText | None:
        """Return where a text is cut; `None` if it is one block."""
        part = self.turn.parts[number]
        if not isinstance(part, TextPart) or not self._is_reply_text(part):
            return None
        cut = self._cuts.get(number)
        if cut is None or not cut.follows(part.text, is_live=is_live):
            if len(part.text) < LONG_TEXT:
                return None
            cut = CutText.of(part.text, is_live=is_live)
            self._cuts = {**self._cuts, number: cut}
        return cut if cut.is_cut else None

    def _keep_cuts(self) -> None:
        """Remember where texts were cut as they arrived, so that the next layout has the same blocks."""
        arrived = {number: group for number, group in enumerate(self._groups) if isinstance(group[-1], Prose)}
        cuts = {number: CutText.of_blocks(group) for number, group in arrived.items() if len(group) > 1}
        if cuts:
            self._cuts = {**self._cuts, **cuts}

    def advance(self, budget_s: float) -> bool:
        """Lay out what has arrived of the last part, for about so long. Return whether everything is laid out."""
        first = len(self._blocks) - 2
        assert self._layout_options is not None
        if not self._groups:
            return True
        group = self._groups[-1]
        count = len(group)
        done = lay_out_tail(group, self._layout_options, budget_s)
        if added := len(group) - count:
            self._blocks = [*self._blocks[:first], *group[count - 1 :], self._blocks[-1]]
            self._parts = [*self._parts[:-1], *[self._parts[-2]] * added, -1]
            self.has_sections = True
        self.measure(first)
        return done

    @property
    def growing(self) -> Block:
        """The block that shows the end of the last part."""
        return self._blocks[-2]

    def _block(self, number: int, block: Block | None, live: bool, unfolded: int | None) -> Block:
        """Return the block of part `number`: the old one, grown, or a new one."""
        layout_options = self._layout_options
        assert layout_options is not None
        part = self.turn.parts[number]
        block = block or self._prepared.get(number)
        if block is None or not block.grow_to(part):
            block = self._new_block(number, layout_options, live=live)
        if isinstance(block, Fold):
            if isinstance(part, ThinkingPart):
                turn_labels.thinking_head(block, layout_options, live=live)
            if number != unfolded:
                shown = layout_options.unfolds(part) or (live and isinstance(part, ThinkingPart))
                block.set_open(not self.folds.get(number, not shown))
        elif not live:
            block.finish()
            if isinstance(part, TextPart) and not self.turn.is_live and not block.shows(part.text):
                block = self._new_block(number, layout_options, live=False)
                block.finish()
        block.advance()
        return block

    def _new_block(self, number: int, layout_options: LayoutOptions, *, live: bool) -> Block:
        parts = self.turn.parts
        if (source := source_of(parts[number])) is not None:
            place = sum(source_of(part) is not None for part in parts[: number + 1])
            return turn_labels.source(parts[number], source, place, layout_options)
        if summarized_turn(self.turn) is not None:
            return turn_labels.summary_request(parts[number], layout_options)
        return _new_block(parts[number], self.turn.role, layout_options, live=live)

    def measure(self, first: int = 0) -> None:
        """Count the rows again after block `first` or a later one has grown."""
        rows = (block.rows for block in self._blocks[first:])
        self._starts = [*self._starts[:first], *accumulate(rows, initial=self._starts[first])]
        if self._layout_options is not None:
            self._measured = (self._layout_options.width, self._layout_options.unfolded, self.rows)

    @property
    def blocks(self) -> Sequence[Block]:
        """All blocks, with exact heights; long texts are laid out for that."""
        if self.has_sections and self._blocks:
            self.lay_out_around(0, 0, maxsize)
        return self._blocks

    @property
    def estimated_blocks(self) -> Sequence[Block]:
        """All blocks, of which some may have estimated heights."""
        return self._blocks

    @property
    def block_count(self) -> int:
        return len(self._blocks)

    def block(self, number: int) -> Block:
        block = self._blocks[number]
        if self.has_sections and block.lay_out():
            self.measure()
        return block

    def lay_out_around(self, number: int, above: int, below: int) -> None:
        """Make heights exact until so many rows above a block, and so many from its first row on."""
        if not self.has_sections:
            return
        changed = False
        for block in self._blocks[number:]:
            changed = block.lay_out() or changed
            below -= block.rows
            if below <= 0:
                break
        for block in reversed(self._blocks[:number]):
            if above <= 0:
                break
            changed = block.lay_out() or changed
            above -= block.rows
        if changed:
            self.measure()

    def drop_far(self, first: int, last: int) -> None:
        """Drop the rows of sections that are far from these blocks."""
        if self.has_sections:
            for number, block in enumerate(self._blocks):
                if isinstance(block, Section) and not first - _KEPT_SECTIONS <= number <= last + _KEPT_SECTIONS:
                    block.drop()

    def line(self, row: int) -> Line:
        block, within = self.block_at(row)
        return self.block(block).line(within)

    def block_at(self, row: int) -> tuple[int, int]:
        block = min(bisect_right(self._starts, row) - 1, len(self._blocks) - 1)
        return block, row - self._starts[block]

    def row_of(self, block: int, row: int) -> int:
        block = min(block, len(self._blocks) - 1)
        return self._starts[block] + min(row, max(0, self._blocks[block].rows - 1))

    def forget_folds(self) -> None:
        """Drop what the user folded and unfolded."""
        self.folds = _NONE

    def toggle_details(self) -> None:
        """Show every figure below the turn, or hide them."""
        self.has_details = not self.has_details
        self.update(self.turn)

    def set_open(self, block: int, is_open: bool) -> None:
        """Unfold a block or fold it, and remember that."""
        if not self.is_laid_out:
            return
        self.folds = {**self.folds, self._parts[block]: not is_open}
        fold = self._blocks[block]
        if isinstance(fold, Fold):
            fold.set_open(is_open)
            self.measure()


def estimated_height(turn: Turn, measure: int) -> int:
    """Return about how many rows a turn takes, with lines of at most `measure` cells."""
    rows = 2
    for part in turn.parts:
        rows += estimated_rows(part.text, measure) if isinstance(part, TextPart) else 1
    return rows


def _new_block(part: Part, role: Role, layout_options: LayoutOptions, *, live: bool) -> Block:
    match part:
        case TextPart():
            return Prose.of(part, role, layout_options)
        case ThinkingPart():
            return turn_labels.thinking(part, layout_options, live=live)
        case ToolCallPart():
            return turn_labels.tool_call(part, layout_options)
        case ToolResultPart():
            return turn_labels.tool_result(part, layout_options)
        case RoundPart():
            return turn_labels.round_end(part)
        case AttachmentPart():
            return turn_labels.attachment(part, layout_options)
        case OtherPart():
            return turn_labels.other(part, layout_options)


def _space(above: Block, block: Block) -> None:
    """Set the blank rows between two blocks: none below the header, and none between folded rows."""
    is_text = isinstance(above, (Prose, Section)) or isinstance(block, (Prose, Section))
    block.gap = 1 if above.part is not None and is_text else 0
