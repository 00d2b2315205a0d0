"""Translate errors of SQLite and the file system into those of `core.error`. Knows no table."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from tui_chat.core.error import StorageError

_DETAILS = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
_WRITE_ERRORS = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_FSYNC)
_MESSAGES = {
    "disk_full": "the disk is full",
    "file_limit": "the limit on the size of a file (`ulimit -f`) is reached",
    "locked": "another program is holding the database",
    "read_only": "the database cannot be written to",
    "damaged": "the database is damaged",
}
_ERRNO_DETAILS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "file_limit",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
    errno.ELOOP: "unsafe_path",
    errno.ENAMETOOLONG: "unusable_path",
    errno.ENOTDIR: "unusable_path",
}


_UNDECODABLE = "Could not decode to UTF-8"
"""How `sqlite3` reports text that is not UTF-8; this error has no code."""


def storage_error(error: sqlite3.Error) -> StorageError:
    """Return the `StorageError` for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    detail = _DETAILS.get(code & 0xFF, "other") if isinstance(code, int) else "other"
    if code in _WRITE_ERRORS and _file_sizes_are_limited():
        detail = "file_limit"
    elif str(error).startswith(_UNDECODABLE):
        detail = "damaged"
    return StorageError(_MESSAGES.get(detail, f"the database failed: {error}"), detail=detail)


def _file_sizes_are_limited() -> bool:
    """Return whether this process has a file size limit; SQLite does not report which error a write met."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


READ_ERRORS = (sqlite3.Error, StorageError, UnicodeDecodeError, MemoryError)
"""What opening a damaged file may raise. SQLite's own message may hold bytes that are not UTF-8, and a damaged length
may request any amount of memory.
"""


def is_damage(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        error = storage_error(error)
    return error.detail == "damaged" if isinstance(error, StorageError) else isinstance(error, READ_ERRORS)


def file_error(error: OSError) -> StorageError:
    detail = _ERRNO_DETAILS.get(error.errno or 0, "other")
    prefix = f"{error.filename}: " if error.filename else ""
    return StorageError(f"{prefix}{error.strerror or error}", detail=detail)


@contextmanager
def errors_translated() -> Iterator[None]:
    """Raise `StorageError` for the errors of SQLite and the file system."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error) from error
    except OSError as error:
        raise file_error(error) from error
    except UnicodeEncodeError as error:
        raise StorageError("the text holds half of a character and cannot be stored", detail="other") from error
    except MemoryError as error:
        raise StorageError("the database asks for more memory than there is", detail="other") from error
    except OverflowError as error:
        raise StorageError("a number is too large to be stored", detail="other") from error
    except (ValueError, ArithmeticError) as error:
        raise StorageError(f"a row of the database makes no sense: {error}", detail="damaged") from error
