"""Which rows a block makes: prose here, code and tables by their own modules. Knows no parser."""

from dataclasses import dataclass
from typing import Protocol

from rich.segment import Segment

from tui_chat.rendering.block_nodes import BREAK, DISPLAY, FENCED, HEAD, HTML, INDENTED, TABLE, Leaf
from tui_chat.rendering.cell_width import TAB
from tui_chat.rendering.close_unfinished import mend
from tui_chat.rendering.code import CodeLayout
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.inline import Inline, parse
from tui_chat.rendering.line import Line
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import Palette
from tui_chat.rendering.tables import TableLayout
from tui_chat.rendering.wrap import flow


class Layout(Protocol):
    """The rows of one block, while it grows and when it is closed."""

    lines: list[Line]
    """The rows that stay unless `absorb` or `finish` says otherwise."""

    def absorb(self, leaf: Leaf, more_waits: bool = False) -> int:
        """Lay out what is certain; the first of `lines` that is new or not what it was.

        Where more waits to be read, what would soon be laid out again may be left out.
        """

    def rest(self, leaf: Leaf) -> list[Line]:
        """The rows behind `lines` as they would be now; changes nothing."""

    def finish(self, leaf: Leaf) -> int:
        """Lay out all of a block that is closed; the first of `lines` that is new or not what it was."""


@dataclass(frozen=True, slots=True)
class Page:
    """What blocks are laid out on."""

    width: int
    palette: Palette
    references: References

    def layout(self, leaf: Leaf, gutter: Gutter) -> Layout:
        """The layout of a block of this kind."""
        if leaf.kind in (FENCED, INDENTED):
            return CodeLayout(leaf, gutter, self.width, self.palette)
        if leaf.kind == TABLE:
            return TableLayout(leaf, gutter, self.width, self.palette, self.references)
        if leaf.kind in (HTML, DISPLAY):
            return _Verbatim(gutter, self)
        return _Prose(gutter, self)

    @property
    def measure(self) -> int:
        """The cells that prose may take."""
        return self.palette.prose(self.width)


class _Prose:
    """A paragraph, a heading or a rule: laid out as a whole."""

    def __init__(self, gutter: Gutter, page: Page) -> None:
        self._gutter = gutter
        self._page = page
        self.lines: list[Line] = []

    def absorb(self, leaf: Leaf, more_waits: bool = False) -> int:
        return len(self.lines)

    def rest(self, leaf: Leaf) -> list[Line]:
        return self._rows(leaf, mend("\n".join(leaf.lines)))

    def finish(self, leaf: Leaf) -> int:
        self.lines = self._rows(leaf, "\n".join(leaf.lines))
        return 0

    def _rows(self, leaf: Leaf, text: str) -> list[Line]:
        gutter, palette = self._gutter, self._page.palette
        lines = [gutter.gap] if gutter.gap is not None else []
        if leaf.kind == BREAK:
            return [*lines, self._rule()]
        base = palette.quote if gutter.quoted else palette.text
        if leaf.kind == HEAD:
            base = palette.heading[leaf.level - 1]
        parts = parse(text.rstrip(" "), self._page.references)
        return lines + flow(parts, gutter, self._page.measure, palette, base)

    def _rule(self) -> Line:
        gutter = self._gutter
        text = "─" * max(1, self._page.measure - gutter.first_cells)
        segments = (*gutter.first, Segment(text, self._page.palette.rule))
        line = Line.of(segments, gutter.first_cells + len(text), "---", gutter.first_cells)
        line.lead = gutter.lead
        return line


class _Verbatim:
    """HTML or displayed mathematics: lines as they were written, wrapped."""

    def __init__(self, gutter: Gutter, page: Page) -> None:
        self._gutter = gutter
        self._page = page
        self._done = 0
        self.lines: list[Line] = [] if gutter.gap is None else [gutter.gap]

    def absorb(self, leaf: Leaf, more_waits: bool = False) -> int:
        changed = len(self.lines)
        for number in range(self._done, len(leaf.lines)):
            if number in leaf.glued:
                self.lines[-1].joins = ""
            self.lines += self._rows(leaf, number)
        self._done = len(leaf.lines)
        return changed

    def rest(self, leaf: Leaf) -> list[Line]:
        return [line for number in range(self._done, len(leaf.lines)) for line in self._rows(leaf, number)]

    def finish(self, leaf: Leaf) -> int:
        return self.absorb(leaf)

    def _rows(self, leaf: Leaf, number: int) -> list[Line]:
        palette = self._page.palette
        text = leaf.lines[number].expandtabs(TAB)
        gutter = self._gutter if number == 0 else self._gutter.following()
        part = Inline(text, [(len(text), 0, "")])
        return flow([part], gutter, self._page.measure, palette, palette.html if leaf.kind == HTML else palette.maths)
