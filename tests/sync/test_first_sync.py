"""A first sync of a large library: killed in the middle on both sides it goes on, and its memory stays flat.

`TUI_CHAT_SYNC_TURNS=100000` makes it large.
"""

import asyncio
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.benchmarks.library import build
from tests.benchmarks.sync import Machine, is_synced
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.storage.sync_state import ReplicaState
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.seal import SpaceKey
from tui_chat.sync.verify import compare

pytestmark = [pytest.mark.real, pytest.mark.slow]
TURNS = int(os.environ.get("TUI_CHAT_SYNC_TURNS", "3000"))
KILLS = 3
MOST_GROWTH_MB = 40


def memory_mb(process: "subprocess.Popen[bytes]") -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def state_of(store: Store) -> ReplicaState:
    state = await store.replica.state()
    assert state is not None
    return state


async def exchange_all(machine: Machine, store: Store, turns: int, last: int) -> list[float]:
    """Run the sync process until all is exchanged, killed several times on the way; return its memory meanwhile.

    `last` is the number of the hub's last record.
    """
    memory: list[float] = []
    for kill in range(KILLS + 1):
        start = (await state_of(store)).cursor
        process = machine.follow()
        try:
            while True:
                state = await state_of(store)
                if state.cursor >= last and is_synced(state, (await store.stats()).turns, turns):
                    return memory
                assert process.poll() is None, "the sync process ended"
                memory.append(memory_mb(process))
                if kill < KILLS and state.cursor > start + turns // (2 * KILLS):
                    break
                await asyncio.sleep(0.1)
        finally:
            process.kill()
            process.wait()
    raise AssertionError("the last process was killed as well")


@pytest.mark.timeout(300 + TURNS // 50)
async def test_first_sync_goes_on_after_kills_with_flat_memory(tmp_path: Path, database: str) -> None:
    key = SpaceKey.new()
    await install(database)
    hub = PostgresHub(database, key)
    await hub.create_space()
    stores = [
        await build(tmp_path / "full" / DATABASE, TURNS // 10, TURNS),
        await Store.open(tmp_path / "new" / DATABASE),
    ]
    try:
        turns = (await stores[0].stats()).turns
        for store, name in zip(stores, ("full", "new"), strict=True):
            machine = Machine(tmp_path / name, database, key)
            await machine.start(store)
            start_s = time.perf_counter()
            memory = await exchange_all(machine, store, turns, (await state_of(stores[0])).cursor)
            spent_s, settled = time.perf_counter() - start_s, sorted(memory)[len(memory) // 2]
            print(f"{name}: {turns:,} turns in {spent_s:.1f} s, {settled:.0f} MB, at most {max(memory):.0f} MB")
            assert max(memory) < settled + MOST_GROWTH_MB
            assert (await compare(store.replica, hub, key)).is_equal
            assert (await store.check()).is_healthy
    finally:
        await hub.aclose()
        for store in stores:
            await store.aclose()
