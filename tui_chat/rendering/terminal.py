"""Finished lines written to a plain terminal, for the command line; as many colours as it has. Knows no Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.segment import ControlType, Segment, Segments

from tui_chat.rendering.line import Line
from tui_chat.rendering.palette import Palette

_CODE_MAY_TAKE_MORE = 20


def page_cells(cells: int, palette: Palette) -> int:
    """How wide a page is on a terminal of so many cells: prose keeps to its measure, code may take a little more."""
    return min(cells, palette.prose(cells) + _CODE_MAY_TAKE_MORE)


def print_lines(lines: Sequence[Line], console: Console) -> None:
    """Write lines below each other; the console leaves out colours where NO_COLOR or the terminal says so."""
    if lines:
        console.print(Segments(_segments(lines)), end="", soft_wrap=True)


class LivePrinter:
    """Keeps a growing text on a terminal: what is certain scrolls up, what is open is drawn anew below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._certain = 0
        """Lines that are drawn for good."""
        self._start = 0
        """The line that the rows below those begin with."""
        self._rows: list[Line] = []

    def frame(self, lines: Sequence[Line], certain: int) -> str:
        """What to write to bring the terminal up to date; the first `certain` lines will not change."""
        certain = max(certain, self._certain)
        start = max(certain, len(lines) - self._console.height + 1)
        rows = [*lines[self._certain : certain], *lines[start:]]
        same = self._same(rows) if start == certain else 0
        segments = _segments(rows[same:])
        if same < len(self._rows):
            segments.insert(0, _back_over(len(self._rows) - same))
        self._certain, self._start, self._rows = certain, start, list(lines[start:])
        with self._console.capture() as captured:
            self._console.print(Segments(segments), end="", soft_wrap=True)
        return captured.get()

    def _same(self, rows: list[Line]) -> int:
        """How many of the rows on the screen can stay."""
        if self._start != self._certain:
            return 0
        pairs = enumerate(zip(rows, self._rows, strict=False))
        return next((at for at, (new, old) in pairs if new != old), min(len(rows), len(self._rows)))


def _segments(lines: Sequence[Line]) -> list[Segment]:
    return [segment for line in lines for segment in (*_trimmed(line), Segment.line())]


def _back_over(rows: int) -> Segment:
    """Goes up so many rows and clears what stands below."""
    return Segment(f"\r\x1b[{rows}A\x1b[J", None, [(ControlType.CURSOR_UP, rows)])


def _trimmed(line: Line) -> Sequence[Segment]:
    """The segments of a line without spaces at its end that nobody sees."""
    segments = line.segments
    count = len(segments)
    while count and segments[count - 1].text.isspace() and not _has_ground(segments[count - 1]):
        count -= 1
    return segments[:count]


def _has_ground(segment: Segment) -> bool:
    return segment.style is not None and segment.style.bgcolor is not None
