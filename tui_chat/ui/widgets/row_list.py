"""A list to choose a row from, in a window of any size. Knows rows, not what they stand for."""

from textual._widget_navigation import Direction
from textual.widgets import OptionList


class RowList(OptionList):
    """Textual's list; a page up or down where no row fits on the screen moves nothing, instead of failing."""

    def _move_page(self, direction: Direction) -> None:
        if self.scrollable_content_region:
            super()._move_page(direction)
