"""The sync process: one for a database, started by the app and ended with it. Loads nothing else of sync before."""

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui_chat.core.error import StorageError
from tui_chat.heartbeat import Heartbeat

if TYPE_CHECKING:
    import subprocess

    from tui_chat.sync.follow_loop import Backoff

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

NICENESS = 10
WATCH_EVERY_S = 2.0
"""How soon it is seen that sync was set up in another terminal, and that the process has ended."""
IN_USE_S = 3.0
"""How long after the last key the app counts as used."""
LAST_EXCHANGE_S = 5.0
"""How long what was written last may take to be sent after the app has ended."""
_NOTE_EVERY_S = 1.0
_STEADY_S = 60.0
"""A process that ran longer is started again at once."""


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


def note_use(database: Path) -> None:
    """Record that the app is used now, for the sync process of any copy of the program."""
    with suppress(OSError):
        os.utime(lock_path(database))


def is_in_use(database: Path) -> bool:
    """Return whether the app was used just now."""
    try:
        return abs(time.time() - lock_path(database).stat().st_mtime) < IN_USE_S
    except OSError:
        return False


def is_running(database: Path) -> bool:
    """Return whether a sync process has the database's lock; unknown, and so false, where there are no locks."""
    if fcntl is None or not lock_path(database).exists():
        return False
    with try_lock(database) as is_free:
        return not is_free


class Synced(Protocol):
    """The database of the app."""

    async def is_synced(self) -> bool: ...


class SyncProcess:
    """The sync process that the app keeps running. It ends when the pipe to it closes, so also after a kill."""

    def __init__(self, database: Path, config: Path, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self.restarts_at: datetime | None = None
        """When the process is started again that has ended by itself."""
        self._database = database
        self._files = database, Path(f"{database}-wal")
        self._config = config
        self._monotonic_s = monotonic_s
        self._process: subprocess.Popen[bytes] | None = None
        self._backoff: Backoff | None = None
        self._started_s = self._restart_s = 0.0
        self._noted_s = -math.inf
        self._store: Synced | None = None
        self._heartbeat = Heartbeat(self._look, WATCH_EVERY_S)
        self._looking: asyncio.Task[None] | None = None
        self._seen: object = None
        self._is_synced = False

    def is_running(self) -> bool:
        """Return whether any process syncs the database."""
        return is_running(self._database)

    def last_written(self) -> object:
        """Return what changes whenever anyone writes the database; an idle app must not ask the database itself."""
        states = []
        for path in self._files:
            with suppress(OSError):
                state = path.stat()
                states.append((state.st_mtime_ns, state.st_size))
        return states

    def watch(self, store: Synced) -> None:
        """Keep the process running whenever the database is synced, from whichever terminal that was set up."""
        self._store = store
        self._heartbeat.start()
        self._look()

    def _look(self) -> None:
        """See to the process if the database was written or is synced; an idle app must not ask the database."""
        is_busy = self._looking is not None and not self._looking.done()
        if self._store is not None and not is_busy and (self._is_synced or self.last_written() != self._seen):
            self._looking = asyncio.create_task(self._see_to_process(self._store))

    async def _see_to_process(self, store: Synced) -> None:
        with suppress(StorageError):  # it is shown elsewhere
            if (stamp := self.last_written()) != self._seen:
                self._is_synced, self._seen = await store.is_synced(), stamp
        if self._is_synced:
            await asyncio.to_thread(self.keep_running)
        else:
            self._backoff = self.restarts_at = None

    def keep_running(self) -> None:
        """Start the process, or start it again some time after it ended; longer each time that it does so soon."""
        from tui_chat.sync.follow_loop import Backoff

        now_s = self._monotonic_s()
        if self._backoff is None:
            self._backoff = Backoff()
            self._start(now_s)
        elif self._process is not None and self._process.poll() is None:
            if now_s - self._started_s > _STEADY_S:
                self._backoff.succeeded()
        elif self.restarts_at is None:
            delay_s = self._backoff.failed()
            self._restart_s = now_s + delay_s
            self.restarts_at = datetime.now().astimezone() + timedelta(seconds=delay_s)
        elif now_s >= self._restart_s:
            self._start(now_s)

    def _start(self, now_s: float) -> None:
        import subprocess

        self._close_pipe()
        self._started_s, self.restarts_at, self._process = now_s, None, None
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

    def note_use(self) -> None:
        """Have the process rest more while the app is used; cheap enough for every key."""
        if self._process is not None and (now_s := self._monotonic_s()) - self._noted_s >= _NOTE_EVERY_S:
            self._noted_s = now_s
            note_use(self._database)

    def stop(self) -> None:
        """Let it send what was written last, and end; it is not waited for."""
        self._heartbeat.stop()
        if self._looking is not None:
            self._looking.cancel()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.returncode = self._process.poll() or 0  # it is not waited for: no warning about that


def be_nice() -> None:
    """Leave the processor to other programs.

    On Linux this is for the calling thread and those that it starts. The thread of the database, which is there
    already, stays as it is: one that waits for the processor while it holds the file would make the app wait.
    """
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
