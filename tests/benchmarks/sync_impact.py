"""What the app loses by sync: search, from a token to the screen, and what kill -9 costs, whatever the hub does.

    python -m tests.benchmarks.sync_impact [--quick] [--runs N] [--turns N] [--hub-turns N]

runs the app in a terminal, with its own sync process, on a copy of one library of generated conversations: without
sync, the same once more as a control, with a hub that ends each connection, is silent or answers after 2 s, and while
a first sync runs: the app's own 20,000 turns are sent, or 100,000 of another machine are read. The runs take turns,
every other round backwards, so that a busy machine troubles all of them. In each run

search          20 queries again and again, as from an app that is used; p95
token → screen  from the server's write of a token to the screen that shows it; p95
kill -9 loses   the age of what is stored of a streaming reply, at a hundred moments a second, p95; at the last one
                the app is killed, and what was stored before must be in the reply that is found
holds           from the lock of each transaction of the sync process until its commit has returned

A cell is the median of the runs, and the median of the ratios to "sync off" in the same round with their extremes.
Ends with 1 if the median of a ratio is above 1.10, or the p99 of the transactions that apply records above 40 ms;
fewer than three rounds give no verdict. About nine minutes; --quick, with one round of small libraries, two.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Thread

from tests.benchmarks.library import QUERIES, percentile
from tests.benchmarks.session import WARM_UP, Session
from tests.benchmarks.stored_words import StoredWords
from tests.benchmarks.subjects.product import PRODUCT
from tests.benchmarks.sync_places import OFF, PLACES, Libraries, Place
from tests.support.postgres import running_postgres
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.sync.process import note_use

MOST_RATIO = 1.1
MOST_HELD_MS = 40.0
ENOUGH_ROUNDS = 3
"""With fewer, a ratio shows nothing but noise."""
_RECORDING = Path(__file__).parent / "recorded_holds"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    turns: int
    hub_turns: int
    tokens: int
    seconds: float
    """Of searching, and of a reply that is killed then."""


FULL = Plan(5, 20_000, 100_000, 400, 3.0)
QUICK = Plan(1, 3_000, 15_000, 250, 2.0)


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run, in milliseconds."""

    search: float
    token: float
    lost: float
    held: Sequence[float] = field(default=())

    @property
    def figures(self) -> tuple[float, float, float]:
        """Return those that have a ratio to sync off."""
        return self.search, self.token, self.lost


async def search_ms(data: Path, seconds: float, took: list[float]) -> None:
    """Search, one query after the other with a short rest, and note the use as the app does."""
    store = await Store.open(data / DATABASE)
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        for query in QUERIES:
            note_use(data / DATABASE)
            start_s = time.perf_counter()
            await store.search(query)
            took.append((time.perf_counter() - start_s) * 1000)
            await asyncio.sleep(0.01)
    await store.aclose()


async def check(data: Path, place: Place, stored: str, before: tuple[int, int]) -> None:
    """Check that the kill lost nothing that was stored, and that records were exchanged until then."""
    store = await Store.open(data / DATABASE)
    try:
        (turn_id,) = store.opening.interrupted
        rows = await store.summaries(limit=1)
        turn = (await store.conversation(rows[0].id)).turn(turn_id)
        assert stored in turn.text, f"{place.name}: {stored} was stored and is lost"
    finally:
        await store.aclose()
    if place.must_go_on:
        cursor, to_send = await standing(data)
        assert to_send > 0, f"{place.name}: all was sent before the end; take more turns"
        is_moving = cursor > before[0] if place.is_full else to_send < before[1]
        assert is_moving, f"{place.name}: nothing was exchanged meanwhile"


async def standing(data: Path) -> tuple[int, int]:
    """Return how far the replica has read, and how much it has to send."""
    store = await Store.open(data / DATABASE)
    state = await store.replica.state()
    await store.aclose()
    return (0, 0) if state is None else (state.cursor, state.to_send)


def measure_once(libraries: Libraries, place: Place, plan: Plan) -> Run:
    """Run the app once."""
    with libraries.hub_for(place) as url, tempfile.NamedTemporaryFile("r") as holds:
        folders: list[Path] = []

        def made(data: Path) -> None:
            folders.append(data)
            libraries.copy_to(data, url)

        with Session(PRODUCT, made, {"PYTHONPATH": str(_RECORDING), "HOLDS": holds.name}) as session:
            data = folders[0]
            before = asyncio.run(standing(data))
            session.ask(WARM_UP)
            (window,) = session.ask(f"bench {plan.tokens}@130")
            searched = list[float]()
            thread = Thread(target=lambda: asyncio.run(search_ms(data, plan.seconds, searched)))
            thread.start()
            while thread.is_alive():
                session.terminal.rest(0.1)
            session.send("bench 3000@200")
            with StoredWords(data / DATABASE) as stored:
                session.terminal.rest(plan.seconds)
            killed = time.monotonic_ns()
            os.kill(session.terminal.pid, signal.SIGKILL)
            while not any(one["event"] == "closed" for one in session.server.events):
                session.server.read()
            asyncio.run(check(data, place, stored.last[-1][1], before))
            time.sleep(0.2)  # then the server notes what it has written
        times, _ = session.latencies_ms(window)
        lost = stored.lost_ms(session.written, killed)
        held = [float(line) * 1000 for line in holds.read().split()]
        return Run(percentile(searched, 0.95), percentile(times, 0.95), percentile(lost, 0.95), held)


def measure(plan: Plan) -> dict[str, list[Run]]:
    """Return the runs of all places, which take turns."""
    found: dict[str, list[Run]] = {place.name: [] for place in PLACES}
    with running_postgres() as postgres, tempfile.TemporaryDirectory(prefix="sync-impact-") as folder:
        libraries = Libraries(Path(folder), postgres)
        start_s = time.monotonic()
        asyncio.run(libraries.make(plan.turns, plan.hub_turns))
        print(f"libraries made in {time.monotonic() - start_s:.0f} s", flush=True)
        for number in range(plan.rounds):
            for place in PLACES if number % 2 == 0 else PLACES[::-1]:
                found[place.name].append(run := measure_once(libraries, place, plan))
                cells = (f"{value:.1f}" for value in run.figures)
                print(f"  round {number + 1}, {place.name}: {' · '.join(cells)} ms", flush=True)
    return found


def table(found: dict[str, list[Run]]) -> tuple[list[str], bool]:
    """Return the rows of the table, and whether all figures are what they must be."""
    rows = [f"{'':<15} {'search p95':>25} {'token → screen p95':>25} {'kill -9 loses p95':>25}   sync process holds"]
    is_met = True
    for place in PLACES:
        runs, cells = found[place.name], []
        for which in range(3):
            values = [run.figures[which] for run in runs]
            ratios = [run.figures[which] / off.figures[which] for run, off in zip(runs, found[OFF.name], strict=True)]
            cell = f"{median(values):.1f} ms"
            if place is not OFF:
                cell += f"  {median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
                is_met &= place.faults is None or median(ratios) <= MOST_RATIO
            cells.append(f"{cell:>25}")
        held = [value for run in runs for value in run.held]
        cell = f"{len(held)} ×, p99 {percentile(held, 0.99):.0f} ms, longest {max(held):.0f} ms" if held else ""
        is_met &= not place.is_full or percentile(held, 0.99) <= MOST_HELD_MS
        rows.append(f"{place.name:<15} {' '.join(cells)}   {cell}".rstrip())
    return rows, is_met


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.sync_impact",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--turns", type=int)
    parser.add_argument("--hub-turns", type=int)
    asked = parser.parse_args()
    usual = QUICK if asked.quick else FULL
    plan = Plan(
        asked.runs or usual.rounds,
        asked.turns or usual.turns,
        asked.hub_turns or usual.hub_turns,
        usual.tokens,
        usual.seconds,
    )
    print(f"load before {os.getloadavg()[0]:.2f}; {plan.turns:,} turns here, {plan.hub_turns:,} on the hub")
    start_s = time.monotonic()
    rows, is_met = table(measure(plan))
    print("\n".join(rows))
    verdict = "met" if is_met else "MISSED"
    if plan.rounds < ENOUGH_ROUNDS:
        verdict, is_met = "too few rounds to judge", True
    print(f"ratios at most {MOST_RATIO:.2f}, first read holds at most {MOST_HELD_MS:.0f} ms at p99: {verdict}")
    print(f"load after {os.getloadavg()[0]:.2f}, {time.monotonic() - start_s:.0f} s")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
