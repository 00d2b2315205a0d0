"""Whatever a terminal sends, the app lives, answers keys, keeps its library sound and opens nothing by itself.

`TUI_CHAT_FUZZ_BYTES` and `TUI_CHAT_FUZZ_SEEDS` make the short attack of the suite a long one.
"""

import contextlib
import os
import select
import signal
import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.processes import memory_mb, tree
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal, is_restored
from tests.support.terminal_fuzz import Attack

BYTES = int(os.environ.get("TUI_CHAT_FUZZ_BYTES", "100000"))
SEEDS = int(os.environ.get("TUI_CHAT_FUZZ_SEEDS", "1"))
COMMAND = (sys.executable, "-m", "tui_chat", "--demo")
MOST_MB = 600
SIZES = ((100, 30), (80, 24), (1, 1), (2, 2), (10, 3), (200, 60), (40, 12))
ENDINGS = (0, *(code for number in (signal.SIGINT, signal.SIGQUIT) for code in (128 + number, -number)))
"""A terminal that was just restored makes signals of some bytes, before the program is gone."""
TO_GROUND = "\x18\x1b[201~\x18\x1b"
ESCAPE = "\x1b"
F1 = "\x1bOP"
OPENERS = ("xdg-open", "gio", "open", "x-www-browser", "sensible-browser", "w3m", "lynx")


class AttackedTerminal(Terminal):
    """A terminal that pours bytes in and looks at nothing that comes out."""

    def pour(self, data: bytes) -> bool:
        """Send the bytes as the program takes them; false when it has ended."""
        rest = memoryview(data)
        while rest:
            readable, writable, _ = select.select([self._master], [self._master], [], 60)
            assert readable or writable, "the program takes nothing any more"
            try:
                if readable and not os.read(self._master, 1 << 20):
                    return False
                if writable:
                    rest = rest[os.write(self._master, rest[:4096]) :]
            except OSError:
                return False
        return True

    def drain(self) -> None:
        """Read on until nothing comes for a while."""
        with contextlib.suppress(OSError):
            while select.select([self._master], [], [], 0.5)[0] and os.read(self._master, 1 << 20):
                pass


def recorders(folder: Path, record: Path) -> dict[str, str]:
    """Programs that write down that they were called, in place of everything the app may start."""
    folder.mkdir()
    for name in (*OPENERS, "browser", "editor"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {record}\n')
        program.chmod(stat.S_IRWXU)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "BROWSER": f"{folder}/browser",
        "EDITOR": f"{folder}/editor",
        "VISUAL": f"{folder}/editor",
    }


def sound(home: Path) -> bool:
    (database,) = home.rglob("conversations.db")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.timeout(120 + BYTES / 500)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_random_bytes_from_a_terminal_do_not_end_the_app(seed: int, tmp_path: Path) -> None:
    record = tmp_path / "called"
    environment = clean_environment(tmp_path, **recorders(tmp_path / "bin", record), TUI_CHAT_DEMO_PACE="0")
    pieces = Attack(seed).pieces(BYTES)
    sent = starts = 0
    most_mb, began = 0.0, time.monotonic()
    is_done = False
    while not is_done:
        starts += 1
        with AttackedTerminal(COMMAND, environment=environment) as terminal:
            terminal.until("Ask anything")
            pids = tree(terminal.process.pid)
            is_there = True
            for number, piece in enumerate(pieces):
                sent += len(piece)
                if not (is_there := terminal.pour(piece)):
                    break
                if number % 1000 == 0:
                    most_mb = max(most_mb, memory_mb(pids))
                    terminal.resize(*SIZES[number // 1000 % len(SIZES)])
            is_done = is_there
            if not is_there:
                assert terminal.process.wait(timeout=30) in ENDINGS, f"seed {seed}: ended after {sent} bytes"
                continue
            most_mb = max(most_mb, memory_mb(pids))
            terminal.drain()
            terminal.resize(120, 40)
            terminal.type(TO_GROUND)
            terminal.drain()
            terminal.type(ESCAPE)  # the help may be open over another dialog, and its key would close it
            terminal.drain()
            terminal.type(F1)
            terminal.until("Keys and commands", patience_s=300)
            terminal.type("\x11")
            assert terminal.wait() == 0 and is_restored(terminal.output)
    called = record.read_text().splitlines() if record.exists() else []
    print(f"seed {seed}: {sent} bytes in {time.monotonic() - began:.0f} s, {starts} starts, {most_mb:.0f} MB")
    print(f"called: {sorted(set(called))[:20]}")
    # The key for the editor is among the random ones; nothing else is ever started.
    assert all(call.startswith("editor ") and call.endswith(".md") for call in called)
    assert sound(tmp_path)
    assert not [log for log in tmp_path.rglob("*.log") if "unexpected" in log.read_text()]
    assert most_mb < MOST_MB
