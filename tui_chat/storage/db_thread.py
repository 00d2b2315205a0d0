"""The one thread that uses the connection. Knows no database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from tui_chat.core.error import StorageError

T = TypeVar("T")


class DatabaseThread:
    """Runs jobs on one thread, in the order of the calls."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.stopped = False

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job on the thread; cancelling the caller does not stop it."""
        if self.stopped:
            raise StorageError("the database is closed", detail="other")
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    def refuse_new_jobs(self) -> bool:
        """Refuse all jobs except that of `run_last`; return false if the thread was stopped already."""
        was_stopped, self.stopped = self.stopped, True
        return not was_stopped

    def run_last(self, job: Callable[[], None], timeout_s: float) -> bool:
        """Run a job after all others, without an event loop; return false if it fails or takes too long."""
        future = self._pool.submit(job)
        self._pool.shutdown(wait=False)
        return future in wait([future], timeout_s).done and future.exception() is None

    async def stop(self, last: Callable[[], None]) -> None:
        """End the thread after the pending jobs and one last job; does nothing the second time."""
        if not self.stopped:
            self.stopped = True
            ended = asyncio.get_running_loop().run_in_executor(self._pool, last)
            self._pool.shutdown(wait=False)
            await ended
