"""The window on a conversation moved by keys, wheel and rail, and the marker that says what is new below it."""

from textual import events

from tui_chat.ui.conversation_view.widget_base import PaneView

_WHEEL_ROWS = 3
_KEPT_ROWS = 2
"""Rows of the old page that are still seen on the new one."""


class ScrollingPane(PaneView):
    """Can be scrolled."""

    _rail_held = False

    @property
    def following(self) -> bool:
        """Whether the end stays in sight as it grows."""
        return self.viewport.following

    def marker(self) -> str:
        new = self.viewport.new_rows
        if not new:
            return ""
        key = self._key_label("end")
        return f" ↓ {new:,} new {'line' if new == 1 else 'lines'}{'  ' + key if key else ''} "

    def scroll_rows(self, rows: int) -> None:
        """Go so many rows down, or up when negative."""
        self.viewport.scroll(rows)
        self.changed()

    def action_scroll_line(self, lines: int) -> None:
        """Go so many rows down, or up when negative."""
        self.scroll_rows(lines)

    def action_half_page(self, pages: int) -> None:
        """Go half a page down, or up when negative."""
        self.scroll_rows(pages * max(1, self.viewport.height // 2))

    def action_page(self, pages: int) -> None:
        """Go a page down, or up when negative."""
        self.scroll_rows(pages * max(1, self.viewport.height - _KEPT_ROWS))

    def action_start(self) -> None:
        """Go to the first row."""
        self.viewport.to_start()
        self.changed()

    def action_end(self) -> None:
        """Go to the end and follow it."""
        self.viewport.to_end()
        self.changed()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL_ROWS)

    # The rail

    def take_rail(self, event: events.MouseDown) -> bool:
        """Begin to drag the rail if that is where the mouse is."""
        _, total = self.viewport.position
        self._rail_held = event.x == self.outer_size.width - 1 and total > self.viewport.height
        if self._rail_held:
            self.drag_rail(event.y)
        return self._rail_held

    def drag_rail(self, y: int) -> bool:
        """Go where the rail is dragged to, if it is."""
        if self._rail_held:
            height = self.viewport.height
            _, total = self.viewport.position
            share = min(max(y, 0), height - 1) / max(1, height - 1)
            self.viewport.to_row(round(share * (total - height)))
            self.changed()
        return self._rail_held

    def let_rail_go(self) -> None:
        """The mouse button is up."""
        self._rail_held = False
