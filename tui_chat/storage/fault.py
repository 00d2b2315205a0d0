"""What SQLite and the disk complain about, in the program's own errors. Knows no table."""

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
_WORDS = {
    "disk_full": "the disk is full",
    "locked": "another program is holding the database",
    "read_only": "the database cannot be written to",
    "damaged": "the database is damaged",
}
_ERRNO_DETAILS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
    errno.ELOOP: "unsafe_path",
}


def storage_error(error: sqlite3.Error) -> StorageError:
    """The same error as the program knows it."""
    code = getattr(error, "sqlite_errorcode", None)
    detail = _DETAILS.get(code & 0xFF, "other") if isinstance(code, int) else "other"
    return StorageError(_WORDS.get(detail, f"the database failed: {error}"), detail=detail)


def is_damage(error: sqlite3.Error | StorageError) -> bool:
    """Whether it says that the file is not what it should be."""
    return (error if isinstance(error, StorageError) else storage_error(error)).detail == "damaged"


def file_error(error: OSError) -> StorageError:
    """An error of the file system as the program knows it."""
    detail = _ERRNO_DETAILS.get(error.errno or 0, "other")
    place = f"{error.filename}: " if error.filename else ""
    return StorageError(f"{place}{error.strerror or error}", detail=detail)


@contextmanager
def faults_translated() -> Iterator[None]:
    """Let nothing out but errors of `core.error`."""
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
