"""The keyboard cursor of the conversation: on a turn, a code block or a link."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.conversation_view.links import Target, targets
from tui_chat.ui.conversation_view.row_painter import Span
from tui_chat.ui.conversation_view.turn_layout import HEAD, TurnLayout
from tui_chat.ui.conversation_view.viewport import Row, Viewport

if TYPE_CHECKING:
    from tui_chat.rendering.markdown import CodeBlock

_FAR = 1 << 60
"""A row below every other."""
_SIGNS_OF_CODE = ("```", "~~~", "    ", "\t")


@dataclass(frozen=True, slots=True)
class Code:
    """A code block; the turn must be laid out."""

    entry: TurnLayout
    block: int
    number: int
    """Index within the code blocks of its block."""

    @property
    def last_block(self) -> int:
        """The block in which it ends: long code continues in the blocks below."""
        blocks, last = self.entry.estimated_blocks, self.block
        if self.number == len(self.entry.block(self.block).code_blocks) - 1:
            while last + 1 < len(blocks) and blocks[last + 1].continues_code:
                last += 1
        return last

    @property
    def source(self) -> str:
        """Its text."""
        below = range(self.block + 1, self.last_block + 1)
        return "\n".join((self._part.source, *(self.entry.block(block).code_blocks[0].source for block in below)))

    @property
    def rows(self) -> tuple[int, int]:
        """First and last row within its turn."""
        last = self.last_block
        end = (self._part if last == self.block else self.entry.block(last).code_blocks[0]).end_line
        return self._row(self.block, self._part.first_line), self._row(last, end - 1)

    @property
    def _part(self) -> "CodeBlock":
        return self.entry.block(self.block).code_blocks[self.number]

    def _row(self, block: int, line: int) -> int:
        return self.entry.row_of(block, self.entry.block(block).gap + line)


class Cursor:
    def __init__(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self.turn: TurnLayout | None = None
        self.code: Code | None = None
        self.target: tuple[Row, Target] | None = None

    def clear(self) -> None:
        self.turn = self.code = self.target = None

    @property
    def is_on(self) -> bool:
        return not (self.turn is None and self.code is None and self.target is None)

    @property
    def turn_or_last_reply(self) -> Turn | None:
        """The turn at the cursor, or the turn of the code block at the cursor, or the last reply."""
        entry = self.entry_or_last_reply
        return None if entry is None else self._viewport.turns.turn_of(entry)

    @property
    def entry_or_last_reply(self) -> TurnLayout | None:
        """The same as it is laid out."""
        if (entry := self.turn or (self.code.entry if self.code else None)) is not None:
            return entry
        entries = reversed(self._viewport.turns.entries)
        return next((entry for entry in entries if entry.turn.role is Role.ASSISTANT), None)

    @property
    def chosen_text(self) -> str:
        """The code block or the turn at the cursor, else the last reply."""
        if self.code is not None:
            return self.code_source
        return "" if (turn := self.turn_or_last_reply) is None else turn.text

    @property
    def text_around_code(self) -> str:
        """The message that holds `code_source`."""
        if self.code is not None:
            return self._viewport.turns.turn_of(self.code.entry).text
        return "" if (turn := self.turn_or_last_reply) is None else turn.text

    @property
    def code_source(self) -> str:
        """The code block at the cursor, or the last one of `turn_or_last_reply`."""
        if self.code is not None:
            index = self._index(self.code.entry)
            return "" if index is None else self._laid_code(index, self.code).source
        turn = self.turn_or_last_reply
        index = None if turn is None else self._viewport.turns.index_of(turn.id)
        code = None if index is None else next(self._codes(index, -1, _FAR), None)
        return "" if code is None else code.source

    def _laid_code(self, index: int, code: Code) -> Code:
        self._viewport.turns.layout(index)
        return code

    # Turns

    def step_turn(self, by: int) -> None:
        """Go to the next or the previous turn; the first step goes to a visible one."""
        viewport = self._viewport
        if not viewport.turns.entries:
            return
        index = self._index(self.turn)
        if index is None:
            first, last = viewport.visible_turns
            index = last if by < 0 else first
        else:
            index = max(0, min(len(viewport.turns.entries) - 1, index + by))
        self.clear()
        self.turn = viewport.turns.layout(index)
        gap = self.turn.block(HEAD).gap
        viewport.reveal(index, gap, self.turn.rows - 1)

    def _index(self, entry: TurnLayout | None) -> int | None:
        return None if entry is None else self._viewport.turns.index_of(entry.turn.id)

    # Code

    def step_code(self, by: int) -> bool:
        """Go to the next or the previous code block. Return whether there is one."""
        viewport = self._viewport
        index, row = self._start(by)
        while 0 <= index < len(viewport.turns.entries):
            if (code := next(self._codes(index, by, row), None)) is not None:
                self.clear()
                self.code = code
                viewport.reveal(index, *code.rows)
                return True
            index += by
            row = -1 if by > 0 else _FAR
        return False

    def _start(self, by: int) -> tuple[int, int]:
        """Return the turn and the row from which to look."""
        index = self._index(self.code.entry) if self.code else None
        if self.code is not None and index is not None:
            self._viewport.turns.layout(index)
            return index, self.code.rows[0]
        first, last = self._viewport.window
        return (first[0], first[1] - 1) if by > 0 else last

    def _codes(self, index: int, by: int, row: int) -> Iterator[Code]:
        """Return the code blocks of a turn behind a row, in the direction of `by`; others are not laid out."""
        entry = self._viewport.turns.entries[index]
        if not _may_hold_code(self._viewport.turns.turn_of(entry)):
            return
        entry = self._viewport.turns.layout(index)
        first = entry.block_at(max(0, row))[0]
        within = row - entry.row_of(first, 0)
        for number in range(first, entry.block_count if by > 0 else -1, by):
            block = entry.block(number)
            codes = [*enumerate(block.code_blocks)][block.continues_code :]
            for which, code in codes[::by]:
                if number != first or (block.gap + code.first_line - within) * by > 0:
                    yield Code(entry, number, which)

    # Links and files

    def step_target(self, rows: list[Row], by: int) -> None:
        """Go to the next or the previous link or file name in these rows."""
        seen = [(row, target) for row in rows for target in targets(row.line)]
        if not seen:
            return
        here = -1 if by > 0 else len(seen)
        if self.target is not None:
            old, target = self.target
            here = next(
                (at for at, (row, t) in enumerate(seen) if row.position == old.position and t == target), here
            )
        self.clear()
        self.target = seen[(here + by) % len(seen)]

    # How rows look

    def is_at(self, row: Row) -> bool:
        """Return whether a row belongs to the turn or code block at the cursor."""
        position = row.position
        entry = self._viewport.turns.entries[position.entry]
        if entry is self.turn:
            return position.block != HEAD or position.row >= entry.block(HEAD).gap
        if self.code is None or entry is not self.code.entry:
            return False
        if not self.code.block <= position.block <= self.code.last_block:
            return False
        first, last = self.code.rows
        return first <= entry.row_of(position.block, position.row) <= last

    def target_in(self, row: Row) -> Span | None:
        """Return the cells of the link at the cursor in this row."""
        if self.target is None or self.target[0].position != row.position:
            return None
        return self.target[1].start, self.target[1].end


def _may_hold_code(turn: Turn) -> bool:
    """Return whether a turn may hold code, without laying it out."""
    return any(sign in part.text for part in turn.parts if isinstance(part, TextPart) for sign in _SIGNS_OF_CODE)
