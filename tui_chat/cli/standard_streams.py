"""Makes stdin, stdout and stderr usable if one is closed, full or hung up. Knows no command.

Writing to a broken stdout raises `PipeClosed` or `FormatError`, never an `OSError`, which typer would handle itself.
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
    """Replace closed streams, and make failures of stdout raise errors that name it.

    A closed descriptor is occupied again, so that no database opened later gets its number and what is printed.
    """
    if sys.stdin is None:
        sys.stdin = _empty_input()
    if sys.stdout is None:
        sys.stdout = _reopen(1, os.O_RDONLY, "w")  # every write fails, and that is reported
    if sys.stderr is None:
        sys.stderr = _reopen(2, os.O_WRONLY, "w")  # there is nowhere to report anything
    sys.stdout = _wrap(sys.stdout, _Stdout)
    sys.stderr = _wrap(sys.stderr, _Stderr)


def _empty_input() -> io.TextIOWrapper:
    """Return a stdin that has ended, as a pipe into which nothing was written."""
    read, write = os.pipe()
    os.close(write)
    if read != 0:
        os.dup2(read, 0)
        os.close(read)
    return open(0, encoding="utf-8", errors="backslashreplace", closefd=False)


def discard_stdout() -> None:
    """Redirect stdout to /dev/null, so that the flush at exit cannot raise again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


class _Stream(io.RawIOBase):
    """Writes bytes to the stream that Python opened."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        """Kept alive, since it closes its descriptor when it is collected."""
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
            discard_stdout()
            raise PipeClosed from error
        except OSError as error:
            discard_stdout()
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise FormatError(f"standard output: {why}", detail="stdout") from error


class _Stderr(_Stream):
    def write(self, data: Any, /) -> int | None:
        try:
            return self._raw.write(data)  # type: ignore[no-any-return]
        except OSError:
            return len(data)  # the exit code still reports what happened


def _reopen(number: int, flags: int, mode: str) -> Any:
    file = os.open(os.devnull, flags)
    if file == number:
        os.set_inheritable(file, True)
    else:
        os.dup2(file, number)
        os.close(file)
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


def _wrap(stream: Any, kind: type[_Stream]) -> IO[str]:
    """Return a text stream like the given one that writes its bytes through `kind`."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # type: ignore[no-any-return]
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
