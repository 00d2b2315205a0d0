"""Reads an import from a pipe, once and in order, and distinguishes files, folders and pipes."""

import os
import select
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO

from tui_chat.core.error import FormatError

STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
MOST_SPOOLED = 16 * 1024**3
"""Bytes that are copied from a pipe to a temporary file; JSON needs none."""
_SPARE_BYTES = 100 * 1024 * 1024
"""Disk space that is left free."""
_CHUNK = 256 * 1024
_WAIT_MS = 200


class PathKind(Enum):
    FILE = auto()
    FOLDER = auto()
    PIPE = auto()


def path_kind(path: Path) -> PathKind:
    """Return the kind of a path; `FormatError` for a device, a socket or a terminal, which never end."""
    is_input = str(path) in STANDARD_INPUT
    mode = os.fstat(0).st_mode if is_input else path.stat().st_mode
    if stat.S_ISDIR(mode):
        return PathKind.FOLDER
    if stat.S_ISREG(mode):
        return PathKind.PIPE if str(path) == "-" else PathKind.FILE
    if stat.S_ISFIFO(mode) or (is_input and stat.S_ISSOCK(mode)):
        return PathKind.PIPE
    if is_input and os.isatty(0):
        raise FormatError("standard input is a terminal; give it a file or a pipe instead")
    kind, name = "socket" if stat.S_ISSOCK(mode) else "device", "standard input" if is_input else path
    raise FormatError(f"{name} is a {kind}; only files, folders and pipes can be imported")


class Pipe:
    """An open pipe that is read in short waits, so that waiting can be reported and cancelled."""

    def __init__(self, file: int, name: str, on_wait: Callable[[], None]) -> None:
        self.name = name
        self._file = file
        self._on_wait = on_wait
        self._start = b""

    def start(self, size: int) -> bytes:
        """Return the first bytes without consuming them."""
        while len(self._start) < size and (data := self._read(size - len(self._start))):
            self._start += data
        return self._start

    def read(self, size: int, /) -> bytes:
        if self._start:
            data, self._start = self._start[:size], self._start[size:]
            return data
        return self._read(size)

    def _read(self, size: int) -> bytes:
        while True:
            self._wait()
            try:
                return os.read(self._file, size)
            except BlockingIOError:
                continue

    def _wait(self) -> None:
        if not hasattr(select, "poll"):
            return
        poll = select.poll()
        poll.register(self._file, select.POLLIN)
        while not poll.poll(_WAIT_MS):
            self._on_wait()


@contextmanager
def open_pipe(path: Path, on_wait: Callable[[], None]) -> Iterator[Pipe]:
    """Open a pipe; `on_wait` is called regularly while no data comes, and may raise to cancel."""
    if str(path) in STANDARD_INPUT:
        yield Pipe(0, "standard input", on_wait)
        return
    # Do not block until a writer opens it: the wait below can be cancelled.
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        yield Pipe(file, path.name if path.parts[:2] != ("/", "dev") else "the pipe", on_wait)
    finally:
        os.close(file)


def spool(pipe: Pipe, file: BinaryIO, advance: Callable[[int], None]) -> None:
    """Copy a pipe to a file; `FormatError` if it does not fit."""
    done = 0
    while data := pipe.read(_CHUNK):
        done += len(data)
        if done > MOST_SPOOLED:
            raise FormatError(f"it is larger than {MOST_SPOOLED // 1024**3} GiB; save it to a file first")
        _check_room(file)
        file.write(data)
        advance(len(data))
    file.flush()
    file.seek(0)


def _check_room(file: BinaryIO) -> None:
    if not hasattr(os, "fstatvfs"):
        return
    disk = os.fstatvfs(file.fileno())
    if disk.f_bavail * disk.f_frsize < _SPARE_BYTES:
        raise FormatError(f"there is no room for it in {tempfile.gettempdir()}; save it to a file first")
