"""When to draw: at once after a pause, else once a frame; what streams never takes more than a third of the time."""

import asyncio
import time
from collections.abc import Callable

FRAME_S = 1 / 60
_REST = 2.0
"""Seconds left to others for each second of drawing what streams …"""
_LONGEST_REST_S = 0.2
"""… but one long drawing does not keep the next one waiting for more than this."""


class FramePacer:
    """Runs one drawing function as often as it may and no oftener than asked; nothing is scheduled while idle."""

    def __init__(self, draw: Callable[[], bool]) -> None:
        """`draw` says True when it must be tried again in a frame."""
        self._draw = draw
        self._frame_at = 0.0
        self._rested_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def request(self, *, streams: bool = False) -> None:
        """Draw as soon as a frame has passed since the last time; for what streams, as soon as there was rest."""
        due_at = self._rested_at if streams else self._frame_at
        if self._timer is not None:
            if due_at >= self._due_at:
                return
            self._timer.cancel()
        wait = due_at - time.monotonic()
        if wait <= 0:
            self._run()
        else:
            self._due_at = due_at
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
        self._frame_at = began + FRAME_S
        self._rested_at = max(self._frame_at, ended + min((ended - began) * _REST, _LONGEST_REST_S))
        if again:
            self.request(streams=True)
