"""A repeated check on the event loop that costs an idle program almost nothing. Knows nothing that it checks."""

import asyncio
from collections.abc import Callable


class Heartbeat:
    """Calls a function at whole multiples of a time: checks of one pace share one wake-up of the processor.

    A plain handle of the event loop: a task that sleeps, and a thread that is asked, cost ten times as much.
    """

    def __init__(self, check: Callable[[], object], every_s: float) -> None:
        self._check = check
        self._every_s = every_s
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Call the function from now on; the first time within one period."""
        self._wait()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._handle = loop.call_at((loop.time() // self._every_s + 1) * self._every_s, self._beat)

    def _beat(self) -> None:
        self._wait()  # first, since the check may fail, or stop this
        self._check()
