"""Decides when to draw: as deltas arrive, at most once a frame on average, and for at most a third of the time.

Drawing on arrival shows most of what streams without waiting for a clock. Where a frame was not yet over when
something came, the next arrival after it draws both; only when none comes soon does a timer.
"""

import asyncio
import time
from collections.abc import Callable

FRAME_S = 1 / 120
"""Models rarely send more than a hundred deltas a second, so most are drawn as they arrive."""
_GRACE_S = FRAME_S / 2
"""How long after a frame a delta may wait for the next one."""
_REST = 2.0
"""Seconds left to other tasks for each second of drawing a streaming reply …"""
_LONGEST_REST_S = 0.2
"""… and the longest such pause."""


class FramePacer:
    """Limits how often one function draws; nothing is scheduled while idle."""

    def __init__(self, draw: Callable[[], bool]) -> None:
        """`draw` returns True when it must be called again in a frame."""
        self._draw = draw
        self._frame_at = 0.0
        """When the next frame starts; one unused frame may be caught up."""
        self._rested_at = 0.0
        self._handle: asyncio.Handle | None = None
        self._due_at = 0.0

    def request(self, *, streams: bool = False) -> None:
        """Draw once the frame is over and the loop is free; while a reply streams, other tasks get their time."""
        now = time.monotonic()
        due_at = max(self._frame_at, self._rested_at) if streams else self._frame_at
        if due_at > now:
            due_at += _GRACE_S if streams else 0
        if self._handle is not None:
            if self._due_at <= now or due_at >= self._due_at:
                return
            self._handle.cancel()
        self._due_at = due_at
        loop = asyncio.get_running_loop()
        self._handle = loop.call_soon(self._run) if due_at <= now else loop.call_later(due_at - now, self._run)

    def flush(self) -> None:
        """Draw now."""
        self.stop()
        self._run()

    def stop(self) -> None:
        """Cancel the request."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        began = time.monotonic()
        again = self._draw()
        ended = time.monotonic()
        self._frame_at = max(self._frame_at, began - FRAME_S) + FRAME_S
        self._rested_at = ended + min((ended - began) * _REST, _LONGEST_REST_S)
        if again:
            self._frame_at = max(self._frame_at, ended + max(FRAME_S, (ended - began) / 2))
            self.request()
