"""Text as it comes, cut into lines that are harmless for a terminal. Knows no Markdown."""

from collections import deque
from dataclasses import dataclass

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import tame

LONGEST_LINE = 4096
"""A longer line is handed on in pieces, cut where its beginning says, so that no work is done on all of it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of the source, or a part of a very long one."""

    text: str
    goes_on: bool = False
    """It belongs to the line of the piece before it."""
    raw: str | None = None
    """How it was written, where that is not what is shown."""


class Source:
    """Collects text, and hands out the lines that are complete."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._new: list[str] = []
        self._ready: deque[Piece] = deque()
        self._partial = ""
        self._goes_on = False

    def append(self, text: str) -> None:
        """More of the text."""
        self._new.append(text)

    @property
    def text(self) -> str:
        """All that has come, as it came."""
        self._all = ["".join((*self._all, *self._new))]
        self._cut()
        return self._all[0]

    def take(self) -> Piece | None:
        """The next line that is complete."""
        if not self._ready and self._new:
            self._cut()
        return self._ready.popleft() if self._ready else None

    def end(self) -> None:
        """No more will come: what is left is a line too."""
        self._cut()
        if self._partial:
            self._hand_out(self._partial)
            self._partial = ""
            self._goes_on = False

    def partial(self) -> list[Piece]:
        """The line that is still coming in, as it would be if it ended here."""
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
        """What is left of a line when the pieces that are too much for one are handed out."""
        while len(line) - line.endswith("\r") > LONGEST_LINE:
            cut = line.rfind(" ", LONGEST_LINE // 2, LONGEST_LINE) + 1 or LONGEST_LINE
            self._hand_out(line[:cut])
            self._goes_on = True
            line = line[cut:]
        return line

    def _hand_out(self, line: str) -> None:
        self._ready += _pieces(line, self._goes_on)


def _pieces(line: str, goes_on: bool) -> list[Piece]:
    """A line of the source made harmless; it is more than one where it has line ends of other kinds."""
    cleaned = tame(clean(line))
    if "\n" in cleaned:
        return [Piece(text, goes_on and not number) for number, text in enumerate(cleaned.split("\n"))]
    return [Piece(cleaned, goes_on, line if line != cleaned else None)]
