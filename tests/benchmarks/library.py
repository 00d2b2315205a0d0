"""How a large library behaves next to a small one, and search next to reading everything.

    python -m tests.benchmarks.library [--conversations N] [--turns M] [--keep DIR] [--screen]

makes a library of generated conversations (by default 2,000 with 20,000 turns; the full size is 100,000 with
1,000,000 and takes about a quarter of an hour), measures it, and prints a table with what each figure must be. Ends
with 1 if one is not. With --keep the library stays in DIR and is used again by the next run; with --screen only the
app's own library screen is measured, in a terminal, from the key to the glass.
"""

import argparse
import asyncio
import math
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import mean, median

from tests.benchmarks import generated
from tests.benchmarks.emulator import Screen
from tests.benchmarks.replay import first_frame
from tests.benchmarks.session import environment
from tests.benchmarks.subjects import product
from tests.benchmarks.terminal import COLUMNS, LINES, Broken, Terminal
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.storage import search_index
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

LONG_TURNS = 10_000
SMALL_TURNS = 1_000
LARGE = 500_000
"""Turns from which on reading everything takes so long that search must be far ahead of it."""
_LOOKS = 21
_START_S, _SETTLE_S = 4.0, 1.0
QUERIES = (
    "the",
    "stream",
    "config error",
    "strcon",
    "c",
    "co",
    "strea",
    '"the function"',
    '"index of the table"',
    "conder_gra",
    "ForNerVer",
    "的",
    "的一",
    "民得",
    "role:user database",
    "model:opus cache memory",
    "after:2023-06 before:2024-02 thread",
    "title:query await",
    "install package version module",
    "nowhere_to_be_found",
)
"""Common and rare words, beginnings, phrases, identifiers, one and two characters, filters, and nothing at all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and what it must be."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def is_met(self) -> bool:
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    def __str__(self) -> str:
        bar = "" if self.most is None else f"≤ {self.most:g}"
        bar = bar if self.least is None else f"≥ {self.least:g}"
        return f"{self.name:<58} {self.value:>12,.2f} {self.unit:<6} {bar:>10} {'' if self.is_met else 'MISSED'}"


async def build(path: Path, conversations: int, turns: int, *, prefix: str = "c") -> Store:
    """A library in a file; many conversations to a transaction, as one alone costs a sync of the disk."""
    store = await Store.open(path)
    made: Iterator[Conversation] = generated.library(conversations, turns, prefix=prefix)
    while batch := list(islice(made, 500)):
        await store.save_all(batch)
    return store


async def timed_ms(what: Callable[[], Awaitable[object]]) -> float:
    """How long it takes, seen from the event loop."""
    began = time.perf_counter()
    await what()
    return (time.perf_counter() - began) * 1000


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


async def searching(store: Store, path: Path, turns: int) -> list[Figure]:
    """The first page with snippets for each query, and the same words by reading everything."""
    least = 20 if turns >= LARGE else None
    ours: list[float] = []
    for query in QUERIES:
        times = [await timed_ms(partial(store.search, query, limit=20)) for _ in range(3)]
        ours.append(median(times))
        print(f"    {query:<40} {ours[-1]:>8.1f} ms  {len(await store.search(query, limit=20)):>3} hits", flush=True)
    read = await asyncio.to_thread(scans_ms, path)
    return [
        Figure("search, median of 20 queries", median(ours), "ms"),
        Figure("search, p95", percentile(ours, 0.95), "ms", most=50),
        Figure("search, slowest", max(ours), "ms"),
        Figure("LIKE scan, median of 20 queries", median(read), "ms"),
        Figure("LIKE scan, p95", percentile(read, 0.95), "ms"),
        Figure("LIKE scan p95 ÷ search p95", percentile(read, 0.95) / percentile(ours, 0.95), "×", least=least),
    ]


def scans_ms(path: Path) -> list[float]:
    """The same words sought by LIKE, newest first, in a connection of its own."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    scan = "SELECT id, text FROM turn WHERE {} ORDER BY seq DESC LIMIT 20"
    times = []
    for query in QUERIES:
        words = [word for word in query.replace('"', "").split() if ":" not in word]
        wanted = [f"%{query.strip(chr(34))}%"] if query.startswith('"') else [f"%{word}%" for word in words]
        began = time.perf_counter()
        db.execute(scan.format(" AND ".join("text LIKE ?" for _ in wanted)), wanted).fetchall()
        times.append((time.perf_counter() - began) * 1000)
    db.close()
    return times


async def browsing(store: Store) -> list[Figure]:
    """The list, its filter, and a very long conversation."""
    words = generated.Words(3)
    long = generated.one(words, "long", LONG_TURNS, generated.START)
    await store.save(long)
    first = [await timed_ms(lambda: store.summaries(limit=50)) for _ in range(5)]
    filtered = [await timed_ms(lambda: store.summaries(limit=50, matching="query await")) for _ in range(5)]
    opened = [await timed_ms(lambda: store.conversation("long")) for _ in range(5)]
    return [
        Figure("first page of the list", median(first), "ms", most=20),
        Figure("the list filtered by two words of the title", median(filtered), "ms", most=50),
        Figure(f"a conversation of {LONG_TURNS:,} turns", median(opened), "ms", most=100),
    ]


async def adding(large: Store, small: Store, rounds: int = 150) -> list[Figure]:
    """A prompt with its reply, started and finished, in both libraries in turn."""
    words = generated.Words(5)
    times: dict[Store, list[float]] = {small: [], large: []}
    heads: dict[Store, str | None] = {small: None, large: None}
    run = time.time_ns()
    for store in times:
        await store.save(generated.one(words, f"adding-{run}", 0, generated.START))
    for number in range(rounds):
        prompt = Turn(
            f"p{number}", None, Role.USER, (TextPart(words.text(25)),), TurnStatus.COMPLETE, generated.START
        )
        text = (TextPart(words.text(200)),)
        reply = Turn(
            f"r{number}", f"p{number}", Role.ASSISTANT, (), TurnStatus.STREAMING, generated.START, "demo/tour"
        )
        ended = replace(reply, parts=text, status=TurnStatus.COMPLETE)
        for store, taken in times.items():
            asked = replace(prompt, parent_id=heads[store])

            taken.append(await timed_ms(partial(add, store, f"adding-{run}", asked, ended)))
            heads[store] = ended.id
    few, many = times[small], times[large]
    return [
        Figure(f"a prompt and its reply among {SMALL_TURNS:,} turns, median", median(few), "ms"),
        Figure("the same in the library, median", median(many), "ms"),
        Figure("ratio of medians", median(many) / median(few), "×", most=1.5),
        Figure("ratio of means", mean(many) / mean(few), "×"),
        Figure("the same in the library, p95", percentile(many, 0.95), "ms"),
        Figure("the same in the library, slowest", max(many), "ms"),
    ]


async def add(store: Store, conversation_id: str, prompt: Turn, reply: Turn) -> None:
    """One exchange, as the service stores it."""
    started = replace(reply, parts=(), status=TurnStatus.STREAMING)
    await store.append(conversation_id, [prompt, started], head=reply.id)
    await store.finish(reply)


async def indexing(store: Store, path: Path) -> list[Figure]:
    """How large the index is, and how long it takes to build."""

    def size(db: sqlite3.Connection) -> float:
        pages = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'search%'"
        return float(db.execute(pages).fetchone()[0])

    def text(db: sqlite3.Connection) -> float:
        return float(db.execute("SELECT sum(length(CAST(text AS BLOB))) FROM turn").fetchone()[0])

    index_mb, text_mb = (await store._read(size)) / 1e6, (await store._read(text)) / 1e6
    whole_mb = path.stat().st_size / 1e6
    taken_s = await timed_ms(lambda: store._write(search_index.rebuild)) / 1000
    return [
        Figure("text", text_mb, "MB"),
        Figure("database", whole_mb, "MB"),
        Figure("index", index_mb, "MB"),
        Figure("index ÷ text", index_mb / text_mb, "×"),
        Figure("building the index again", taken_s, "s"),
    ]


def looking(folder: Path) -> list[Figure]:
    """The library screen in a terminal: from the key to its first page, and from a letter to its titles."""
    page: list[float] = []
    found: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal(product.command(folder, "--demo"), environment(Path(home)), None)
        try:
            terminal.until(lambda: terminal.chunks, "first output", 60)
            terminal.rest(_START_S)
            for _ in range(_LOOKS):
                page.append(_drawn_ms(terminal, product.LIBRARY))
                found.append(_drawn_ms(terminal, "q"))
                for key in ("\x1b", "\x1b"):
                    terminal.type(key)
                    terminal.rest(_SETTLE_S)
        finally:
            terminal.close()
    return [
        Figure("library screen: key → first page drawn, the first time", page[0], "ms", most=100),
        Figure("library screen: key → first page drawn, median", median(page), "ms"),
        Figure("library screen: key → first page drawn, p95", percentile(page, 0.95), "ms", most=100),
        Figure("library screen: key → first page drawn, slowest", max(page), "ms"),
        Figure("a letter in its search → page drawn, median", median(found), "ms", most=150),
    ]


def _drawn_ms(terminal: Terminal, key: str) -> float:
    """From a key to the first whole page of titles with another count above it."""
    before = _counted(_rows_at(terminal))
    pressed = terminal.type(key)
    terminal.rest(_SETTLE_S)

    def is_drawn(rows: Sequence[str]) -> bool:
        counted = _counted(rows)
        return bool(counted) and counted != before and sum(bool(row.strip()) for row in rows) > LINES - 8

    if (drawn := first_frame(terminal.chunks, pressed, Screen(COLUMNS, LINES), is_drawn)) is None:
        raise Broken(f"the page was never drawn: {terminal.last_words()}")
    return (drawn - pressed) / 1e6


def _counted(rows: Sequence[str]) -> str:
    """How many conversations there are by the screen; nothing on another screen."""
    match = re.search(r"Conversations ([\d,]+)", "\n".join(rows))
    return match[1] if match and match[1] != "0" else ""


def _rows_at(terminal: Terminal) -> list[str]:
    screen = Screen(COLUMNS, LINES)
    for _, data in terminal.chunks:
        screen.feed(data)
    return list(screen.display)


async def measure(folder: Path, conversations: int, turns: int, *, only_screen: bool = False) -> bool:
    """Print the table; whether every figure is what it must be."""
    path = folder / f"library-{conversations}-{turns}" / DATABASE
    began = time.perf_counter()
    store = await (Store.open(path) if path.exists() else build(path, conversations, turns))
    built_s = time.perf_counter() - began
    held = await store.count()
    print(f"{held:,} conversations, {turns:,} turns, SQLite {sqlite3.sqlite_version}\n")
    figures = [Figure("making or opening the library", built_s, "s")]
    figures += await asyncio.to_thread(looking, path.parent)
    if not only_screen:
        small = await build(folder / f"small-{time.time_ns()}" / DATABASE, 100, SMALL_TURNS)
        figures += await searching(store, path, turns)
        figures += await browsing(store)
        figures += await adding(store, small)
        figures += await indexing(store, path)
        await small.aclose()
    await store.aclose()
    print()
    for figure in figures:
        print(figure)
    return all(figure.is_met for figure in figures)


def main() -> int:
    """Take the command line apart."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--conversations", type=int, default=2_000)
    asked.add_argument("--turns", type=int, default=20_000)
    asked.add_argument("--keep", type=Path)
    asked.add_argument("--screen", action="store_true")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        wanted = measure(folder, options.conversations, options.turns, only_screen=options.screen)
        met = asyncio.run(wanted)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
