"""The blocks of a turn: prose, foldable text, and rows of our own text. Each holds finished rows."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.style import Style

from tui_chat.core.part import AttachmentPart, Part, TextPart, ThinkingPart
from tui_chat.core.turn import Role
from tui_chat.rendering.diff import DiffColours
from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.conversation_view.growing_text import GrowingText
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, text_row
from tui_chat.ui.conversation_view.links import ATTACHMENT

if TYPE_CHECKING:
    from tui_chat.rendering.block_nodes import Leaf
    from tui_chat.rendering.markdown import CodeBlock, LiveMarkdown
    from tui_chat.rendering.references import References

_INDENT = 2
"""Cells by which unfolded text is indented."""
_SIGN_OF_FOLD = "▸ "
MOST_S = 0.006
"""Longest layout of a streaming text in one frame."""
SECTION_SIZE = 4_000
"""Characters of a reply after which it is laid out in a block of its own, where Markdown allows it."""
_NOT_COUNTED = dict.fromkeys(map(ord, " -|:"))


class Block:
    """A run of rows with blank rows above."""

    part: Part | None = None
    """The part of the turn that it shows; `None` for our own text."""

    def __init__(self, lines: Sequence[Line] = (), *, gap: int = 0) -> None:
        self.lines = lines
        self.gap = gap
        """Blank rows above."""
        self.bar = ""
        """The bar at the left of its first `bar_rows` rows: `error`, `warning` or empty."""
        self.bar_rows = 0

    def bar_at(self, row: int) -> str:
        return self.bar if self.gap <= row < self.gap + self.bar_rows else ""

    @property
    def rows(self) -> int:
        """All rows with the blank ones; an empty block has none."""
        count = self.count
        return self.gap + count if count else 0

    @property
    def count(self) -> int:
        """Rows without the blank ones."""
        return len(self.lines)

    def line(self, row: int) -> Line:
        return self.lines[row - self.gap] if row >= self.gap else BLANK

    def lines_of(self, start: int, end: int) -> Sequence[Line]:
        """Return its rows from `start` up to `end`."""
        return [self.line(row) for row in range(start, end)]

    def is_copied(self, row: int) -> bool:
        """Return whether a row is part of the message, and so of what is copied."""
        return False

    def grow_to(self, part: Part) -> bool:
        """Take in the same part, longer. Return False for another part, which needs a new block."""
        return part is self.part

    def finish(self) -> None:
        """Note that the text is complete."""

    def advance(self, budget_s: float = inf) -> bool:
        """Lay out what has arrived, for about so long. Return whether everything is laid out."""
        return True

    def shows(self, source: str) -> bool:
        """Return whether it was made from exactly this text."""
        return True

    def lay_out(self) -> bool:
        """Make an estimated number of rows exact. Return whether it was an estimate."""
        return False

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        """Its code blocks, whose lines are counted without the blank rows."""
        return ()

    @property
    def continues_code(self) -> bool:
        """Whether it starts within code whose start is in the block above."""
        return False

    def offset_of(self, row: int) -> int:
        """Return the offset in its text at which a row starts, counted by `length_of`."""
        return sum(length_of(self.line(index)) for index in range(self.gap, min(row, self.rows)))

    def row_at(self, offset: int, start: int = 0) -> int:
        """Return the row of an offset in its text that is counted from the start of row `start`."""
        for row in range(max(self.gap, start), self.rows):
            offset -= length_of(self.line(row))
            if offset < 0:
                return row
        return max(0, self.rows - 1)


def length_of(line: Line) -> int:
    """Return how much text a row holds; padding and rules do not count, so a block's sum is the same at any width."""
    return counted(line.copy) + (line.separator is None)


def counted(text: str) -> int:
    """Return how many characters of the text are there at any width."""
    return len(text.translate(_NOT_COUNTED))


def cut_rows(lines: Sequence[Line], gap: int, start: int, end: int) -> Sequence[Line]:
    """Return the rows from `start` up to `end` of a block with so many blank rows above its lines."""
    if start >= gap:
        return lines[start - gap : end - gap]
    return [*[BLANK] * (min(end, gap) - start), *lines[: max(0, end - gap)]]


class Prose(Block):
    """A text part: Markdown of a reply, or a prompt as it was typed."""

    def __init__(self, part: TextPart, text: "LiveMarkdown | GrowingText", start: int, end: int) -> None:
        """`start` and `end` are the offsets of `text` in the part's text: sections may be before it."""
        super().__init__()
        self.part: TextPart = part
        self.text = text
        self.start = start
        self._end = end
        self._is_finished = False

    @classmethod
    def of(cls, part: TextPart, role: Role, layout_options: LayoutOptions, *, is_live: bool = False) -> Self:
        """Return a block of all the text; a live reply is split where the next section starts."""
        text = (
            live_markdown(layout_options, section_size=SECTION_SIZE if is_live else 0)
            if role is Role.ASSISTANT
            else GrowingText(layout_options.measure, layout_options.styles.text)
        )
        text.append(part.text)
        return cls(part, text, 0, len(part.text))

    def grow(self, text: str) -> None:
        """Take in more text, which `advance` lays out."""
        self._end += len(text)
        self.text.append(text)

    def grow_to(self, part: Part) -> bool:
        if part is self.part:
            return True
        if not isinstance(part, TextPart) or len(part.text) < self._end:
            return False
        if len(part.text) > self._end:
            if self._is_finished:
                return False
            self.grow(part.text[self._end :])
        self.part = part
        return True

    def lines_of(self, start: int, end: int) -> Sequence[Line]:
        return cut_rows(self.lines, self.gap, start, end)

    def is_copied(self, row: int) -> bool:
        return row >= self.gap

    def finish(self) -> None:
        if not self._is_finished:
            self._is_finished = True
            self.text.finish()

    def advance(self, budget_s: float = inf) -> bool:
        if isinstance(self.text, GrowingText):
            self.lines = self.text.lines
            return True
        done = self.text.advance(budget_s)
        self.lines = self.text.ready
        return done

    def split(self) -> "Prose | None":
        """End it where the next section starts, if `advance` has come there, and return the rest."""
        if isinstance(self.text, GrowingText) or (rest := self.text.split()) is None:
            return None
        self.lines = self.text.ready
        prose = Prose(self.part, rest, self.start + len(self.text.source), self._end)
        if self._is_finished:
            prose.finish()
        self._is_finished = True
        return prose

    def shows(self, source: str) -> bool:
        return self.text.source == source

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        return () if isinstance(self.text, GrowingText) else self.text.code_blocks

    @property
    def continues_code(self) -> bool:
        return not isinstance(self.text, GrowingText) and self.text.code is not None


def live_markdown(
    layout_options: LayoutOptions,
    references: "References | None" = None,
    *,
    continues: bool = False,
    code: "Leaf | None" = None,
    section_size: int = 0,
) -> "LiveMarkdown":
    """Return an empty text for these options; `code` is the code within which it starts."""
    # Imported late: an app that opens on an empty conversation starts sooner.
    from tui_chat.rendering.markdown import LiveMarkdown

    options = layout_options
    return LiveMarkdown(
        options.width, options.styles, references, continues=continues, code=code, section_size=section_size
    )


class Fold(Block):
    """A head row that is always visible, and text below it that is laid out when it is unfolded."""

    def __init__(self, part: Part, layout_options: LayoutOptions, style: Style) -> None:
        super().__init__()
        self.part: Part = part
        self.is_open = False
        self.colour_diff = False
        """Whether its text is a diff, whose lines have their colours."""
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
        return self._size > 0

    @property
    def text(self) -> str:
        """The text that can be unfolded."""
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
        """Record the state that the head row shows. Return whether it differs from the last one."""
        news = (state, self._size) != self._recorded
        self._recorded = (state, self._size)
        return news

    def set_head(self, *pieces: tuple[str, Style]) -> None:
        self._head_pieces = pieces
        sign = "·" if not self.can_open else "▾" if self.is_open else "▸"
        self._head = text_row(self._layout_options.width, [(sign + " ", self._layout_options.styles.dim), *pieces])

    def set_open(self, is_open: bool) -> None:
        if not self.can_open or is_open is self.is_open:
            return
        self.is_open = is_open
        if is_open and self._body is None:
            style_of = DiffColours(self._layout_options.styles, self._style).of if self.colour_diff else None
            self._body = GrowingText(self._layout_options.measure, self._style, indent=_INDENT, style_of=style_of)
            self._body.append(self.text)
        self.set_head(*self._head_pieces)


class FileFold(Fold):
    """A text file: the name that opens it, and its text, which is loaded when it is first unfolded."""

    def __init__(self, part: AttachmentPart, layout_options: LayoutOptions) -> None:
        super().__init__(part, layout_options, layout_options.styles.dim)
        self.file = part
        self.opens = ""
        """The hash of the file that its name opens."""

    @property
    def can_open(self) -> bool:
        return True

    def set_head(self, *pieces: tuple[str, Style]) -> None:
        super().set_head(*pieces)
        if self.opens:
            start = cell_len(_SIGN_OF_FOLD)
            end = min(start + cell_len(pieces[0][0]), self._head.cells)
            self._head.links = ((start, end, ATTACHMENT + self.opens),)

    def set_open(self, is_open: bool) -> None:
        if is_open and (text := self._layout_options.file_text(self.file)):
            self.load(text)
        super().set_open(is_open)

    def load(self, text: str) -> None:
        """Take in the text, once."""
        if not self._size:
            self.grow(text)
