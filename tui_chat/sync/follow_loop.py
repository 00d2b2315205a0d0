"""The loop of `sync --follow`, which decides when to exchange: at once for a change here, soon for one elsewhere,
seldom while the hub is away. Knows neither the hub nor the database.

A notice from the hub is only a hint, since poolers swallow it; the rule is to look every so many seconds.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from tui_chat.core.error import ChatError

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 300.0
LOOK_EVERY_S = 0.5
"""How soon a change in the database is seen."""
_LEAST_AWAY_S = 5.0
"""How soon the hub is tried again for a change in the database while it is away."""


class Backoff:
    """Delays that double after each failure, with a random part so that machines do not come all at once."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> float:
        """Return how long to wait after one more failure."""
        delay_s = min(FIRST_DELAY_S * (1 << self._failures), LONGEST_DELAY_S)
        self._failures = min(self._failures + 1, 16)
        return delay_s * (0.5 + self._draw() / 2)


class Synced(Protocol):
    """A database and its hub."""

    async def exchange(self) -> object:
        """Exchange everything and store that; raises `SyncError` or `StorageError`."""
        ...

    async def note_failure(self, error: ChatError) -> None:
        """Store what is in the way."""
        ...

    async def has_changes(self) -> bool:
        """Return whether something waits to be sent that was not there after the last exchange."""
        ...

    async def wait_for_push(self, timeout_s: float) -> bool:
        """Wait for a notice of the hub; false after the timeout."""
        ...


class FollowLoop:
    """Follows the changes of one database and of its hub."""

    def __init__(
        self,
        synced: Synced,
        every_s: float,
        *,
        backoff: Backoff | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._synced = synced
        self._every_s = every_s
        self._backoff = backoff or Backoff()
        self._monotonic_s = monotonic_s
        self._sleep = sleep

    async def follow(self, is_over: Callable[[], bool]) -> None:
        """Exchange again and again until it is over."""
        while not is_over():
            try:
                await self._synced.exchange()
            except ChatError as error:
                if error.detail == "off":
                    return
                await self._synced.note_failure(error)
                await self._wait_while_away(self._backoff.failed(), is_over)
            else:
                self._backoff.succeeded()
                await self._wait(is_over)

    async def _wait(self, is_over: Callable[[], bool]) -> None:
        end_s = self._monotonic_s() + self._every_s
        try:
            while self._monotonic_s() < end_s and not is_over():
                if await self._synced.wait_for_push(LOOK_EVERY_S) or await self._synced.has_changes():
                    return
        except ChatError:
            return  # the exchange that follows meets the same, and notes it

    async def _wait_while_away(self, delay_s: float, is_over: Callable[[], bool]) -> None:
        start_s = self._monotonic_s()
        while (waited_s := self._monotonic_s() - start_s) < delay_s and not is_over():
            if waited_s >= _LEAST_AWAY_S and await self._synced.has_changes():
                return
            await self._sleep(min(LOOK_EVERY_S, delay_s - waited_s))
