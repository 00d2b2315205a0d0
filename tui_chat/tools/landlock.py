"""Let a command write below some folders only, by Linux' Landlock. A program of its own, of the standard library."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The system calls, the same on every processor."""
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE, _TRUNCATE, _REFER = 1 << 1, 1 << 14, 1 << 13
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))
_SCOPE_SIGNALS = 1 << 1


def version() -> int:
    """Return the version of Landlock that the kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        found = int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, 0, 1))
    except (OSError, AttributeError):
        return 0
    return max(found, 0)


def restrict_writes(folders: Iterable[Path]) -> None:
    """Allow writing below these folders and nowhere else; raises `OSError` where that does not work."""
    known = version()
    writes = _WRITE_FILE | _MAKE_AND_REMOVE | (_REFER if known >= 2 else 0) | (_TRUNCATE if known >= 3 else 0)
    scope = _SCOPE_SIGNALS if known >= 6 else 0
    rules = struct.pack("=QQQ", writes, 0, scope) if known >= 6 else struct.pack("=Q", writes)
    ruleset = _checked(_CREATE, rules, len(rules), 0)
    for folder, allowed in [(Path("/dev"), _WRITE_FILE), *((folder, writes) for folder in folders)]:
        opened = os.open(folder, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
        _checked(_ADD, ruleset, 1, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _checked(_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _checked(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result


def main(arguments: list[str]) -> None:
    """Become the command after `--`, with writing allowed below the folders before it."""
    end = arguments.index("--")
    try:
        restrict_writes(map(Path, arguments[:end]))
    except OSError as error:
        sys.exit(f"the command cannot be confined, and was not run: {error.strerror}")
    os.execvp(arguments[end + 1], arguments[end + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
