"""Scrolls the conversation by rows, by pages and by its rail, and labels what is new below."""

from collections.abc import Callable

from tui_chat.ui.conversation_view.layout_options import KeyLabel
from tui_chat.ui.conversation_view.viewport import Viewport

WHEEL_ROWS = 3
_KEPT_ROWS = 2
"""Rows of the old page that are still visible on the new one."""


class Scroller:
    def __init__(self, viewport: Viewport, changed: Callable[[], None], key_label: KeyLabel) -> None:
        self._viewport = viewport
        self._changed = changed
        self._key_label = key_label
        self._is_rail_dragged = False

    def scroll(self, rows: int) -> None:
        self._viewport.scroll(rows)
        self._changed()

    def scroll_half_pages(self, pages: int) -> None:
        """Scroll down, or up when negative."""
        self.scroll(pages * max(1, self._viewport.height // 2))

    def scroll_pages(self, pages: int) -> None:
        """Scroll down, or up when negative."""
        self.scroll(pages * max(1, self._viewport.height - _KEPT_ROWS))

    def to_start(self) -> None:
        self._viewport.to_start()
        self._changed()

    def to_end(self) -> None:
        self._viewport.to_end()
        self._changed()

    def new_rows_label(self) -> str:
        """Return the marker about rows that arrived below the window; empty when there are none."""
        new = self._viewport.new_rows
        if not new:
            return ""
        key = self._key_label("end")
        return f" ↓ {new:,} new {'line' if new == 1 else 'lines'}{'  ' + key if key else ''} "

    # The rail

    def grab_rail(self, y: int, *, on_rail: bool) -> bool:
        """Start to drag the rail if the mouse is on it. Return whether it is."""
        _, total = self._viewport.rows_above_and_total
        self._is_rail_dragged = on_rail and total > self._viewport.height
        if self._is_rail_dragged:
            self.drag_rail(y)
        return self._is_rail_dragged

    def drag_rail(self, y: int) -> bool:
        """Scroll to where the rail is dragged. Return whether it is being dragged."""
        if self._is_rail_dragged:
            height = self._viewport.height
            _, total = self._viewport.rows_above_and_total
            share = min(max(y, 0), height - 1) / max(1, height - 1)
            self._viewport.to_row(round(share * (total - height)))
            self._changed()
        return self._is_rail_dragged

    def release_rail(self) -> None:
        self._is_rail_dragged = False
