"""The sync process: one for a database, started by the app and ended with it. Imports no other part of sync."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

NICENESS = 10


def lock_path(database: Path) -> Path:
    """Return the file that the sync process of a database locks while it runs."""
    return database.with_name(f"{database.name}.sync-lock")


@contextmanager
def try_lock(database: Path) -> Iterator[bool]:
    """Hold the lock of the database's sync process for a block; yield whether no other process has it."""
    handle = os.open(lock_path(database), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def is_running(database: Path) -> bool:
    """Return whether a sync process has the database's lock; unknown, and so false, where there are no locks."""
    if fcntl is None or not lock_path(database).exists():
        return False
    with try_lock(database) as is_free:
        return not is_free


class SyncProcess:
    """The sync process that the app starts. It ends when the pipe to it is closed, as the system does at our end."""

    def __init__(self, database: Path, config: Path) -> None:
        self._database = database
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        """Return whether any process syncs the database."""
        return is_running(self._database)

    def start(self) -> None:
        """Start it, or do nothing if this program cannot be started."""
        folder, config = str(self._database.parent), str(self._config)
        command = [sys.executable, "-m", "tui_chat", "--data-dir", folder, "--config", config]
        with suppress(OSError):
            self._process = subprocess.Popen(
                [*command, "sync", "--follow", "--with-parent"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Let it send what was written last, and end; it is not waited for."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.returncode = self._process.poll() or 0  # it is not waited for: no warning about that


def be_nice() -> None:
    """Leave the processor to other programs."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
