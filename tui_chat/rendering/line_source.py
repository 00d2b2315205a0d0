"""Splits incoming text into lines that are safe for a terminal. Must not know Markdown."""

from collections import deque
from dataclasses import dataclass

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import normalize_graphemes

LONGEST_LINE = 4096
"""A longer line is passed on in parts, so that no step works on the whole line."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the source, or a part of a very long one."""

    text: str
    continues: bool = False
    """It continues the line before it."""
    raw: str | None = None
    """How it was written, where that is not what is shown."""


class LineSource:
    """Collects text and returns its complete lines."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._new: list[str] = []
        self._ready: deque[SourceLine] = deque()
        self._partial = ""
        self._goes_on = False

    def append(self, text: str) -> None:
        self._new.append(text)

    @property
    def text(self) -> str:
        """All text so far, as it came."""
        self._all = ["".join((*self._all, *self._new))]
        self._cut()
        return self._all[0]

    def take(self) -> SourceLine | None:
        """Return the next complete line."""
        if not self._ready and self._new:
            self._cut()
        return self._ready.popleft() if self._ready else None

    def end(self) -> None:
        """End the text: what is left becomes a line."""
        self._cut()
        if self._partial:
            self._hand_out(self._partial)
            self._partial = ""
            self._goes_on = False

    def partial(self) -> list[SourceLine]:
        """Return the incomplete line as if it ended here."""
        return _pieces(self._partial.removesuffix("\r"), self._goes_on)

    def _cut(self) -> None:
        if not self._new:
            return
        text = self._partial + "".join(self._new)
        self._all += self._new
        self._new = []
        *lines, self._partial = text.split("\n")
        for line in lines:
            self._hand_out(self._shortened(line.removesuffix("\r")))
            self._goes_on = False
        self._partial = self._shortened(self._partial)

    def _shortened(self, line: str) -> str:
        """Pass on the full parts of a long line and return the rest."""
        while len(line) - line.endswith("\r") > LONGEST_LINE:
            cut = line.rfind(" ", LONGEST_LINE // 2, LONGEST_LINE) + 1 or LONGEST_LINE
            self._hand_out(line[:cut])
            self._goes_on = True
            line = line[cut:]
        return line

    def _hand_out(self, line: str) -> None:
        self._ready += _pieces(line, self._goes_on)


def _pieces(line: str, continues: bool) -> list[SourceLine]:
    """Return a source line made safe, split at line ends of other kinds."""
    cleaned = normalize_graphemes(clean(line))
    if "\n" in cleaned:
        return [SourceLine(text, continues and not number) for number, text in enumerate(cleaned.split("\n"))]
    return [SourceLine(cleaned, continues, line if line != cleaned else None)]
