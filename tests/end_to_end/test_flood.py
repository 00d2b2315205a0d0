"""More than any model sends: ten thousand deltas a second, a reply of megabytes, a conversation of 200,000 tokens.

The keys are answered meanwhile, memory stays in bounds, and a server that is quicker than the screen has to wait.
`TUI_CHAT_FLOOD_TOKENS` is how long the reply is that comes as fast as it is taken; 2800000 are ten megabytes.
"""

import os
import string
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.opening import conversation, store
from tests.benchmarks.processes import memory_mb
from tests.benchmarks.serving import ModelServer
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal
from tui_chat.core.text_tokens import rough_tokens

TOKENS = int(os.environ.get("TUI_CHAT_FLOOD_TOKENS", "30000"))
MB_A_TOKEN = 3.7e-6
SLOWEST_KEY_S, USUAL_KEY_S = 2.0, 0.3
"""On a machine that may do other things, too; on a quiet one it is a sixth."""
MOST_MB_A_MB, SPARE_MB = 90, 40
"""What a megabyte of Markdown takes when it is laid out whole, and what any reply takes."""
BETWEEN_KEYS_S = 0.05


class Typist:
    """Types into the program while something else goes on, and sees how soon each letter is there."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._letters = cycle(string.ascii_lowercase)
        self.waits_s: list[float] = []

    def type(self) -> None:
        """A line of letters, each waited for."""
        line = ""
        for _, letter in zip(range(26), self._letters, strict=False):
            line += letter
            pressed_s = time.monotonic()
            self._terminal.type(letter)
            self._terminal.until(lambda text, line=line: f"▌ {line}" in text)
            self.waits_s.append(time.monotonic() - pressed_s)
            self._terminal.read(BETWEEN_KEYS_S)
        self._terminal.output = b""
        self._terminal.type("\x15")
        self._terminal.until("Ask anything")

    def check(self) -> None:
        """Whether that was soon enough."""
        print(f"{len(self.waits_s)} keys: {median(self.waits_s):.3f} s, {max(self.waits_s):.3f} s at worst")
        assert median(self.waits_s) < USUAL_KEY_S and max(self.waits_s) < SLOWEST_KEY_S


@contextmanager
def program(home: Path, *words: str) -> Iterator[tuple[Terminal, ModelServer]]:
    server = ModelServer(home)
    environment = clean_environment(
        home, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=f"http://127.0.0.1:{server.port}"
    )
    command = (sys.executable, "-m", "tui_chat", "-m", "anthropic/claude-sonnet-5-5", *words)
    try:
        with Terminal(command, environment=environment) as terminal:
            terminal.until("Ask anything")
            # What is loaded for the first reply is not what the flood takes.
            terminal.type("bench 300@0\r")
            terminal.until(lambda _: has_event(server, "ended"))
            terminal.until("The end")
            terminal.type("\x0e")
            terminal.until("Recent conversations")
            del server.events[1:]
            yield terminal, server
    finally:
        server.close()


def has_event(server: ModelServer, event: str) -> bool:
    server.read_what_is_there()
    return any(one["event"] == event for one in server.events)


def flooded(terminal: Terminal, server: ModelServer, plan: str) -> Typist:
    """Have that reply, and type until it has ended."""
    typist = Typist(terminal)
    terminal.type(f"bench {plan}\r")
    terminal.until(lambda _: has_event(server, "request"))
    while not has_event(server, "ended"):
        typist.type()
    typist.type()
    terminal.until("The end")
    return typist


@pytest.mark.timeout(120 + TOKENS / 2000)
@pytest.mark.parametrize("plan", ["30000@10000", f"{TOKENS}@0"])
def test_a_flood_leaves_the_keys_alive_and_memory_in_bounds(plan: str, tmp_path: Path) -> None:
    with program(tmp_path) as (terminal, server):
        before_mb = memory_mb([terminal.process.pid])
        flooded(terminal, server, plan).check()
        after_mb = memory_mb([terminal.process.pid])
        sent_mb = int(plan.partition("@")[0]) * MB_A_TOKEN
        print(f"{plan}: {sent_mb:.1f} MB sent, {before_mb:.0f} → {after_mb:.0f} MB held")
        assert after_mb - before_mb < SPARE_MB + MOST_MB_A_MB * sent_mb
        terminal.type("\x11")
        assert terminal.wait(patience_s=30) == 0


def test_a_conversation_of_two_hundred_thousand_tokens_is_written_in_as_any_other(tmp_path: Path) -> None:
    long = conversation(1800, "long")
    assert sum(rough_tokens(turn.text) for turn in long.turns) > 200_000
    store(tmp_path / "data", [long])
    with program(tmp_path, "--data-dir", str(tmp_path / "data")) as (terminal, server):
        terminal.type("\x0f")
        terminal.until("The long one")
        terminal.type("\x1b[B\r")
        terminal.until("The end zq")
        typist = flooded(terminal, server, "2000@1000")
        typist.check()
        memory = memory_mb([terminal.process.pid])
        print(f"{memory:.0f} MB held")
        assert memory < 250
        terminal.type("\x11")
        assert terminal.wait(patience_s=30) == 0
