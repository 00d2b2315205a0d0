"""Two and three machines, each in its own network namespace, and a faulty way to the hub: all end up the same."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.support.namespaces import BRIDGE_ADDRESS, Namespace, are_available, namespaces
from tests.support.postgres import Postgres
from tests.support.relay import Faults, Relay
from tests.sync.computers import Computer, canonical
from tests.sync.test_kills import write

pytestmark = [pytest.mark.real, pytest.mark.slow]
ROUNDS = int(os.environ.get("TUI_CHAT_SYNC_ROUNDS", "6"))


def random_faults(rng: random.Random) -> Faults:
    """Return what the relay does in a round."""
    kind = rng.choice(("none", "latency", "cut", "cut sent", "silent", "down"))
    return Faults(
        latency_s=rng.uniform(0.02, 0.2) if kind == "latency" else 0,
        cut_after=rng.randrange(50, 6_000) if kind == "cut" else None,
        cut_sent_after=rng.randrange(50, 6_000) if kind == "cut sent" else None,
        resets=rng.random() < 0.5,
        is_silent=kind == "silent",
        is_down=kind == "down",
    )


async def run_round(computers: list[Computer], places: list[Namespace], relay: Relay, rng: random.Random) -> None:
    """Let every machine write, and sync at the same time while the network fails."""
    relay.faults = random_faults(rng)
    exchanges = [asyncio.create_task(asyncio.to_thread(computer.call, "sync")) for computer in computers]
    for place in places:
        if rng.random() < 0.4:
            await asyncio.sleep(rng.uniform(0.2, 1.0))
            place.pull_cable()
    await asyncio.sleep(rng.uniform(0.3, 2.0))
    relay.faults = Faults()
    relay.drop()
    for place in places:
        place.plug_in()
    for done in await asyncio.gather(*exchanges):
        assert "Traceback" not in done.stderr and done.returncode != 1, done.stderr


@pytest.mark.timeout(120 + 40 * ROUNDS)
@pytest.mark.parametrize("count", [2, 3])
async def test_machines_in_namespaces_converge(tmp_path: Path, postgres: Postgres, database: str, count: int) -> None:
    if not are_available():
        pytest.skip("network namespaces need root")
    rng, written = random.Random(count), 0
    name = database.partition("?")[0].rpartition("/")[2]
    with namespaces(count) as places:
        async with Relay(postgres.port, host=BRIDGE_ADDRESS) as relay:
            url = f"postgresql://postgres@{BRIDGE_ADDRESS}:{relay.port}/{name}?sslmode=disable"
            computers = [Computer(tmp_path / place.name, place.prefix) for place in places]
            first, *others = computers
            await asyncio.to_thread(first.run, "sync", "init", url)
            key = first.run("sync", "key")
            for computer in others:
                await asyncio.to_thread(computer.run, "sync", "join", url, "--key", "-", stdin=key)
            for _ in range(ROUNDS):
                for computer in computers:
                    for _ in range(rng.randrange(1, 4)):
                        await write(computer, rng, written)
                        written += 1
                await run_round(computers, places, relay, rng)
            for computer in (*computers, *computers):
                await asyncio.to_thread(computer.run, "sync")
            found = [canonical(computer) for computer in computers]
            assert all(one == found[0] for one in found)
            assert sum(len(talk["turns"]) for talk in found[0].values()) == 2 * written
            for computer in computers:
                assert (await asyncio.to_thread(computer.run, "sync", "verify")).startswith("All equal:")
            assert relay.connections > count * ROUNDS // 2
