"""Makes stdin, stdout and stderr usable where one is closed, full or hung up. Knows no command.

A stdout that takes no more is the caller's matter and not a fault of the program: whatever writes there gets one of
the two errors below, and never an `OSError`, which typer and the outermost call would read in their own way.
"""

import errno
import io
import os
import sys
from typing import IO, Any

from tui_chat.core.error import FormatError


class PipeClosed(Exception):
    """The reader of stdout closed its end."""


def open_standard_streams() -> None:
    """Replace streams that are closed, and have failures of stdout raised as errors that name it.

    No other file can take the place of a closed one: what is printed must never land in a database.
    """
    if sys.stdin is None:
        sys.stdin = _empty_input()
    if sys.stdout is None:
        sys.stdout = _opened(1, os.O_RDONLY, "w")  # every write fails, and that is reported
    if sys.stderr is None:
        sys.stderr = _opened(2, os.O_WRONLY, "w")  # there is nowhere to report anything
    sys.stdout = _over(sys.stdout, _Stdout)
    sys.stderr = _over(sys.stderr, _Stderr)


def _empty_input() -> io.TextIOWrapper:
    """Return a stdin that has ended, as a pipe into which nothing was written."""
    read, write = os.pipe()
    os.close(write)
    if read != 0:
        os.dup2(read, 0)
        os.close(read)
    return open(0, encoding="utf-8", errors="backslashreplace", closefd=False)


def leave_stdout() -> None:
    """Write no more to stdout: what Python flushes at exit must not fail again on what it could not take."""
    unread = os.open(os.devnull, os.O_WRONLY)
    os.dup2(unread, sys.stdout.fileno())
    os.close(unread)


class _Stream(io.RawIOBase):
    """Passes bytes on to the stream that Python opened."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        """Kept, since it would close what it writes to."""
        self._raw: Any = getattr(stream.buffer, "raw", stream.buffer)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return bool(self._raw.isatty())


class _Stdout(_Stream):
    def write(self, data: Any, /) -> int | None:
        try:
            return self._raw.write(data)  # type: ignore[no-any-return]
        except BrokenPipeError as error:
            leave_stdout()
            raise PipeClosed from error
        except OSError as error:
            leave_stdout()
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise FormatError(f"standard output: {why}", detail="stdout") from error


class _Stderr(_Stream):
    def write(self, data: Any, /) -> int | None:
        try:
            return self._raw.write(data)  # type: ignore[no-any-return]
        except OSError:
            return len(data)  # the exit code still reports what happened


def _opened(number: int, flags: int, mode: str) -> Any:
    file = os.open(os.devnull, flags)
    if file == number:
        os.set_inheritable(file, True)
    else:
        os.dup2(file, number)
        os.close(file)
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


def _over(stream: Any, kind: type[_Stream]) -> IO[str]:
    """Return the same stream, with its bytes written by that kind."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # type: ignore[no-any-return]
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
