"""The one thread on which the connection lives. Knows no database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tui_chat.core.error import StorageError

T = TypeVar("T")


class Worker:
    """The one thread that touches the connection; jobs run in the order they were asked for."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.stopped = False

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job there. Whoever stops waiting for it does not stop it."""
        if self.stopped:
            raise StorageError("the database is closed", detail="other")
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    async def stop(self, last: Callable[[], None]) -> None:
        """End the thread after what was asked for and one last job; a second time does nothing."""
        if not self.stopped:
            self.stopped = True
            ended = asyncio.get_running_loop().run_in_executor(self._pool, last)
            self._pool.shutdown(wait=False)
            await ended
