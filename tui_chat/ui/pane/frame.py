"""When to draw: at once after a pause, else once a frame, and never for more than a third of the time."""

import asyncio
import time
from collections.abc import Callable

FRAME_S = 1 / 60
_REST = 2.0
"""Seconds left to others for each second of drawing."""


class FramePacer:
    """Runs one drawing function as often as it may and no oftener than asked; nothing is scheduled while idle."""

    def __init__(self, draw: Callable[[], bool]) -> None:
        """`draw` says True when it must be tried again in a frame."""
        self._draw = draw
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def request(self) -> None:
        """Draw now if a frame has passed since the last time, else as soon as it has."""
        if self._timer is not None:
            return
        wait = self._next_at - time.monotonic()
        if wait <= 0:
            self._run()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self._run)

    def flush(self) -> None:
        """Draw now, whatever was drawn before."""
        self.stop()
        self._run()

    def stop(self) -> None:
        """Forget what was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        began = time.monotonic()
        again = self._draw()
        ended = time.monotonic()
        self._next_at = max(began + FRAME_S, ended + (ended - began) * _REST)
        if again:
            self.request()
