"""Asks for a key to be pressed a second time before something that cannot be taken back. Knows no widget."""

import time
from collections.abc import Callable

HELD_DOWN_S = 0.2
"""A second press that comes sooner is a key held down, or a word."""


class PressAgain:
    def __init__(self, within_s: float = 3.0, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self.within_s = within_s
        self._monotonic_s = monotonic_s
        self._waiting = ""
        self._since_s = float("-inf")

    def confirms(self, action: str) -> bool:
        """Return whether this is the second press; a first one waits for it from now on."""
        now_s = self._monotonic_s()
        is_second = action == self._waiting and HELD_DOWN_S < now_s - self._since_s < self.within_s
        self._waiting, self._since_s = "" if is_second else action, now_s
        return is_second
