"""Makes a dialog as wide as what it shows, between two bounds."""

from typing import Any

from textual.screen import Screen

LEAST_CELLS, MOST_CELLS = 50, 110
_AROUND = 6
"""Cells at both sides of a row: padding and the scroll bar."""
_WINDOW_PERCENT = 90
"""How much of the window a dialog may take, as its style sheet has it."""


def fit_dialog(screen: Screen[Any], cells: int) -> None:
    """Give all parts of a dialog the width of its widest row."""
    width = max(LEAST_CELLS, min(MOST_CELLS, cells + _AROUND))
    for part in screen.children:
        part.styles.width = width


def widest_row(window: int) -> int:
    """Return how many cells a row of a dialog may have in a window of that width."""
    return min(MOST_CELLS, window * _WINDOW_PERCENT // 100) - _AROUND + 1
