"""Lets the text of all bars of a screen start in one column. Knows only margins."""

from collections.abc import Iterable

from textual.geometry import Spacing
from textual.widget import Widget

from tui_chat.ui.chat.welcome import margin_of

_OWN_CELLS = 2
"""A bar with a margin of 0 starts its text here, behind its sign or its padding."""


def align(bars: Iterable[Widget], width: int, taken: int = 0) -> None:
    """Let the text of these bars start where the conversation's does in so much width.

    `taken` are columns at the right that another widget has; only docked bars have to be kept away from it.
    """
    side = max(0, margin_of(width - taken) - _OWN_CELLS)
    for bar in bars:
        margin = bar.styles.margin
        right = side + taken if bar.styles.dock != "none" else side
        if (margin.left, margin.right) != (side, right):
            bar.styles.margin = Spacing(margin.top, right, margin.bottom, side)
