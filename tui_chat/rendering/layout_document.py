"""The laid-out blocks: the closed ones, which are final, and the open one. Must not know the source text."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from tui_chat.rendering.block_layout import Layout, LayoutContext
from tui_chat.rendering.block_nodes import FENCED, INDENTED, Container, Leaf
from tui_chat.rendering.gutter import Gutter, gutter_for
from tui_chat.rendering.line import Line


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code among the lines."""

    first_line: int
    end_line: int
    """One past its last line."""
    language: str
    source: str


@dataclass(slots=True)
class _UnresolvedBlock:
    """A closed block with undefined link labels: it is laid out again when one of them is defined."""

    start: int
    end: int
    leaf: Leaf
    gutter: Gutter
    unknown_labels: set[str]


@dataclass(slots=True)
class _OpenBlock:
    """The layout state of the open leaf."""

    layout: Layout
    gutter: Gutter
    unknown_labels: set[str]
    is_new: bool = True
    """None of its lines is in the document yet."""


class Document:
    """Lays out the blocks that the parser closes. A closed block changes only when a link is defined later."""

    def __init__(self, context: LayoutContext) -> None:
        self._context = context
        self.lines: list[Line] = []
        """All closed blocks, and the stable lines of the open block."""
        self.changed = 0
        """The first line that changed since the reader of this last set it."""
        self.code_blocks: list[CodeBlock] = []
        self._base = 0
        """How many lines belong to closed blocks."""
        self._unresolved: list[_UnresolvedBlock] = []
        self._defined: set[str] = set()

    @property
    def unknown_labels(self) -> set[str]:
        """The undefined link labels of all closed blocks."""
        return set().union(*(block.unknown_labels for block in self._unresolved))

    def leaf_closed(self, stack: list[Container], leaf: Leaf) -> None:
        """Lay out a complete leaf."""
        block = self._open_block(stack, leaf)
        self._update_lines(block, block.layout.finish(leaf))
        if leaf.kind in (FENCED, INDENTED):
            begins = self._base + (block.gutter.gap is not None)
            code = CodeBlock(begins, len(self.lines), _language(block.layout), source_of(leaf))
            self.code_blocks = with_code(self.code_blocks, code, leaf)
        if block.unknown_labels:
            self._unresolved.append(
                _UnresolvedBlock(self._base, len(self.lines), leaf, block.gutter, block.unknown_labels)
            )
        leaf.layout = None
        self._base = len(self.lines)

    def container_closed(self, stack: list[Container]) -> None:
        """Show an item without content by its marker alone."""
        if stack[-1].shown or not stack[-1].marker or stack[-1].indent == 0:
            return
        self.lines += empty_item(stack, self._context)
        self._base = len(self.lines)

    def take_definitions(self, text: str) -> str:
        rest, new = self._context.references.take(text)
        self._defined |= new
        return rest

    def grow(self, stack: list[Container], leaf: Leaf, more_waits: bool) -> None:
        """Lay out the stable part of the open leaf."""
        block = self._open_block(stack, leaf)
        self._update_lines(block, block.layout.grow(leaf, more_waits))

    def resolve(self, leaf: Leaf | None) -> None:
        """Lay out again the blocks whose link labels have been defined since."""
        new, self._defined = self._defined, set()
        if not new:
            return
        block = leaf.layout if leaf is not None else None
        if leaf is not None and isinstance(block, _OpenBlock) and block.unknown_labels & new:
            self._context.references.unknown_labels = unknown_labels = set[str]()
            leaf.layout = _OpenBlock(self._context.layout(leaf, block.gutter), block.gutter, unknown_labels)
            self._update_lines(leaf.layout, leaf.layout.layout.grow(leaf))
        changes = [
            (waiting, self._lay_out_again(waiting)) for waiting in self._unresolved if waiting.unknown_labels & new
        ]
        if changes:
            self._splice(changes)
            self._unresolved = [waiting for waiting in self._unresolved if waiting.unknown_labels]

    def _open_block(self, stack: list[Container], leaf: Leaf) -> _OpenBlock:
        """Return the layout state of a leaf, and collect undefined labels there from now on."""
        if not isinstance(leaf.layout, _OpenBlock):
            self._context.references.unknown_labels = unknown_labels = set[str]()
            gutter = gutter_for(stack, leaf, self._context.width, self._context.styles)
            leaf.layout = _OpenBlock(self._context.layout(leaf, gutter), gutter, unknown_labels)
        block: _OpenBlock = leaf.layout
        self._context.references.unknown_labels = block.unknown_labels
        return block

    def _update_lines(self, block: _OpenBlock, changed: int) -> None:
        """Update the lines of the last block, from its line `changed` on."""
        if block.is_new:
            block.is_new, changed = False, 0
        first = self._base + changed
        self.lines[first:] = block.layout.lines[changed:]
        self.changed = min(self.changed, first)

    def _lay_out_again(self, waiting: _UnresolvedBlock) -> list[Line]:
        self._context.references.unknown_labels = waiting.unknown_labels = set()
        layout = self._context.layout(waiting.leaf, waiting.gutter)
        layout.finish(waiting.leaf)
        return layout.lines

    def _splice(self, changes: list[tuple[_UnresolvedBlock, list[Line]]]) -> None:
        """Replace the lines of some blocks and shift the lines after them."""
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
        for block in self._unresolved:
            block.start += shifts[bisect_right(ends, block.start)]
            block.end += shifts[bisect_right(ends, block.end)]
        for number, code in enumerate(self.code_blocks):
            moved = shifts[bisect_right(ends, code.first_line)]
            self.code_blocks[number] = replace(
                code, first_line=code.first_line + moved, end_line=code.end_line + moved
            )


class Preview:
    """Lays out the open blocks after a document, without changing it."""

    def __init__(self, context: LayoutContext) -> None:
        self._context = context
        self.lines: list[Line] = []
        self.code: tuple[int, str, Leaf] | None = None
        """The open code block: its first line, counted from the first line here; language and leaf."""

    def leaf_closed(self, stack: list[Container], leaf: Leaf) -> None:
        """Show a leaf that the incomplete line would close."""
        block = leaf.layout
        if isinstance(block, _OpenBlock):
            self.lines += block.layout.preview(leaf)
            return
        layout = self._context.layout(leaf, gutter_for(stack, leaf, self._context.width, self._context.styles))
        layout.finish(leaf)
        self.lines += layout.lines

    def container_closed(self, stack: list[Container]) -> None:
        """Show an item without content by its marker alone."""
        if not stack[-1].shown and stack[-1].marker and stack[-1].indent:
            self.lines += empty_item(stack, self._context)

    def take_definitions(self, text: str) -> str:
        """Return `text` without the definitions at its start; they count only once their block is closed."""
        return self._context.references.take(text, define=False)[0]

    def show(self, stack: list[Container], leaf: Leaf) -> None:
        """Show the leaf that is open at the end."""
        block = leaf.layout
        if isinstance(block, _OpenBlock):
            layout, gutter, begins = block.layout, block.gutter, -len(block.layout.lines)
        else:
            gutter = gutter_for(stack, leaf, self._context.width, self._context.styles)
            layout, begins = self._context.layout(leaf, gutter), len(self.lines)
            self.lines += layout.lines
        self.lines += layout.preview(leaf)
        if leaf.kind in (FENCED, INDENTED):
            self.code = begins + (gutter.gap is not None), _language(layout), leaf


def with_code(blocks: list[CodeBlock], code: CodeBlock, leaf: Leaf) -> list[CodeBlock]:
    """Return the code blocks of a text with that of a leaf, which may continue the last one."""
    if not leaf.continues or not blocks:
        return [*blocks, code]
    *others, start = blocks
    return [*others, replace(start, end_line=code.end_line, source=f"{start.source}\n{code.source}")]


def empty_item(stack: list[Container], context: LayoutContext) -> list[Line]:
    """Return the lines of an item without content."""
    gutter = gutter_for(stack, None, context.width, context.styles)
    line = Line(gutter.first, gutter.first_cells, "", gutter.first_cells)
    line.source_prefix = gutter.source_prefix
    return [line] if gutter.gap is None else [gutter.gap, line]


def source_of(leaf: Leaf) -> str:
    """Return the code of a block, as it was written."""
    pieces: list[str] = []
    for number, line in enumerate(leaf.lines):
        if number and number not in leaf.joined_lines:
            pieces.append("\n")
        pieces.append(leaf.raw.get(number, line))
    return "".join(pieces)


def _language(layout: Layout) -> str:
    language = getattr(layout, "language", "")
    return language if isinstance(language, str) else ""
