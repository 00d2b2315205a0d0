"""The mouse on a conversation: selecting, unfolding, opening, dragging the rail."""

from textual import events
from textual.timer import Timer

from tui_chat.ui.conversation_view.blocks import Fold
from tui_chat.ui.conversation_view.highlights import MarkingPane
from tui_chat.ui.conversation_view.links import Target, target_at
from tui_chat.ui.conversation_view.selection import line_around, position_at, word_around
from tui_chat.ui.conversation_view.viewport import Row

_AUTO_SCROLL_S = 0.05


class PointingPane(MarkingPane):
    """Can be pointed at."""

    _is_dragging = False
    _mouse_y = 0
    _auto_scroll: Timer | None = None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        event.stop()
        self.capture_mouse()
        self.clear_marks()
        row = self._row(event.y)
        if not self.take_rail(event) and row is not None:
            self._is_dragging = True
            self.selection.begin(position_at(row, event.x - self.text_x))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.drag_rail(event.y):
            return
        if self._is_dragging:
            self._mouse_y = event.y
            self._drag_to(event.x)
            self._watch_edges(event.x)
            return
        hovered = self._target(event)
        if hovered != self.hovered:
            self.hovered = hovered
            self.changed()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self.release_mouse()
        self.let_rail_go()
        self._is_dragging = False
        self._stop_auto_scroll()

    def on_leave(self) -> None:
        if self.hovered is not None:
            self.hovered = None
            self.changed()

    def on_click(self, event: events.Click) -> None:
        row = self._row(event.y)
        if row is None or event.y >= len(self.rows) or event.x >= self.outer_size.width - 1:
            return
        if event.chain == 1 and self.selection.ends is None:
            self._press(row, self._target(event))
        elif event.chain == 2:
            self.selection.select(*word_around(row, event.x - self.text_x))
        elif event.chain == 3:
            block = self.viewport.layout(row.place.entry).blocks[row.place.block]
            self.selection.select(*line_around(row, block))
        self.changed()

    def _press(self, row: Row, target: Target | None) -> None:
        place = row.place
        block = self.viewport.layout(place.entry).blocks[place.block]
        if target is not None:
            self.open_target(target)
        elif isinstance(block, Fold) and place.row == block.gap:
            self.toggle(place.entry, place.block)

    def _row(self, y: int) -> Row | None:
        return self.rows[max(0, min(y, len(self.rows) - 1))] if self.rows else None

    def _target(self, event: events.MouseEvent) -> Target | None:
        row = self.rows[event.y] if 0 <= event.y < len(self.rows) else None
        return None if row is None else target_at(row.line, event.x - self.text_x)

    def _drag_to(self, x: int) -> None:
        row = self._row(self._mouse_y)
        if row is not None:
            past_end = self._mouse_y >= len(self.rows)
            self.selection.extend(position_at(row, self.outer_size.width if past_end else x - self.text_x))
            if self.selection.ends is not None:
                self.viewport.hold()
            self.changed()

    def _watch_edges(self, x: int) -> None:
        """Scroll on while the mouse is held at the upper or the lower edge."""
        at_edge = self._mouse_y <= 0 or self._mouse_y >= self.viewport.height - 1
        self._stop_auto_scroll()
        if at_edge:

            def scroll() -> None:
                beyond = self._mouse_y if self._mouse_y <= 0 else self._mouse_y - self.viewport.height + 1
                self.viewport.scroll(beyond + (1 if self._mouse_y > 0 else -1))
                self.changed()
                self._drag_to(x)

            self._auto_scroll = self.set_interval(_AUTO_SCROLL_S, scroll)

    def _stop_auto_scroll(self) -> None:
        if self._auto_scroll is not None:
            self._auto_scroll.stop()
            self._auto_scroll = None
