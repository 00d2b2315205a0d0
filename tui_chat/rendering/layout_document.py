"""The blocks that are laid out: those that are closed for good, and the one that grows. Knows no source text."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from tui_chat.rendering.block_layout import Layout, Page
from tui_chat.rendering.block_nodes import FENCED, INDENTED, Container, Leaf
from tui_chat.rendering.gutter import Gutter, enter
from tui_chat.rendering.line import Line


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code among the lines."""

    first_line: int
    end_line: int
    """The line behind its last."""
    language: str
    source: str


@dataclass(slots=True)
class _Waiting:
    """A closed block in which labels were looked up in vain: it is laid out again when one of them is defined."""

    start: int
    end: int
    leaf: Leaf
    gutter: Gutter
    missed: set[str]


@dataclass(slots=True)
class _Open:
    """What is kept with the leaf that grows."""

    layout: Layout
    gutter: Gutter
    missed: set[str]
    is_new: bool = True
    """None of its lines is in the document yet."""


class Document:
    """Lays out what the parser closes. Nothing that stands in it is worked on again, but for a late definition."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.lines: list[Line] = []
        """All closed blocks, and what is certain of the one that grows."""
        self.changed = 0
        """The first line that is new or not what it was, since whoever reads this set it."""
        self.codes: list[CodeBlock] = []
        self._base = 0
        """Lines of closed blocks."""
        self._waiting: list[_Waiting] = []
        self._defined: set[str] = set()

    def closed(self, stack: list[Container], leaf: Leaf) -> None:
        """This leaf is complete."""
        held = self._hold(stack, leaf)
        self._put(held, held.layout.finish(leaf))
        if leaf.kind in (FENCED, INDENTED):
            begins = self._base + (held.gutter.gap is not None)
            self.codes.append(CodeBlock(begins, len(self.lines), _language(held.layout), source_of(leaf)))
        if held.missed:
            self._waiting.append(_Waiting(self._base, len(self.lines), leaf, held.gutter, held.missed))
        leaf.layout = None
        self._base = len(self.lines)

    def left(self, stack: list[Container]) -> None:
        """An item in which nothing was laid out is shown by its sign alone."""
        if stack[-1].shown or not stack[-1].marker or stack[-1].indent == 0:
            return
        self.lines += empty_item(stack, self._page)
        self._base = len(self.lines)

    def definitions(self, text: str) -> str:
        """Take the link definitions that `text` begins with, and give back the rest."""
        rest, new = self._page.references.take(text)
        self._defined |= new
        return rest

    def grow(self, stack: list[Container], leaf: Leaf, more_waits: bool) -> None:
        """Lay out what is certain of a leaf that is still open."""
        held = self._hold(stack, leaf)
        self._put(held, held.layout.absorb(leaf, more_waits))

    def resolve(self, leaf: Leaf | None) -> None:
        """Lay out again the blocks that waited for a definition which has come."""
        new, self._defined = self._defined, set()
        if not new:
            return
        held = leaf.layout if leaf is not None else None
        if leaf is not None and isinstance(held, _Open) and held.missed & new:
            self._page.references.missed = missed = set[str]()
            leaf.layout = _Open(self._page.layout(leaf, held.gutter), held.gutter, missed)
            self._put(leaf.layout, leaf.layout.layout.absorb(leaf))
        changes = [(waiting, self._again(waiting)) for waiting in self._waiting if waiting.missed & new]
        if changes:
            self._splice(changes)
            self._waiting = [waiting for waiting in self._waiting if waiting.missed]

    def _hold(self, stack: list[Container], leaf: Leaf) -> _Open:
        """What is kept with a leaf, where labels that it looks up in vain are noted from now on."""
        if not isinstance(leaf.layout, _Open):
            self._page.references.missed = missed = set[str]()
            gutter = enter(stack, leaf, self._page.width, self._page.palette)
            leaf.layout = _Open(self._page.layout(leaf, gutter), gutter, missed)
        held: _Open = leaf.layout
        self._page.references.missed = held.missed
        return held

    def _put(self, held: _Open, changed: int) -> None:
        """Bring the lines of the last block up to date, from its line `changed` on."""
        if held.is_new:
            held.is_new, changed = False, 0
        first = self._base + changed
        self.lines[first:] = held.layout.lines[changed:]
        self.changed = min(self.changed, first)

    def _again(self, waiting: _Waiting) -> list[Line]:
        self._page.references.missed = waiting.missed = set()
        layout = self._page.layout(waiting.leaf, waiting.gutter)
        layout.finish(waiting.leaf)
        return layout.lines

    def _splice(self, changes: list[tuple[_Waiting, list[Line]]]) -> None:
        """Put other lines in the places of some blocks, and move what stands behind them."""
        lines: list[Line] = []
        at = shift = 0
        ends: list[int] = []
        shifts = [0]
        for waiting, new in changes:
            lines += self.lines[at : waiting.start]
            lines += new
            at = waiting.end
            shift += len(new) - (waiting.end - waiting.start)
            ends.append(waiting.end)
            shifts.append(shift)
        self.changed = min(self.changed, changes[0][0].start)
        self.lines = lines + self.lines[at:]
        self._base += shift
        for block in self._waiting:
            block.start += shifts[bisect_right(ends, block.start)]
            block.end += shifts[bisect_right(ends, block.end)]
        for number, code in enumerate(self.codes):
            moved = shifts[bisect_right(ends, code.first_line)]
            self.codes[number] = replace(code, first_line=code.first_line + moved, end_line=code.end_line + moved)


class Preview:
    """Lays out what is still open, behind a document and without changing it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.lines: list[Line] = []
        self.code: tuple[int, str, Leaf] | None = None
        """The block of code that is open: where it begins, counted from the first line here; language and leaf."""

    def closed(self, stack: list[Container], leaf: Leaf) -> None:
        """A leaf that the line which is still coming in would close."""
        held = leaf.layout
        if isinstance(held, _Open):
            self.lines += held.layout.rest(leaf)
            return
        layout = self._page.layout(leaf, enter(stack, leaf, self._page.width, self._page.palette))
        layout.finish(leaf)
        self.lines += layout.lines

    def left(self, stack: list[Container]) -> None:
        """As in the document."""
        if not stack[-1].shown and stack[-1].marker and stack[-1].indent:
            self.lines += empty_item(stack, self._page)

    def definitions(self, text: str) -> str:
        """Definitions are not shown; they hold only when they are certain."""
        return self._page.references.take(text, define=False)[0]

    def show(self, stack: list[Container], leaf: Leaf) -> None:
        """The leaf that is open at the end."""
        held = leaf.layout
        if isinstance(held, _Open):
            layout, gutter, begins = held.layout, held.gutter, -len(held.layout.lines)
        else:
            gutter = enter(stack, leaf, self._page.width, self._page.palette)
            layout, begins = self._page.layout(leaf, gutter), len(self.lines)
            self.lines += layout.lines
        self.lines += layout.rest(leaf)
        if leaf.kind in (FENCED, INDENTED):
            self.code = begins + (gutter.gap is not None), _language(layout), leaf


def empty_item(stack: list[Container], page: Page) -> list[Line]:
    """The line of an item that holds nothing."""
    gutter = enter(stack, None, page.width, page.palette)
    line = Line.of(gutter.first, gutter.first_cells, "", gutter.first_cells)
    line.lead = gutter.lead
    return [line] if gutter.gap is None else [gutter.gap, line]


def source_of(leaf: Leaf) -> str:
    """The code of a block, as it was written."""
    pieces: list[str] = []
    for number, line in enumerate(leaf.lines):
        if number and number not in leaf.glued:
            pieces.append("\n")
        pieces.append(leaf.raw.get(number, line))
    return "".join(pieces)


def _language(layout: Layout) -> str:
    language = getattr(layout, "language", "")
    return language if isinstance(language, str) else ""
