"""What the app loses by sync: from a token to the screen, and what kill -9 costs, with hubs in every bad state.

    python -m tests.benchmarks.beside_sync [--runs N] [--turns N]

runs the app on a library of generated conversations without sync, and with a hub that answers after 2 s, is silent,
refuses connections, or takes a first sync meanwhile. The runs take turns, so that a busy machine troubles them all.
Prints medians and their ratio to sync off; ends with 1 if one is above 1.1.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread

from tests.benchmarks.library import build, percentile
from tests.benchmarks.session import WARM_UP, Session
from tests.benchmarks.subjects.product import PRODUCT
from tests.benchmarks.sync import Machine
from tests.support.postgres import Postgres, running_postgres
from tests.support.relay import Faults, Relay
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.seal import SpaceKey

PLACES: dict[str, Faults | None] = {
    "sync off": None,
    "hub at 2 s": Faults(latency_s=1.0),
    "hub silent": Faults(is_silent=True),
    "hub away": Faults(is_down=True),
    "first sync": Faults(),
}
TOKENS = 400
MOST = 1.1


@contextmanager
def relay_to(postgres: Postgres, faults: Faults) -> Iterator[int]:
    """Run a relay on a thread; yield its port."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    relay = Relay(postgres.port, faults)
    asyncio.run_coroutine_threadsafe(relay.__aenter__(), loop).result(10)
    try:
        yield relay.port
    finally:
        asyncio.run_coroutine_threadsafe(relay.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def prepare(data: Path, url: str | None, key: SpaceKey, turns: int) -> None:
    """Make the app's library; with an address, one that is to be synced."""
    store = await build(data / DATABASE, max(1, turns // 10), turns)
    if url is not None:
        await Machine(data, url, key).start(store)
        place = data.parent / ".config/tui-chat"
        place.mkdir(parents=True)
        (data / "config.toml").rename(place / "config.toml")
    await store.aclose()


async def stored_reply(data: Path) -> str:
    """Return the text of the reply that was streaming, as it is stored."""
    store = await Store.open(data / DATABASE)
    try:
        (turn_id,) = store.opening.interrupted
        rows = await store.summaries(limit=100)
        found = [await store.conversation(row.id) for row in rows]
        return next(one.turn(turn_id).text for one in found if one.has(turn_id))
    finally:
        await store.aclose()


def run(url: str | None, key: SpaceKey, turns: int) -> tuple[float, float]:
    """Run the app once; return the p95 from a token to the screen, and what kill -9 lost, both in milliseconds."""
    folders: list[Path] = []

    def made(data: Path) -> None:
        folders.append(data)
        asyncio.run(prepare(data, url, key, turns))

    with Session(PRODUCT, made) as session:
        session.ask(WARM_UP)
        (window,) = session.ask(f"bench {TOKENS}@100")
        session.send("bench 3000@100")
        session.terminal.rest(3.1)
        killed = time.monotonic_ns()
        os.kill(session.terminal.pid, signal.SIGKILL)
        while not any(one["event"] == "closed" for one in session.server.events):
            session.server.read()
        time.sleep(0.2)  # then it notes what it has written
        text = asyncio.run(stored_reply(folders[0]))
    times, _ = session.latencies_ms(window)
    kept = [at for word, at in session.written.items() if window.ended < at <= killed and word in text]
    lost_ms = (killed - max(kept)) / 1e6 if kept else float("inf")
    return percentile(times, 0.95), lost_ms


def measure(runs: int, turns: int) -> dict[str, tuple[float, float]]:
    """Return the medians of all places."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in PLACES}
    with running_postgres() as postgres:
        for number in range(runs):
            for place, faults in PLACES.items():
                if faults is None:
                    found[place].append(run(None, SpaceKey.new(), turns))
                    continue
                name, key = f"beside_{number}_{list(PLACES).index(place)}", SpaceKey.new()
                asyncio.run(new_space(postgres.new_database(name), key))
                with relay_to(postgres, faults) as port:
                    found[place].append(run(postgres.url("postgres", name, tcp=True, port=port), key, turns))
    return {
        place: (median(p95 for p95, _ in some), median(lost for _, lost in some)) for place, some in found.items()
    }


async def new_space(url: str, key: SpaceKey) -> None:
    """Set the hub up."""
    await install(url)
    hub = PostgresHub(url, key)
    await hub.create_space()
    await hub.aclose()


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.beside_sync", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--turns", type=int, default=20_000)
    asked = parser.parse_args()
    print(f"load before {os.getloadavg()[0]:.2f}, {asked.turns:,} turns, {asked.runs} runs")
    figures = measure(asked.runs, asked.turns)
    off_p95, off_lost = figures["sync off"]
    print(f"{'':<12} {'token → screen p95, ms':>24} {'ratio':>7} {'kill -9 loses, ms':>19} {'ratio':>7}")
    for place, (p95, lost) in figures.items():
        print(f"{place:<12} {p95:>24.1f} {p95 / off_p95:>7.2f} {lost:>19.0f} {lost / off_lost:>7.2f}")
    return int(any(p95 > MOST * off_p95 for p95, _ in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
