"""Makes a dialog as wide as what it shows, between two bounds."""

from typing import Any

from textual.screen import Screen

LEAST_CELLS, MOST_CELLS = 50, 110
_AROUND = 6
"""Cells at both sides of a row: padding and the scroll bar."""


def fit_dialog(screen: Screen[Any], cells: int) -> None:
    """Give all parts of a dialog the width of its widest row."""
    width = max(LEAST_CELLS, min(MOST_CELLS, cells + _AROUND))
    for part in screen.children:
        part.styles.width = width
