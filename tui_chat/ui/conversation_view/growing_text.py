"""Verbatim text that grows; only its last source line is laid out again."""

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.line import BLANK, Line
from tui_chat.rendering.plain_text import render_plain

_LONGEST_LINE = 4096
"""A longer source line is cut, to bound the cost of laying it out again."""


class GrowingText:
    """Text as it was written, wrapped at a width."""

    def __init__(
        self, width: int, style: Style, indent: int = 0, *, style_of: Callable[[str], Style] | None = None
    ) -> None:
        """`style_of` gives each line a style of its own, in order; then the text comes as a whole."""
        self._width = max(1, width - indent)
        self._indent = Segment(" " * indent)
        self._style = style
        self._style_of = style_of
        self._done = 0
        self._tail = ""
        self._held = ""
        """Newlines at the end, which make rows only when something follows."""
        self._pieces: list[str] = []
        self.lines: list[Line] = []

    def append(self, text: str) -> None:
        self._pieces.append(text)
        text = self._held + text
        shown = text.rstrip("\n")
        self._held = text[len(shown) :]
        if not shown:
            return
        del self.lines[self._done :]
        *done, self._tail = (self._tail + shown).split("\n")
        if done:
            self._lay(done)
        while len(self._tail) > _LONGEST_LINE:
            self._cut(self._tail[:_LONGEST_LINE])
            self._tail = self._tail[_LONGEST_LINE:]
        if self._tail:
            if self._style_of is not None:
                self._style = self._style_of(self._tail)
            self._add(self._tail)

    def _add(self, text: str) -> None:
        lines = render_plain(text, self._width, self._style)
        self.lines += map(self._indented, lines) if self._indent.text else lines

    def _indented(self, line: Line) -> Line:
        if line is BLANK:
            return line
        by = len(self._indent.text)
        moved = Line((self._indent, *line.segments), line.cells + by, line.copy, line.copy_at + by)
        moved.separator = line.separator
        return moved

    def _lay(self, done: list[str]) -> None:
        if self._style_of is not None:
            for line in done:
                self._style = self._style_of(line)
                self._add(line[:_LONGEST_LINE])
        elif max(map(len, done)) <= _LONGEST_LINE:
            self._add("\n".join(done) + "\n.")
            del self.lines[-1]
        else:
            for line in done:
                while len(line) > _LONGEST_LINE:
                    self._cut(line[:_LONGEST_LINE])
                    line = line[_LONGEST_LINE:]
                self._add(line)
        self._done = len(self.lines)

    def _cut(self, piece: str) -> None:
        self._add(piece)
        if self.lines[-1] is not BLANK:
            self.lines[-1].separator = ""
        self._done = len(self.lines)

    def finish(self) -> None:
        """Note that the text is complete."""

    @property
    def source(self) -> str:
        """The whole text as it arrived."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]
