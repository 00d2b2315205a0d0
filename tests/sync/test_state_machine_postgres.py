"""The schedules of the state machine against a real PostgreSQL, each in a space of its own."""

import asyncio
import random
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

import pytest

from tests.sync.machine import World
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.protocol import Mark, Pushed, SealedPage, SealedRecord
from tui_chat.sync.seal import SpaceKey

pytestmark = [pytest.mark.real, pytest.mark.slow]
T = TypeVar("T")
SEEDS = 40


class BlockingHub:
    """A hub on another thread's event loop: a machine waits for it where it stands."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self._loop = loop
        self.key = SpaceKey.new()
        self._hub = PostgresHub(url, self.key)
        self.wait(self._hub.create_space())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def pull(self, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        return self.wait(self._hub.pull(since, mark, most, most_bytes))

    async def push(self, records: Sequence[SealedRecord], seen: int) -> Pushed:
        return self.wait(self._hub.push(records, seen))

    def close(self) -> None:
        self.wait(self._hub.aclose())


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.timeout(600)
def test_machines_converge_through_a_real_database(database: str) -> None:
    with running_loop() as loop:
        asyncio.run_coroutine_threadsafe(install(database), loop).result(60)
        for seed in range(SEEDS):
            hub = BlockingHub(loop, database)
            world = World(seed, lambda _, hub=hub: hub)  # type: ignore[misc]
            world.seal = hub.key
            assert isinstance(world.rng, random.Random)
            try:
                for _ in range(world.rng.randrange(10, 90)):
                    world.step()
                world.settle()
                world.check()
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
            finally:
                world.close()
                hub.close()
    print(f"{SEEDS} schedules through PostgreSQL: all the same everywhere, nothing lost")
