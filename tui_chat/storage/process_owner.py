"""The process that owns a live reply, and whether it still runs. Knows no table."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_REMOTE_TIMEOUT = timedelta(minutes=15)
"""A process on another machine cannot be checked; it counts as alive this long after its last checkpoint."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, distinguished by its start time from a later one with the same number."""

    host: str
    pid: int
    started: str
    """When the process started, in the system's own format; empty where it is unknown."""

    @classmethod
    def current(cls) -> "Owner":
        return cls(platform.node(), os.getpid(), _process_start(os.getpid()) or "")

    @classmethod
    def parse(cls, text: str) -> "Owner":
        host, _, rest = text.partition("|")
        pid, _, started = rest.partition("|")
        return cls(host, int(pid) if pid.isdecimal() else 0, started)

    def __str__(self) -> str:
        return f"{self.host.replace('|', '')}|{self.pid}|{self.started}"

    def is_alive(self, *, seen_from: "Owner", last_seen: datetime, now: datetime) -> bool:
        """Return whether it still runs, as far as the process `seen_from` can know."""
        if self == seen_from or self.pid <= 0:
            return self.pid > 0
        if self.host != seen_from.host:
            return abs(now - last_seen) < _REMOTE_TIMEOUT
        return _process_start(self.pid) == self.started


@dataclass(frozen=True, slots=True)
class CurrentProcess:
    """This process and the current time: they decide which live replies still have a living owner."""

    owner: Owner
    now: datetime


def _process_start(pid: int) -> str | None:
    """Return when that process started; `None` if there is none (a zombie counts as none)."""
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (OSError, ValueError):
            return None
        return None if state in "ZXx" else f"{_boot_id()}-{fields[18]}"
    return _process_start_from_ps(pid)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""


def _process_start_from_ps(pid: int) -> str | None:
    try:
        result = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, started = result.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
