"""The pieces a turn is shown in: prose, foldable text, rows of our own words. Each is a run of finished rows."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from rich.style import Style

from tui_chat.core.part import Part, TextPart, ThinkingPart
from tui_chat.core.turn import Role
from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.conversation_view.growing_text import GrowingText
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, text_row

if TYPE_CHECKING:
    from tui_chat.rendering.markdown import CodeBlock, LiveMarkdown

_INDENT = 2
"""Cells by which what is unfolded stands behind its head."""
MOST_S = 0.1
"""Work on a text in one frame while it comes in."""
_NOT_COUNTED = dict.fromkeys(map(ord, " -|:"))


class Block:
    """A run of rows with white space above."""

    part: Part | None = None
    """What of the turn it shows; `None` for words of our own."""

    def __init__(self, lines: Sequence[Line] = (), *, gap: int = 0) -> None:
        self.lines = lines
        self.gap = gap
        """Blank rows above."""

    @property
    def rows(self) -> int:
        """All its rows; an empty block takes none."""
        count = self.count
        return self.gap + count if count else 0

    @property
    def count(self) -> int:
        """Rows without the white space."""
        return len(self.lines)

    def line(self, row: int) -> Line:
        """That row."""
        return self.lines[row - self.gap] if row >= self.gap else BLANK

    def is_copied(self, row: int) -> bool:
        """Whether that row is part of what is said, and so of what is copied."""
        return False

    def grow_to(self, part: Part) -> bool:
        """Take in the same part, longer; False when it is another part and must be laid out anew."""
        return part is self.part

    def finish(self) -> None:
        """Nothing more will come."""

    def advance(self, budget_s: float = inf) -> bool:
        """Lay out what has come, for about so long; whether all of it is in the rows now."""
        return True

    def shows(self, source: str) -> bool:
        """Whether it was made from exactly that text."""
        return True

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        """Fences in it, with lines counted without the white space."""
        return ()

    def offset_of(self, row: int) -> int:
        """Where in its text a row begins, counted by `length_of`."""
        return sum(length_of(self.line(index)) for index in range(self.gap, min(row, self.rows)))

    def row_at(self, offset: int, start: int = 0) -> int:
        """The row in which that place of its text stands, counted from the beginning of row `start`."""
        for row in range(max(self.gap, start), self.rows):
            offset -= length_of(self.line(row))
            if offset < 0:
                return row
        return max(0, self.rows - 1)


def length_of(line: Line) -> int:
    """How much text a row holds: the same sum over a block at any width, as what pads and rules is not counted."""
    return counted(line.copy) + (line.joins is None)


def counted(text: str) -> int:
    """How many of its characters are there at any width."""
    return len(text.translate(_NOT_COUNTED))


class Prose(Block):
    """A text part: Markdown of a reply, or a prompt as it was typed."""

    def __init__(self, part: TextPart, role: Role, layout_options: LayoutOptions) -> None:
        super().__init__()
        self.part: TextPart = part
        self._size = 0
        self._is_finished = False
        self._text: LiveMarkdown | GrowingText = (
            _live(layout_options)
            if role is Role.ASSISTANT
            else GrowingText(layout_options.measure, layout_options.palette.text)
        )
        self.grow(part.text)

    def grow(self, text: str) -> None:
        """Take in more text, to be laid out by `work`."""
        self._size += len(text)
        self._text.append(text)

    def grow_to(self, part: Part) -> bool:
        if part is self.part:
            return True
        if not isinstance(part, TextPart) or len(part.text) < self._size:
            return False
        if len(part.text) > self._size:
            if self._is_finished:
                return False
            self.grow(part.text[self._size :])
        self.part = part
        return True

    def is_copied(self, row: int) -> bool:
        return row >= self.gap

    def finish(self) -> None:
        if not self._is_finished:
            self._is_finished = True
            self._text.finish()

    def advance(self, budget_s: float = inf) -> bool:
        if isinstance(self._text, GrowingText):
            self.lines = self._text.lines
            return True
        done = self._text.advance(budget_s)
        self.lines = self._text.ready
        return done

    def shows(self, source: str) -> bool:
        return self._text.source == source

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        return () if isinstance(self._text, GrowingText) else self._text.code_blocks


def _live(layout_options: LayoutOptions) -> "LiveMarkdown":
    # An app that opens on an empty conversation is there sooner without it.
    from tui_chat.rendering.markdown import LiveMarkdown

    return LiveMarkdown(layout_options.width, layout_options.palette)


class Fold(Block):
    """A head row that is always shown, and text below it that is laid out when it is unfolded."""

    def __init__(self, part: Part, layout_options: LayoutOptions, style: Style) -> None:
        super().__init__()
        self.part: Part = part
        self.is_open = False
        self._layout_options = layout_options
        self._style = style
        self._head = BLANK
        self._head_pieces: Sequence[tuple[str, Style]] = ()
        self._pieces: list[str] = []
        self._size = 0
        self._body: GrowingText | None = None
        self._recorded: object = None

    @property
    def can_open(self) -> bool:
        """Whether there is anything to unfold."""
        return self._size > 0

    @property
    def text(self) -> str:
        """What can be unfolded, as it came."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def count(self) -> int:
        return 1 + (len(self._body.lines) if self.is_open and self._body is not None else 0)

    def line(self, row: int) -> Line:
        if row < self.gap:
            return BLANK
        if row == self.gap or self._body is None:
            return self._head
        return self._body.lines[row - self.gap - 1]

    def is_copied(self, row: int) -> bool:
        return row > self.gap

    def grow(self, text: str) -> None:
        """Take in more of what can be unfolded."""
        self._pieces.append(text)
        self._size += len(text)
        if self._body is not None:
            self._body.append(text)

    def grow_to(self, part: Part) -> bool:
        if isinstance(part, ThinkingPart) and isinstance(self.part, ThinkingPart) and len(part.text) >= self._size:
            if len(part.text) > self._size:
                self.grow(part.text[self._size :])
        elif part != self.part:
            return False
        self.part = part
        return True

    def record_state(self, state: object) -> bool:
        """Whether the head row was last told for another state than this; from now on it is told for this one."""
        news = (state, self._size) != self._recorded
        self._recorded = (state, self._size)
        return news

    def set_head(self, *pieces: tuple[str, Style]) -> None:
        """What the head row says behind its sign."""
        self._head_pieces = pieces
        sign = "·" if not self.can_open else "▾" if self.is_open else "▸"
        self._head = text_row(self._layout_options.width, [(sign + " ", self._layout_options.palette.dim), *pieces])

    def set_open(self, is_open: bool) -> None:
        """Unfold it or fold it."""
        if not self.can_open or is_open is self.is_open:
            return
        self.is_open = is_open
        if is_open and self._body is None:
            self._body = GrowingText(self._layout_options.measure, self._style, indent=_INDENT)
            self._body.append(self.text)
        self.set_head(*self._head_pieces)
