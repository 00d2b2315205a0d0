"""Lays out turns near the visible ones while idle, so that scrolling finds them ready and the rail is exact.

Works in short slices with pauses between them, and ends: then it costs nothing.
"""

import asyncio
import time
from collections.abc import Callable

from tui_chat.ui.conversation_view.viewport import Viewport

_SLICE_S = 0.004
_REST_S = 0.03
_URGENT_SLICE_S, _URGENT_REST_S = 0.008, 0.004
"""For visible turns that still have their old layout."""
_MOST_S = 1.0
"""Longest work for one conversation at one width; other heights stay estimates."""


class Prelayout:
    """Makes estimated heights exact, nearest turns first."""

    def __init__(self, viewport: Viewport, changed: Callable[[], None], rows_changed: Callable[[], None]) -> None:
        self._viewport = viewport
        self._changed = changed
        self._rows_changed = rows_changed
        self._timer: asyncio.TimerHandle | None = None
        self._left_s = 0.0

    def start(self) -> None:
        """Start, or start again for another conversation or width."""
        self.stop()
        self._left_s = _MOST_S
        self._rest(_URGENT_REST_S if self._viewport.turns.stale else _REST_S)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self, rest_s: float = _REST_S) -> None:
        self._timer = asyncio.get_running_loop().call_later(rest_s, self._work)

    def _work(self) -> None:
        self._timer = None
        if self._viewport.turns.stale:
            if self._viewport.refresh_stale(_URGENT_SLICE_S):
                self._rows_changed()
                self._changed()
            self._rest(_URGENT_REST_S)
            return
        if self._viewport.turns.streaming is not None:
            return
        began = time.monotonic()
        ends = self._viewport.visible_turns
        index: int | None = None
        while (spent := time.monotonic() - began) < _SLICE_S:
            index = self._nearest(*ends)
            if index is None or not self._viewport.turns.measure(index, _SLICE_S - spent):
                break
        self._left_s -= spent
        self._changed()
        if index is not None and self._left_s > 0:
            self._rest()

    def _nearest(self, first: int, last: int) -> int | None:
        """Return the turn nearest to the visible ones whose height is an estimate."""
        entries, layout_options = self._viewport.turns.entries, self._viewport.turns.layout_options
        for away in range(max(first, len(entries) - last) + 1):
            for index in (first - away, last + away):
                if 0 <= index < len(entries) and not entries[index].is_measured(layout_options):
                    return index
        return None
