"""Prints finished lines to a plain terminal for the command line. Must not know Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.segment import ControlType, Segment, Segments

from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import TextStyles

_CODE_MAY_TAKE_MORE = 20


def page_cells(cells: int, styles: TextStyles) -> int:
    """Return the width to lay out for on a terminal of `cells`: the measure of prose and a little more for code."""
    return min(cells, styles.prose(cells) + _CODE_MAY_TAKE_MORE)


def print_lines(lines: Sequence[Line], console: Console) -> None:
    """Print lines; the console leaves out colours where NO_COLOR or the terminal requires it."""
    if lines:
        console.print(Segments(_segments(lines)), end="", soft_wrap=True)


class LivePrinter:
    """Keeps a growing text on a terminal: stable lines scroll up, open lines are redrawn below them.

    Where the window cannot hold all open lines, only the last of them are shown until they are stable.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stable = 0
        """Lines that are final on the screen."""
        self._start = 0
        """The first line of the redrawn rows."""
        self._rows: list[Line] = []

    def frame(self, lines: Sequence[Line], stable_count: int) -> str:
        """Return what to write to bring the terminal up to date; the first `stable_count` lines will not change."""
        stable_count = max(stable_count, self._stable)
        start = max(stable_count, len(lines) - self._console.height + 1)
        rows = list(lines[start:])
        if start == stable_count:
            new = [*lines[self._stable : stable_count], *rows]
            segments = self._redrawn(new, 0 if self._start != self._stable else _equal(new, self._rows))
        elif stable_count == self._stable:
            segments = self._scrolled(rows, start - self._start)
        else:
            segments = self._redrawn([*lines[self._stable : stable_count], *rows], 0)
        self._stable, self._start, self._rows = stable_count, start, rows
        with self._console.capture() as captured:
            self._console.print(Segments(segments), end="", soft_wrap=True)
        return captured.get()

    def _redrawn(self, rows: list[Line], same: int) -> list[Segment]:
        """Write the rows over those on the screen, of which the first `same` can stay."""
        back = [_control(_up(len(self._rows) - same) + _CLEAR)] if same < len(self._rows) else []
        return [*back, *_segments(rows[same:])]

    def _scrolled(self, rows: list[Line], count: int) -> list[Segment]:
        """Delete `count` rows at the top, so that the others move up, and write what differs below."""
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
    """Return how many rows at the start are equal."""
    pairs = enumerate(zip(rows, others, strict=False))
    return next((at for at, (row, other) in pairs if row != other), min(len(rows), len(others)))


def _segments(lines: Sequence[Line]) -> list[Segment]:
    return [segment for line in lines for segment in (*_trimmed(line), Segment.line())]


def _trimmed(line: Line) -> Sequence[Segment]:
    """Return the segments of a line without invisible trailing spaces."""
    segments = line.segments
    count = len(segments)
    while count and segments[count - 1].text.isspace() and not _has_ground(segments[count - 1]):
        count -= 1
    return segments[:count]


def _has_ground(segment: Segment) -> bool:
    return segment.style is not None and segment.style.bgcolor is not None
