"""Throttle the sync process: it rests after each transaction, so that the app gets the file and the processor."""

import asyncio
from collections.abc import Awaitable, Callable

IDLE_FACTOR = 1.0
"""Rests as long as it worked while the app is open and not used."""
USED_FACTOR = 15.0
"""Rests that many times as long as it worked while the app is used: keys, or a reply that streams."""
LONGEST_S = 0.5


class Throttle:
    def __init__(
        self, is_in_use: Callable[[], bool], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._is_in_use = is_in_use
        self._sleep = sleep

    async def rest(self, worked_s: float) -> None:
        """Rest after a piece of work that took so long."""
        factor = USED_FACTOR if self._is_in_use() else IDLE_FACTOR
        await self._sleep(min(factor * worked_s, max(LONGEST_S, worked_s)))
