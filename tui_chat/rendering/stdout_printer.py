"""Finished lines written to a plain terminal, for the command line; as many colours as it has. Knows no Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.segment import ControlType, Segment, Segments

from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import Palette

_CODE_MAY_TAKE_MORE = 20


def page_cells(cells: int, palette: Palette) -> int:
    """How wide a page is on a terminal of so many cells: prose keeps to its measure, code may take a little more."""
    return min(cells, palette.prose(cells) + _CODE_MAY_TAKE_MORE)


def print_lines(lines: Sequence[Line], console: Console) -> None:
    """Write lines below each other; the console leaves out colours where NO_COLOR or the terminal says so."""
    if lines:
        console.print(Segments(_segments(lines)), end="", soft_wrap=True)


class LivePrinter:
    """Keeps a growing text on a terminal: certain lines scroll up, open ones are drawn again below them.

    Where the open lines are more than the window holds, only the last of them are shown until they are certain.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._certain = 0
        """Lines that are drawn for good."""
        self._start = 0
        """The first line of the rows below those."""
        self._rows: list[Line] = []

    def frame(self, lines: Sequence[Line], certain: int) -> str:
        """Return what to write to bring the terminal up to date; the first `certain` lines will not change."""
        certain = max(certain, self._certain)
        start = max(certain, len(lines) - self._console.height + 1)
        rows = list(lines[start:])
        if start == certain:
            new = [*lines[self._certain : certain], *rows]
            segments = self._redrawn(new, 0 if self._start != self._certain else _equal(new, self._rows))
        elif certain == self._certain:
            segments = self._scrolled(rows, start - self._start)
        else:
            segments = self._redrawn([*lines[self._certain : certain], *rows], 0)
        self._certain, self._start, self._rows = certain, start, rows
        with self._console.capture() as captured:
            self._console.print(Segments(segments), end="", soft_wrap=True)
        return captured.get()

    def _redrawn(self, rows: list[Line], same: int) -> list[Segment]:
        """Write the rows over those on the screen, of which so many can stay."""
        back = [_control(_up(len(self._rows) - same) + _CLEAR)] if same < len(self._rows) else []
        return [*back, *_segments(rows[same:])]

    def _scrolled(self, rows: list[Line], count: int) -> list[Segment]:
        """Take so many rows out at the top, where the others move up, and write what differs below."""
        if count <= 0 or not (same := _equal(rows, self._rows[count:])):
            return self._redrawn(rows, _equal(rows, self._rows) if count == 0 else 0)
        move = f"{_up(len(self._rows))}\x1b[{count}M\x1b[{same}B{_CLEAR}"
        return [_control(move), *_segments(rows[same:])]


_CLEAR = "\x1b[J"


def _up(rows: int) -> str:
    return f"\r\x1b[{rows}A"


def _control(sequence: str) -> Segment:
    return Segment(sequence, None, [(ControlType.CURSOR_UP, 0)])


def _equal(rows: Sequence[Line], others: Sequence[Line]) -> int:
    """Return how many rows at the beginning are the same."""
    pairs = enumerate(zip(rows, others, strict=False))
    return next((at for at, (row, other) in pairs if row != other), min(len(rows), len(others)))


def _segments(lines: Sequence[Line]) -> list[Segment]:
    return [segment for line in lines for segment in (*_trimmed(line), Segment.line())]


def _trimmed(line: Line) -> Sequence[Segment]:
    """The segments of a line without spaces at its end that nobody sees."""
    segments = line.segments
    count = len(segments)
    while count and segments[count - 1].text.isspace() and not _has_ground(segments[count - 1]):
        count -= 1
    return segments[:count]


def _has_ground(segment: Segment) -> bool:
    return segment.style is not None and segment.style.bgcolor is not None
