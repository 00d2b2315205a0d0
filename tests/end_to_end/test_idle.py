"""An app that waits for its user neither works nor writes."""

import sys
import time
from pathlib import Path

import pytest

from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

COMMAND = (sys.executable, "-m", "tui_chat", "--demo")
IDLE_S = 10.0
PATIENCE_S = 60.0
MOST_SHARE = 0.002
"""Of one core; 0.0005 to 0.0007 are measured on a busy machine."""


def cpu_s(pid: int) -> float:
    """What all threads of a process have used."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def written_bytes(pid: int) -> int:
    """What a process has written, to files and to the terminal."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("wchar:")).split()[1])


def share(terminal: Terminal, for_s: float) -> float:
    """The share of a core that the program uses in that time."""
    used_s, began_s = cpu_s(terminal.process.pid), time.monotonic()
    while (left_s := began_s + for_s - time.monotonic()) > 0:
        assert terminal.read(left_s)
    return (cpu_s(terminal.process.pid) - used_s) / (time.monotonic() - began_s)


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the kernel does not count it")
def test_an_idle_app_at_a_finished_reply_uses_no_time_and_writes_nothing(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        terminal.type("hello\r")
        terminal.until("Esc stop")
        terminal.until("Enter send", patience_s=PATIENCE_S)
        end_s = time.monotonic() + PATIENCE_S
        while share(terminal, 1.0) > MOST_SHARE:
            assert time.monotonic() < end_s, "it does not come to rest"
        written = len(terminal.output)
        on_disk = written_bytes(terminal.process.pid)
        assert share(terminal, IDLE_S) < MOST_SHARE
        assert len(terminal.output) == written
        assert written_bytes(terminal.process.pid) == on_disk
        terminal.type("\x11")
        assert terminal.wait() == 0
