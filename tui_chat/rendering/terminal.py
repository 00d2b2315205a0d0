"""Finished lines written to a plain terminal, for the command line; as many colours as it has. Knows no Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.segment import ControlType, Segment, Segments

from tui_chat.rendering.line import Line


def print_lines(lines: Sequence[Line], console: Console) -> None:
    """Write lines below each other; the console leaves out colours where NO_COLOR or the terminal says so."""
    if lines:
        console.print(Segments(_segments(lines)), end="", soft_wrap=True)


class LivePrinter:
    """Keeps a growing text on a terminal: what is certain scrolls up, what is open is drawn anew below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed = 0
        self._open_rows = 0

    def show(self, lines: Sequence[Line], certain: int) -> None:
        """Bring the terminal up to date; the first `certain` lines stay as they are."""
        certain = max(certain, self._printed)
        tail = lines[max(certain, len(lines) - self._console.height + 1) :]
        segments = [_back_over(self._open_rows)] if self._open_rows else []
        self._console.print(
            Segments(segments + _segments([*lines[self._printed : certain], *tail])), end="", soft_wrap=True
        )
        self._printed, self._open_rows = certain, len(tail)


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
