"""Chooses the layout of a block: prose here, code and tables in their own modules. Must not know the parser."""

from dataclasses import dataclass
from typing import Protocol

from rich.segment import Segment

from tui_chat.rendering.block_nodes import BREAK, DISPLAY, FENCED, HEAD, HTML, INDENTED, TABLE, Leaf
from tui_chat.rendering.cell_width import TAB
from tui_chat.rendering.close_unfinished import close_unfinished
from tui_chat.rendering.code import CodeLayout
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.inline import Inline, parse_inline
from tui_chat.rendering.line import Line
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import TextStyles
from tui_chat.rendering.tables import TableLayout
from tui_chat.rendering.wrap import wrap_parts


class Layout(Protocol):
    """The rows of one block, while it grows and when it is closed."""

    lines: list[Line]
    """The rows that stay unless `grow` or `finish` changes them."""

    def grow(self, leaf: Leaf, more_waits: bool = False) -> int:
        """Lay out what is certain and return the index of the first line that changed.

        Where `more_waits` to be read, rows that would soon be laid out again may be left out.
        """

    def preview(self, leaf: Leaf) -> list[Line]:
        """Return the rows that follow `lines` if the text ends here; changes nothing."""

    def finish(self, leaf: Leaf) -> int:
        """Lay out all of a closed block and return the index of the first line that changed."""


@dataclass(frozen=True, slots=True)
class LayoutContext:
    """What every layout needs: width, styles, link definitions."""

    width: int
    styles: TextStyles
    references: References

    def layout(self, leaf: Leaf, gutter: Gutter) -> Layout:
        """Return a new layout for a block of this kind."""
        if leaf.kind in (FENCED, INDENTED):
            return CodeLayout(leaf, gutter, self.width, self.styles)
        if leaf.kind == TABLE:
            return TableLayout(leaf, gutter, self.width, self.styles, self.references)
        if leaf.kind in (HTML, DISPLAY):
            return _Verbatim(gutter, self)
        return _Prose(gutter, self)

    @property
    def measure(self) -> int:
        """The cells that a line of prose may take."""
        return self.styles.prose(self.width)


class _Prose:
    """A paragraph, a heading or a rule: laid out as a whole."""

    def __init__(self, gutter: Gutter, context: LayoutContext) -> None:
        self._gutter = gutter
        self._context = context
        self.lines: list[Line] = []

    def grow(self, leaf: Leaf, more_waits: bool = False) -> int:
        return len(self.lines)

    def preview(self, leaf: Leaf) -> list[Line]:
        return self._rows(leaf, close_unfinished("\n".join(leaf.lines)))

    def finish(self, leaf: Leaf) -> int:
        self.lines = self._rows(leaf, "\n".join(leaf.lines))
        return 0

    def _rows(self, leaf: Leaf, text: str) -> list[Line]:
        gutter, styles = self._gutter, self._context.styles
        lines = [gutter.gap] if gutter.gap is not None else []
        if leaf.kind == BREAK:
            return [*lines, self._rule()]
        base = styles.quote if gutter.quoted else styles.text
        if leaf.kind == HEAD:
            base = styles.heading[leaf.level - 1]
        parts = parse_inline(text.rstrip(" "), self._context.references)
        return lines + wrap_parts(parts, gutter, self._context.measure, styles, base)

    def _rule(self) -> Line:
        gutter = self._gutter
        text = "─" * max(1, self._context.measure - gutter.first_cells)
        segments = (*gutter.first, Segment(text, self._context.styles.rule))
        line = Line(segments, gutter.first_cells + len(text), "---", gutter.first_cells)
        line.source_prefix = gutter.source_prefix
        return line


class _Verbatim:
    """HTML or displayed mathematics: lines as they were written, wrapped."""

    def __init__(self, gutter: Gutter, context: LayoutContext) -> None:
        self._gutter = gutter
        self._context = context
        self._done = 0
        self.lines: list[Line] = [] if gutter.gap is None else [gutter.gap]

    def grow(self, leaf: Leaf, more_waits: bool = False) -> int:
        changed = len(self.lines)
        for number in range(self._done, len(leaf.lines)):
            if number in leaf.joined_lines:
                self.lines[-1].separator = ""
            self.lines += self._rows(leaf, number)
        self._done = len(leaf.lines)
        return changed

    def preview(self, leaf: Leaf) -> list[Line]:
        return [line for number in range(self._done, len(leaf.lines)) for line in self._rows(leaf, number)]

    def finish(self, leaf: Leaf) -> int:
        return self.grow(leaf)

    def _rows(self, leaf: Leaf, number: int) -> list[Line]:
        styles = self._context.styles
        text = leaf.lines[number].expandtabs(TAB)
        gutter = self._gutter if number == 0 else self._gutter.following()
        part = Inline(text, [(len(text), 0, "")])
        return wrap_parts(
            [part], gutter, self._context.measure, styles, styles.html if leaf.kind == HTML else styles.maths
        )
