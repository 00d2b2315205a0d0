"""A list of any length that draws only its visible rows. Knows how many rows there are, not what they hold."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Paint = Callable[[int, int], Sequence[Sequence[Segment]]]
"""Returns the lines of a row, given its index and its width."""


class VirtualList(ScrollView, can_focus=False):
    """A cursor in rows that a callback paints."""

    COMPONENT_CLASSES = {"virtual-list--cursor"}  # noqa: RUF012 — Textual's own way
    DEFAULT_CSS = """
    VirtualList {
        overflow-x: hidden;
        scrollbar-gutter: stable;
        & > .virtual-list--cursor { background: $accent 20%; text-style: bold; }
        &:light > .virtual-list--cursor { background: $accent 13%; }
        &:ansi > .virtual-list--cursor { background: ansi_default; text-style: reverse; }
    }
    """

    class Moved(Message):
        """The cursor moved to another row."""

    class Chosen(Message):
        """The row under the cursor was clicked."""

    class Sighted(Message):
        """Other rows came into view."""

    def __init__(self, paint: Paint, is_heading: Callable[[int], bool] = lambda row: False) -> None:
        """`is_heading` returns whether the cursor passes over a row."""
        super().__init__()
        self._paint = paint
        self._is_heading = is_heading
        self._total = 0
        self._height = 1
        self.cursor = 0

    def show(self, total: int, height: int, cursor: int) -> None:
        """Show `total` rows of `height` lines each, with the cursor on that row."""
        self._total, self._height = total, height
        self.cursor = self._near(max(0, min(cursor, total - 1)), 1)
        self.virtual_size = Size(self.size.width, total * height)
        self._reveal()
        self.refresh()

    @property
    def in_sight(self) -> tuple[int, int]:
        """The first and the last visible row."""
        top = self.scroll_offset.y
        return top // self._height, (top + max(self.size.height, 1) - 1) // self._height

    def move(self, by: int) -> None:
        self.go(self.cursor + by)

    def page(self, by: int) -> None:
        """Move the cursor by that many pages."""
        self.move(by * max(1, self.size.height // self._height - 1))

    def go(self, row: int) -> None:
        """Move the cursor to that row, or to the nearest one."""
        row = max(0, min(row, self._total - 1))
        row = self._near(row, 1 if row >= self.cursor else -1)
        if row != self.cursor:
            self.cursor = row
            self._reveal()
            self.refresh()
            self.post_message(self.Moved())

    def _near(self, row: int, by: int) -> int:
        """Return the row, or the next one that is no heading in that direction, else in the other."""
        for step in (by, -by):
            to = row + step if self._is_heading(row) else row
            if 0 <= to < self._total and not self._is_heading(to):
                return to
        return row

    def _reveal(self) -> None:
        """Scroll to the cursor, and to the heading above it."""
        first = self.cursor - 1 if self.cursor > 0 and self._is_heading(self.cursor - 1) else self.cursor
        row = Region(0, first * self._height, 1, (self.cursor - first + 1) * self._height)
        self.scroll_to_region(row, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Sighted())

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self._total * self._height)
        self._reveal()
        self.post_message(self.Sighted())

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row; if it is there already, choose the row."""
        row = (event.y + self.scroll_offset.y) // self._height
        if row >= self._total or self._is_heading(row):
            return
        if row == self.cursor:
            self.post_message(self.Chosen())
        else:
            self.go(row)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row, part = divmod(y + self.scroll_offset.y, self._height)
        if row >= self._total:
            return Strip.blank(width, self.rich_style)
        lines = self._paint(row, width)
        strip = Strip(lines[part] if part < len(lines) else ()).adjust_cell_length(width)
        ground = self.get_component_rich_style("virtual-list--cursor") if row == self.cursor else self.rich_style
        return Strip(Segment.apply_style(strip, ground), width)
