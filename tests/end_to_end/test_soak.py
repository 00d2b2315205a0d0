"""A long day at a run: replies, conversations opened and closed, searches; and nothing that grows with it.

`TUI_CHAT_SOAK_S` is how long it takes, in seconds; only from five minutes on does memory mean anything. With `-s` it
prints what it measured.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.serving import ModelServer
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

LENGTH_S = float(os.environ.get("TUI_CHAT_SOAK_S", "8"))
IS_LONG = LENGTH_S >= 300
EVERY_S = 3.0 if IS_LONG else 0.0
TOKENS, PER_S = (2000, 1500) if IS_LONG else (300, 0)
MOST_GROWTH = 1.1
SPARE = 2
"""So many more handles, threads or tasks may be there for a moment."""
BETWEEN_KEYS_S, SETTLED_S = 0.06, 0.2
TOLD_EVERY = 25
REPLIES_EACH = 4
"""Replies in a conversation before another is started."""
ESCAPE, ENTER, DOWN, NEW, LIBRARY, FIND, CLEAR = "\x1b", "\r", "\x1b[B", "\x0e", "\x0f", "\x06", "\x15"
OVERLAYS = {"\x1bOP": "Keys and commands", "\x1b[15~": "Conversation tree", "\x10": "Command palette"}


@dataclass(frozen=True)
class Held:
    """What the program held at one moment."""

    at_s: float
    memory_kb: int
    handles: int
    threads: int
    tasks: int
    by_name: dict[str, int]


class Day:
    """One program in a terminal and the model that answers it."""

    def __init__(self, home: Path, server: ModelServer, terminal: Terminal) -> None:
        self.server = server
        self.terminal = terminal
        self._probe = home / "probe"
        self._numbers = count()

    def until(self, seen: str | Callable[[str], bool]) -> None:
        """Wait until that is on the screen."""
        self.terminal.until(seen)
        # Only what is on the screen now is needed; an hour of output is a lot.
        self.terminal.output = b""

    def ask(self) -> None:
        """Have one reply."""
        prompt = f"bench talk{next(self._numbers)} bench {TOKENS}@{PER_S}"
        known = len(self.server.events)
        self.write(prompt)
        self.terminal.type(ENTER)
        self.until(lambda _: self._has_ended(known))
        del self.server.events[1:]
        self.until(_is_chat)

    def write(self, prompt: str) -> None:
        """Write it into the prompt, wherever the keys go now; on a busy machine they may go elsewhere once more."""
        for _ in range(20):
            # From the search one always comes to the pane.
            self.press(FIND, ESCAPE, CLEAR)
            self.terminal.type(prompt)
            self.rest(SETTLED_S)
            if _prompt_row(self.terminal.text) == f"▌ {prompt}":
                return
            self.press(ESCAPE, NEW)
            self.until("Ask anything")
        raise AssertionError(f"nothing can be written; the screen:\n{self.terminal.text}")

    def press(self, *keys: str) -> None:
        """Press keys as a person does, one after another."""
        for key in keys:
            self.terminal.type(key)
            self.rest(BETWEEN_KEYS_S)

    def rest(self, seconds: float) -> None:
        """Let the program go on by itself."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self.terminal.read(left_s)
        self.terminal.output = b""

    def _has_ended(self, known: int) -> bool:
        self.server.read_what_is_there()
        return any(event["event"] == "ended" for event in self.server.events[known:])

    def held(self) -> Held:
        """Ask the system and the program itself."""
        pid = self.terminal.process.pid
        before = self._probe.stat().st_size if self._probe.exists() else 0
        self.terminal.signal(signal.SIGUSR1)
        self.terminal.until(lambda _: self._probe.exists() and self._probe.stat().st_size > before)
        figures = json.loads(self._probe.read_text().splitlines()[-1])
        memory = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]
        handles, threads = (len([*Path(f"/proc/{pid}/{kind}").iterdir()]) for kind in ("fd", "task"))
        tasks = figures["tasks"]
        return Held(time.monotonic(), int(memory), handles, threads, sum(tasks.values()), tasks)


def _is_chat(text: str) -> bool:
    """A conversation is shown, and nothing comes in."""
    footer = text.rstrip().splitlines()[-1].strip()
    return footer.partition("  ")[0] == "anthropic/claude-sonnet-5-5" and "streaming" not in footer


def _prompt_row(text: str) -> str:
    """Return the last row of the prompt box: above the status row, or in the middle of the home."""
    rows = [row.strip() for row in text.splitlines()]
    return next((row for row in reversed(rows) if row.startswith("▌")), "")


def _search_library(day: Day) -> None:
    """Find a message, and open the conversation there."""
    day.press(LIBRARY)
    day.until("Search conversations")
    day.press("talk1", "\t", ENTER)
    day.until(_is_chat)


def _open_last_but_one(day: Day) -> None:
    day.press(LIBRARY)
    day.until("Search conversations")
    day.press(DOWN, ENTER)
    day.until(_is_chat)


def _find_here(day: Day) -> None:
    day.press(FIND, "parser", ENTER)


def _look_around(day: Day) -> None:
    for key, words in OVERLAYS.items():
        day.press(key)
        day.until(words)
        day.press(ESCAPE)
        day.until(lambda text, words=words: words not in text)


VISITS: tuple[Callable[[Day], None], ...] = (_find_here, _search_library, _look_around, _open_last_but_one)


@contextmanager
def started_day(home: Path) -> Iterator[Day]:
    server = ModelServer(home)
    environment = clean_environment(
        home,
        ANTHROPIC_API_KEY="key-for-a-test",
        ANTHROPIC_BASE_URL=f"http://127.0.0.1:{server.port}",
        TUI_CHAT_PROBE=str(home / "probe"),
    )
    command = (sys.executable, "-m", "tests.support.probe", "-m", "anthropic/claude-sonnet-5-5")
    try:
        with Terminal(command, environment=environment) as terminal:
            yield Day(home, server, terminal)
    finally:
        server.close()


def lived(day: Day) -> list[Held]:
    """Go through the day; what was held after each reply."""
    held: list[Held] = []
    visits = cycle(VISITS)
    start_s = time.monotonic()
    while time.monotonic() < start_s + LENGTH_S:
        turn_s = time.monotonic()
        day.ask()
        if len(held) % REPLIES_EACH == REPLIES_EACH - 1:
            day.terminal.type(NEW)
            day.until("Ask anything")
        else:
            visit = next(visits)
            visit(day)
            day.rest(SETTLED_S)
            if visit in (_search_library, _open_last_but_one):
                # The next prompt would make the same conversation longer every time.
                day.press(NEW)
                day.until("Ask anything")
        day.until(_is_chat)
        day.rest(turn_s + EVERY_S - time.monotonic())
        held.append(day.held())
        if len(held) % TOLD_EVERY == 0:
            print(summary(held[-1], start_s), flush=True)
    return held


def summary(one: Held, start_s: float) -> str:
    """A line of figures."""
    return (
        f"after {one.at_s - start_s:5.0f} s: {one.memory_kb / 1024:6.1f} MB, {one.handles} handles, "
        f"{one.threads} threads, {one.tasks} tasks"
    )


@pytest.mark.timeout(LENGTH_S * 2 + 120)
def test_a_long_day_grows_nothing(tmp_path: Path) -> None:
    with started_day(tmp_path) as day:
        day.until("Ask anything")
        held = lived(day)
        day.terminal.type("\x11")
        assert day.terminal.wait() == 0
    print(f"{len(held)} replies")
    tenth = max(len(held) // 10, min(3, len(held) // 2))
    first, last = held[:tenth], held[-tenth:]
    for what in ("handles", "threads", "tasks"):
        # The least of them: a notice in passing has a task or two of its own.
        before, after = (min(getattr(one, what) for one in some) for some in (first, last))
        more = Counter(last[-1].by_name) - Counter(first[-1].by_name)
        assert after <= before + SPARE, f"{what} grew from {before} to {after}: {more}"
    if IS_LONG:
        before_kb, after_kb = (median(one.memory_kb for one in some) for some in (first, last))
        assert after_kb <= MOST_GROWTH * before_kb, (before_kb, after_kb)
