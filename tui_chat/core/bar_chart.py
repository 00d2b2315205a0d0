"""Small charts as text: a sparkline, and a horizontal bar for a share. Pure."""

from collections.abc import Sequence
from itertools import pairwise

_STEPS = "▁▂▃▄▅▆▇█"
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def sparkline(values: Sequence[float | None], width: int | None = None) -> str:
    """Return one bar per value, the highest filling its cell; within a width, the highest of each group of values."""
    if width is not None and len(values) > width > 0:
        edges = [len(values) * cell // width for cell in range(width + 1)]
        values = [_highest(values[start:end]) for start, end in pairwise(edges)]
    top = _highest(values) or 0.0
    return "".join(_step(value, top) for value in values)


def bar(share: float, width: int) -> str:
    """Return a bar that fills `share` of `width` cells, to an eighth of a cell; any share above 0 is visible."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0 and width > 0:
        eighths = max(eighths, 1)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).ljust(width)


def _highest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _step(value: float | None, top: float) -> str:
    if not value or value < 0 or top <= 0:
        return " "
    return _STEPS[min(int(value / top * len(_STEPS)), len(_STEPS) - 1)]
