"""The sync process killed at random moments, on two computers: the next one ends where an undisturbed one would.

`TUI_CHAT_SYNC_KILLS` sets how often; a long run kills 500 times.
"""

import asyncio
import os
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.storage.make import conversation, prompt, reply
from tests.sync.computers import Computer, canonical
from tui_chat.storage.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow]
KILLS = int(os.environ.get("TUI_CHAT_SYNC_KILLS", "20"))
SEED = int(os.environ.get("TUI_CHAT_SYNC_SEED", "19"))
LATEST_S = 1.6
"""About as long as a process needs to start and to exchange."""


async def write(computer: Computer, rng: random.Random, number: int) -> None:
    """Do on a computer what a user does, in the file alone."""
    store = await Store.open(computer.data / "conversations.db")
    try:
        known = await store.summaries(limit=1000)
        name = f"{computer.home.name}-{number}"
        talk = rng.choice(known) if known and rng.random() < 0.7 else None
        if talk is None:
            await store.create(conversation(name, prompt(f"{name}-p"), reply(f"{name}-r", f"{name}-p"), title=name))
            return
        whole = await store.conversation(talk.id)
        parent = rng.choice([turn.id for turn in whole.turns])
        turns = prompt(f"{name}-p", parent), reply(f"{name}-r", f"{name}-p")
        await store.append(whole.id, turns, head=f"{name}-r")
        if rng.random() < 0.3:
            await store.rename(whole.id, f"renamed {name}")
    finally:
        await store.aclose()


@pytest.mark.timeout(120 + 8 * KILLS)
def test_killed_sync_processes_lose_nothing(tmp_path: Path, database: str) -> None:
    rng = random.Random(SEED)
    laptop, workstation = Computer(tmp_path / "laptop"), Computer(tmp_path / "workstation")
    laptop.run("sync", "init", database)
    workstation.run("sync", "join", database, "--key", "-", stdin=laptop.run("sync", "key"))
    written = 0
    for number in range(KILLS):
        computer = rng.choice((laptop, workstation))
        for _ in range(rng.randrange(1, 4)):
            asyncio.run(write(computer, rng, written))
            written += 1
        with computer.running("sync", "--follow") as process:
            if number % 4 == 0:  # also while the app writes
                asyncio.run(write(computer, rng, written))
                written += 1
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0.3, LATEST_S))
                pytest.fail("the sync process ended by itself")
    for computer in (laptop, workstation, laptop):
        computer.run("sync")
    first, second = canonical(laptop), canonical(workstation)
    assert first == second
    turns = [turn for talk in first.values() for turn in talk["turns"]]
    assert len(turns) == 2 * written
    print(f"{KILLS} kills, {len(turns)} turns on both machines")
    for computer in (laptop, workstation):
        assert computer.run("sync", "verify").startswith("All equal:")
        assert "problem" not in computer.run("sync", "status").split()
        computer.run("doctor", "--offline")
