"""How fast machines sync through a PostgreSQL on this one, and how much slower the app gets.

    python -m tests.benchmarks.sync [--turns N]

makes a library of generated conversations (100,000 turns by default), sends it to a new hub with `sync --follow`, as
the app starts it, and reads it on a second machine. Searches run meanwhile, as in an app in use, and afterwards.
Prints a table with what each figure must be; ends with 1 if one is not.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.library import QUERIES, Figure, build, percentile
from tests.support.environment import clean_environment
from tests.support.postgres import running_postgres
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.storage.sync_state import ReplicaState
from tui_chat.sync.exchange import Exchange
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.identity import SyncFiles, new_device
from tui_chat.sync.process import note_use
from tui_chat.sync.seal import SpaceKey

_TURNS_A_CONVERSATION = 10
SEARCHED_S = 15.0


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


async def search_p95_ms(store: Store, seconds: float, used: Path | None = None) -> float:
    """Return what searches take, one after the other with a short rest; `used` is a database whose app is used."""
    took: list[float] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        for query in QUERIES:
            if used is not None:
                note_use(used)
            start_s = time.perf_counter()
            await store.search(query)
            took.append((time.perf_counter() - start_s) * 1000)
            await asyncio.sleep(0.02)
    return percentile(took, 0.95)


async def sync_while_searching(machine: Machine, store: Store, turns: int, name: str) -> list[Figure]:
    """Run the sync process until it is done; return its speed, and what searches take in the middle and after it."""
    process = machine.follow()
    try:
        start_s = time.perf_counter()
        await until(process, store, lambda state, count: state.to_send > 0 or count > turns * 2 // 3)
        spent_s = time.perf_counter() - start_s
        before = (await state_of(store)).cursor
        meanwhile = await search_p95_ms(store, SEARCHED_S, machine.folder / DATABASE)
        records = (await state_of(store)).cursor - before
        assert not is_synced(await state_of(store), (await store.stats()).turns, turns), (
            "too few turns to search meanwhile"
        )
        start_s = time.perf_counter()
        await until(process, store, lambda state, count: is_synced(state, count, turns))
        spent_s += time.perf_counter() - start_s
    finally:
        process.kill()
        process.wait()
    off = await search_p95_ms(store, SEARCHED_S)
    return [
        Figure(f"{name}, seconds while the app is not used", spent_s, "s"),
        Figure(f"{name}, records a second while it is used", records / SEARCHED_S, "/s"),
        Figure(f"search p95, {name}", meanwhile, "ms", most=50),
        Figure(f"search p95, after {name}", off, "ms"),
        Figure(f"search p95, {name} / after it", meanwhile / off, "", most=1.1),
    ]


def is_synced(state: ReplicaState, count: int, turns: int) -> bool:
    """Return whether all has arrived, and all is sent."""
    return state.is_shared and not state.to_send and count >= turns and state.cursor > 0


async def state_of(store: Store) -> ReplicaState:
    state = await store.replica.state()
    assert state is not None
    return state


async def until(
    process: "subprocess.Popen[bytes]", store: Store, condition: Callable[[ReplicaState, int], bool]
) -> None:
    """Wait until sync has come so far; looks seldom, since each look costs the same processor."""
    while not condition(await state_of(store), (await store.stats()).turns):
        assert process.poll() is None, "the sync process ended"
        await asyncio.sleep(0.25)


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
        await first.start(store)
        figures += await sync_while_searching(first, store, total, "first push")
        await store.aclose()
        other = await Store.open(second.folder / DATABASE)
        await second.start(other)
        figures += await sync_while_searching(second, other, total, "first read")
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
