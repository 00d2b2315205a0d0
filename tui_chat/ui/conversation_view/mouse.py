"""The mouse on a conversation: selects text, unfolds blocks, opens links and drags the rail."""

from collections.abc import Callable
from typing import Protocol

from textual import events
from textual.geometry import Size
from textual.timer import Timer

from tui_chat.ui.conversation_view.blocks import Fold
from tui_chat.ui.conversation_view.folding import Folding
from tui_chat.ui.conversation_view.highlights import Highlights
from tui_chat.ui.conversation_view.links import Target, target_at
from tui_chat.ui.conversation_view.scrolling import Scroller
from tui_chat.ui.conversation_view.selection import line_around, position_at, word_around
from tui_chat.ui.conversation_view.viewport import Row, Viewport

_AUTO_SCROLL_S = 0.05


class PaneView(Protocol):
    """What the mouse may use of the pane."""

    viewport: Viewport
    highlights: Highlights
    folding: Folding
    scroller: Scroller

    @property
    def visible_rows(self) -> list[Row]: ...
    @property
    def text_x(self) -> int: ...
    @property
    def outer_size(self) -> Size: ...
    def changed(self) -> None: ...
    def set_interval(self, interval: float, callback: Callable[[], None]) -> Timer: ...


class Mouse:
    def __init__(self, pane: PaneView) -> None:
        self._pane = pane
        self._is_dragging = False
        self._y = 0
        self._auto_scroll: Timer | None = None

    def press(self, event: events.MouseDown) -> None:
        """Start to drag the rail or to select."""
        pane = self._pane
        pane.highlights.clear()
        row = self._row(event.y)
        on_rail = event.x == pane.outer_size.width - 1
        if not pane.scroller.grab_rail(event.y, on_rail=on_rail) and row is not None:
            self._is_dragging = True
            pane.highlights.selection.start(position_at(row, event.x - pane.text_x))

    def move(self, event: events.MouseMove) -> None:
        """Drag the rail, extend the selection, or show where a link leads."""
        if self._pane.scroller.drag_rail(event.y):
            return
        if self._is_dragging:
            self._y = event.y
            self._drag_to(event.x)
            self._watch_edges(event.x)
        else:
            self._pane.highlights.hover(self._target(event))

    def release(self) -> None:
        self._pane.scroller.release_rail()
        self._is_dragging = False
        self._stop_auto_scroll()

    def click(self, event: events.Click) -> None:
        """Open what is clicked; select a word with two clicks and a line with three."""
        pane = self._pane
        row = self._row(event.y)
        if row is None or event.y >= len(pane.visible_rows) or event.x >= pane.outer_size.width - 1:
            return
        selection = pane.highlights.selection
        if event.chain == 1 and selection.ends is None:
            self._activate(row, self._target(event))
        elif event.chain == 2:
            selection.select(*word_around(row, event.x - pane.text_x))
        elif event.chain == 3:
            block = pane.viewport.turns.layout(row.position.entry).block(row.position.block)
            selection.select(*line_around(row, block))
        pane.changed()

    def _activate(self, row: Row, target: Target | None) -> None:
        position = row.position
        block = self._pane.viewport.turns.layout(position.entry).block(position.block)
        if target is not None:
            self._pane.highlights.open(target)
        elif isinstance(block, Fold) and position.row == block.gap:
            self._pane.folding.toggle(position.entry, position.block)

    def _row(self, y: int) -> Row | None:
        rows = self._pane.visible_rows
        return rows[max(0, min(y, len(rows) - 1))] if rows else None

    def _target(self, event: events.MouseEvent) -> Target | None:
        rows = self._pane.visible_rows
        return target_at(rows[event.y].line, event.x - self._pane.text_x) if 0 <= event.y < len(rows) else None

    def _drag_to(self, x: int) -> None:
        pane = self._pane
        row = self._row(self._y)
        if row is not None:
            past_end = self._y >= len(pane.visible_rows)
            selection = pane.highlights.selection
            selection.extend(position_at(row, pane.outer_size.width if past_end else x - pane.text_x))
            if selection.ends is not None:
                pane.viewport.pin()
            pane.changed()

    def _watch_edges(self, x: int) -> None:
        """Keep scrolling while the mouse is held at the upper or the lower edge."""
        viewport = self._pane.viewport
        at_edge = self._y <= 0 or self._y >= viewport.height - 1
        self._stop_auto_scroll()
        if at_edge:

            def scroll() -> None:
                beyond = self._y if self._y <= 0 else self._y - viewport.height + 1
                self._pane.scroller.scroll(beyond + (1 if self._y > 0 else -1))
                self._drag_to(x)

            self._auto_scroll = self._pane.set_interval(_AUTO_SCROLL_S, scroll)

    def _stop_auto_scroll(self) -> None:
        if self._auto_scroll is not None:
            self._auto_scroll.stop()
            self._auto_scroll = None
