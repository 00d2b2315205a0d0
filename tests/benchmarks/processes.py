"""What the system knows of a process and its children: CPU time to the nanosecond, and memory. Linux only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))

    def below(parent: int) -> Iterator[int]:
        yield parent
        for child in children.get(parent, ()):
            yield from below(child)

    return list(below(pid))


def cpu_s(pids: list[int]) -> float:
    """User and system time these have used, with that of children they have waited for."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            total += time.clock_gettime(~pid << 3 | 2)  # the clock clock_getcpuclockid(3) gives
            total += sum(int(ticks) for ticks in _stat(pid)[13:15]) / _TICKS_PER_S
    return total


def memory_mb(pids: list[int]) -> float:
    """Memory these hold, shared pages divided among those who share them (PSS)."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def busy_s() -> float:
    """CPU time the whole machine has spent working since it started."""
    fields = [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS_PER_S


@contextmanager
def busy_core() -> Iterator[int]:
    """Run a process that burns one core for a block; gives its id."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()
