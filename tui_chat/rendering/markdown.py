"""Markdown as finished terminal lines, incrementally: what is closed is laid out once. Knows no widget, no turn."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui_chat.rendering.line import Line
from tui_chat.rendering.palette import Palette
from tui_chat.rendering.plain import render_plain


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code among the lines."""

    first_line: int
    end_line: int
    """The line behind its last."""
    language: str
    source: str


class LiveMarkdown:
    """A text that grows, and the lines it makes."""

    def __init__(self, width: int, palette: Palette) -> None:
        self.width = width
        self.palette = palette
        self._pieces: list[str] = []
        self._lines: list[Line] = []
        self._changed = 0
        self._stale = False

    def append(self, text: str) -> None:
        """More of it; nothing is worked out before the lines are asked for."""
        self._pieces.append(text)
        self._stale = True

    def finish(self) -> None:
        """No more will come."""

    @property
    def source(self) -> str:
        """The text as it came."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def lines(self) -> Sequence[Line]:
        """The finished lines, as far as the text has come."""
        if self._stale:
            self._stale = False
            old, self._lines = self._lines, render_plain(self.source, self.width, self.palette.text)
            same = 0
            while same < min(len(old), len(self._lines)) and old[same] == self._lines[same]:
                same += 1
            self._changed = min(self._changed, same)
        return self._lines

    def take_changed(self) -> int:
        """The first line that is not what it was when this was last asked; the number of lines if none is."""
        count = len(self.lines)
        changed, self._changed = min(self._changed, count), count
        return changed

    @property
    def code_blocks(self) -> tuple[CodeBlock, ...]:
        """The blocks of code in it, in order."""
        return ()

    @property
    def links(self) -> tuple[tuple[int, int, int, str], ...]:
        """Line, first cell, end cell and target of every link."""
        return tuple((number, *link) for number, line in enumerate(self.lines) for link in line.links)


def render(source: str, width: int, palette: Palette) -> list[Line]:
    """The lines of a whole text."""
    live = LiveMarkdown(width, palette)
    live.append(source)
    live.finish()
    return list(live.lines)
