"""Which running program a reply belongs to, and whether that program still runs. Knows no table."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_ELSEWHERE_FOR = timedelta(minutes=15)
"""A process on another machine cannot be looked at; it is believed alive this long after its last word."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from a later one with the same number by its start."""

    host: str
    pid: int
    started: str
    """When the process began, in whatever words the system has for it; empty where it does not tell."""

    @classmethod
    def current(cls) -> "Owner":
        """This process."""
        return cls(platform.node(), os.getpid(), _start_of(os.getpid()) or "")

    @classmethod
    def parse(cls, text: str) -> "Owner":
        """What `str()` made of one."""
        host, _, rest = text.partition("|")
        pid, _, started = rest.partition("|")
        return cls(host, int(pid) if pid.isdecimal() else 0, started)

    def __str__(self) -> str:
        return f"{self.host.replace('|', '')}|{self.pid}|{self.started}"

    def is_alive(self, *, seen_from: "Owner", last_word: datetime, now: datetime) -> bool:
        """Whether it still runs, as far as the process `seen_from` can tell."""
        if self == seen_from or self.pid <= 0:
            return self.pid > 0
        if self.host != seen_from.host:
            return abs(now - last_word) < _ELSEWHERE_FOR
        return _start_of(self.pid) == self.started


@dataclass(frozen=True, slots=True)
class CurrentProcess:
    """This process and the current time, by which it is decided which replies are still alive."""

    owner: Owner
    now: datetime


def _start_of(pid: int) -> str | None:
    """When that process began; `None` if there is none (a dead one nobody has buried counts as none)."""
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (OSError, ValueError):
            return None
        return None if state in "ZXx" else f"{_boot()}-{fields[18]}"
    return _start_by_ps(pid)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""


def _start_by_ps(pid: int) -> str | None:
    try:
        told = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, started = told.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
