"""How fast machines sync through a PostgreSQL on this one, and what the app notices of it.

    python -m tests.benchmarks.sync [--turns N]

makes a library of generated conversations (100,000 turns by default), sends it to a new hub with `sync --follow`, as
the app starts it, and reads it on a second machine. Searches run meanwhile, and without sync in the same run. Prints
a table with what each figure must be; ends with 1 if one is not.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.benchmarks.library import QUERIES, Figure, build, percentile
from tests.support.environment import clean_environment
from tests.support.postgres import running_postgres
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.sync.exchange import Exchange
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.identity import SyncFiles, new_device
from tui_chat.sync.seal import SpaceKey

_TURNS_A_CONVERSATION = 10


class Machine:
    """A data folder with a library that syncs."""

    def __init__(self, folder: Path, url: str, key: SpaceKey) -> None:
        self.folder = folder
        self._url = url
        self._key = key

    async def start(self, store: Store) -> None:
        """Have everything in the library sent, and everything on the hub read."""
        await store.replica.start(str(self._key.space), new_device())
        files = SyncFiles(self.folder / DATABASE)
        files.write(files.key, self._key.text)
        (self.folder / "config.toml").write_text(f'[sync]\nurl = "{self._url}"\n')

    def follow(self) -> "subprocess.Popen[bytes]":
        """Start the sync process as the app does."""
        place = ("--data-dir", str(self.folder), "--config", str(self.folder / "config.toml"))
        return subprocess.Popen(
            [sys.executable, "-m", "tui_chat", *place, "sync", "--follow"], env=clean_environment(self.folder)
        )


async def searches_ms(store: Store, is_over: Callable[[], Awaitable[bool]]) -> list[float]:
    """Return how long searches took until it is over, one after the other with a short rest."""
    took: list[float] = []
    while True:
        for query in QUERIES:
            start_s = time.perf_counter()
            await store.search(query)
            took.append((time.perf_counter() - start_s) * 1000)
            await asyncio.sleep(0.02)
        if await is_over():
            return took


async def three_rounds(store: Store) -> list[float]:
    """Return how long each search takes without sync."""
    rounds = iter(range(3))

    async def is_over() -> bool:
        return next(rounds) == 2

    return await searches_ms(store, is_over)


async def sync_beside(machine: Machine, store: Store, turns: int, name: str, bound: float) -> list[Figure]:
    """Run the sync process until it is done; return its speed, and what searches took meanwhile."""
    figures: list[Figure] = []
    start_s = time.perf_counter()
    process = machine.follow()
    try:

        async def is_over() -> bool:
            assert process.poll() is None, "the sync process ended"
            state = await store.replica.state()
            assert state is not None
            stats = await store.stats()
            return state.is_shared and not state.to_send and stats.turns >= turns and state.cursor > 0

        took = await searches_ms(store, is_over)
    finally:
        process.kill()
        process.wait()
    spent_s = time.perf_counter() - start_s
    figures.append(Figure(f"{name}, seconds", spent_s, "s"))
    figures.append(Figure(f"{name}, turns a second", turns / spent_s, "/s"))
    figures.append(Figure(f"search p95 meanwhile, {name}", percentile(took, 0.95), "ms", most=bound))
    return figures


async def applying(folder: Path, url: str, key: SpaceKey, turns: int) -> list[Figure]:
    """Read everything in this process; return how long each transaction held the file."""
    store = await Store.open(folder / DATABASE)
    hub = PostgresHub(url, key)
    held_ms: list[float] = []

    async def pause(seconds: float) -> None:
        held_ms.append(seconds * 1000)

    try:
        await store.replica.start(str(key.space), new_device())
        start_s = time.perf_counter()
        await Exchange(store.replica, hub, key, pause).cycle()
        spent_s = time.perf_counter() - start_s
    finally:
        await hub.aclose()
        await store.aclose()
    return [
        Figure("read without a pause, turns a second", turns / spent_s, "/s"),
        Figure("applying, p50 of a transaction", percentile(held_ms, 0.5), "ms"),
        Figure("applying, p99 of a transaction", percentile(held_ms, 0.99), "ms", most=40),
    ]


async def hub_alone(url: str, key: SpaceKey) -> list[Figure]:
    """Return how fast the hub gives all its records, in pages."""
    hub = PostgresHub(url, key)
    count, since, start_s = 0, 0, time.perf_counter()
    while records := (await hub.pull(since, None, 1000, 1 << 20)).records:
        count, since = count + len(records), records[-1].seq
    spent_s = time.perf_counter() - start_s
    await hub.aclose()
    return [Figure("records pulled a second, hub alone", count / spent_s, "/s"), Figure("records", count, "")]


async def measure(folder: Path, turns: int) -> list[Figure]:
    """Return all figures."""
    figures: list[Figure] = []
    with running_postgres("") as postgres:
        url, key = postgres.new_database("bench"), SpaceKey.new()
        await install(url)
        hub = PostgresHub(url, key)
        await hub.create_space()
        await hub.aclose()
        first, second = Machine(folder / "first", url, key), Machine(folder / "second", url, key)
        store = await build(first.folder / DATABASE, turns // _TURNS_A_CONVERSATION, turns)
        total = (await store.stats()).turns
        alone = percentile(await three_rounds(store), 0.95)
        figures.append(Figure("search p95, sync off", alone, "ms"))
        await first.start(store)
        figures += await sync_beside(first, store, total, "first push", 50)
        await store.aclose()
        other = await Store.open(second.folder / DATABASE)
        await second.start(other)
        figures += await sync_beside(second, other, total, "first read", 50)
        figures.append(Figure("search p95 on it, sync off", percentile(await three_rounds(other), 0.95), "ms"))
        await other.aclose()
        figures += await hub_alone(url, key)
        figures += await applying(folder / "third", url, key, total)
        size = postgres.run("SELECT pg_total_relation_size('tui_chat.record')", database="bench")[0][0]
        figures.append(Figure("bytes a turn on the hub", int(str(size)) / total, "B"))
    return figures


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sync", description=__doc__)
    parser.add_argument("--turns", type=int, default=100_000)
    asked = parser.parse_args()
    print(f"load before {os.getloadavg()[0]:.2f}, {asked.turns:,} turns")
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), asked.turns))
    for figure in figures:
        bound = f"at most {figure.most:g}" if figure.most is not None else ""
        print(f"{figure.name:<45} {figure.value:>12,.1f} {figure.unit:<4} {bound}")
    return int(any(figure.most is not None and figure.value > figure.most for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
