"""The one thread on which the connection lives. Knows no database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
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

    def take_no_more(self) -> bool:
        """Refuse every job from now on but one that `run_last` brings; false where `stop` did so already."""
        was_stopped, self.stopped = self.stopped, True
        return not was_stopped

    def run_last(self, job: Callable[[], None], timeout_s: float) -> bool:
        """Run a job after what was asked for, without an event loop; false if it is not done within that time."""
        future = self._pool.submit(job)
        self._pool.shutdown(wait=False)
        return future in wait([future], timeout_s).done and future.exception() is None

    async def stop(self, last: Callable[[], None]) -> None:
        """End the thread after what was asked for and one last job; a second time does nothing."""
        if not self.stopped:
            self.stopped = True
            ended = asyncio.get_running_loop().run_in_executor(self._pool, last)
            self._pool.shutdown(wait=False)
            await ended
