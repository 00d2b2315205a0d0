"""Splits incoming text into lines that are safe for a terminal. Must not know Markdown."""

from collections import deque
from dataclasses import dataclass, field

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import normalize_graphemes

_BATCH = 16_000
"""Characters that are split into lines together."""
LONGEST_LINE = 4096
"""A longer line is passed on in parts, so that no step works on the whole line."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the source, or a part of a very long one."""

    text: str
    continues: bool = False
    raw: str | None = None
    """How it was written, where that is not what is shown."""
    start: int = field(default=-1, compare=False)
    """Its offset in the source; -1 where it continues a line."""


class LineSource:
    def __init__(self, start: int = 0, taken: str = "") -> None:
        """`taken` is text whose lines were all taken."""
        self.start = start
        """The offset of its text in the whole source."""
        self.is_ended = False
        self._all: deque[str] = deque((taken,))
        self._new: deque[str] = deque()
        """Text that is not split into lines yet."""
        self._ready: deque[SourceLine] = deque()
        self._partial = ""
        self._partial_start = start + len(taken)
        """The offset of `_partial` in the whole source."""
        self._goes_on = False

    def append(self, text: str) -> None:
        for at in range(0, len(text), _BATCH):
            piece = text[at : at + _BATCH]
            self._all.append(piece)
            self._new.append(piece)

    @property
    def text(self) -> str:
        """All text so far, as it came."""
        if len(self._all) != 1:
            self._all = deque(("".join(self._all),))
        return self._all[0]

    @property
    def waiting(self) -> int:
        """How many characters are in lines that were not taken yet."""
        return sum(map(len, self._new)) + sum(len(line.text) for line in self._ready)

    def peek(self) -> SourceLine | None:
        """Return the next complete line, which stays the next one."""
        while not self._ready and self._new:
            self._cut()
        if not self._ready and self.is_ended and self._partial:
            self._hand_out(self._partial)
            self._partial = ""
        return self._ready[0] if self._ready else None

    def take(self) -> SourceLine | None:
        """Return the next complete line."""
        return self._ready.popleft() if self.peek() is not None else None

    def end(self) -> None:
        """End the text: what is left becomes a line."""
        self.is_ended = True

    def partial(self) -> list[SourceLine]:
        """Return the incomplete line as if it ended here; every other line was taken."""
        return _pieces(self._partial.removesuffix("\r"), self._goes_on, self._partial_start)

    def split(self, start: int) -> "LineSource":
        """Return a source of the text before a line that was not taken yet, and keep the rest."""
        before: list[str] = []
        size = start - self.start
        while size > 0:
            piece = self._all.popleft()
            if len(piece) > size:
                self._all.appendleft(piece[size:])
            before.append(piece[:size])
            size -= len(piece)
        ended = LineSource(self.start, "".join(before))
        ended.end()
        self.start = start
        return ended

    def _cut(self) -> None:
        """Split some of the new text into lines."""
        taken: list[str] = []
        size = 0
        while self._new and size < _BATCH:
            taken.append(self._new.popleft())
            size += len(taken[-1])
        *lines, self._partial = (self._partial + "".join(taken)).split("\n")
        for line in lines:
            end = self._partial_start + len(line) + 1
            self._hand_out(self._shortened(line.removesuffix("\r")))
            self._goes_on = False
            self._partial_start = end
        self._partial = self._shortened(self._partial)

    def _shortened(self, line: str) -> str:
        """Pass on the full parts of a long line and return the rest."""
        while len(line) - line.endswith("\r") > LONGEST_LINE:
            cut = line.rfind(" ", LONGEST_LINE // 2, LONGEST_LINE) + 1 or LONGEST_LINE
            self._hand_out(line[:cut])
            self._goes_on = True
            self._partial_start += cut
            line = line[cut:]
        return line

    def _hand_out(self, line: str) -> None:
        self._ready += _pieces(line, self._goes_on, self._partial_start)


def _pieces(line: str, continues: bool, start: int) -> list[SourceLine]:
    """Return a source line made safe, split at line ends of other kinds."""
    cleaned = normalize_graphemes(clean(line))
    start = -1 if continues else start
    if "\n" in cleaned:
        first, *others = cleaned.split("\n")
        return [SourceLine(first, continues, start=start), *map(SourceLine, others)]
    return [SourceLine(cleaned, continues, line if line != cleaned else None, start)]
