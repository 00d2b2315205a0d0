"""Open connections, and run jobs on them as one transaction each. Knows no table and no thread."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from tui_chat.storage import private_files

T = TypeVar("T")

BUSY_TIMEOUT_MS = 20_000
"""Longer than any write of ours takes, so that another copy of the program is waited for, not reported."""
_CACHE_KIB = 4_096
"""The system caches the file as well; a larger cache would only grow with every day of use."""
_SMALL_CACHE_KIB = 256


class Connection(sqlite3.Connection):
    """Reads text that is not UTF-8 with replacement characters, and remembers that there was such text.

    One flipped bit must not make a whole conversation unreadable, and SQLite's own check does not look at UTF-8.
    """

    met_damaged_value = False

    def decode(self, stored: bytes) -> str:
        """Return the text; invalid UTF-8 becomes U+FFFD."""
        try:
            return stored.decode()
        except UnicodeDecodeError:
            self.met_damaged_value = True
            return stored.decode(errors="replace")


@contextmanager
def strict_text(db: sqlite3.Connection) -> Iterator[None]:
    """Within this block, text that is not UTF-8 is an `OperationalError`: other text is read twice as fast."""
    decode, db.text_factory = db.text_factory, str
    try:
        yield
    finally:
        db.text_factory = decode


@contextmanager
def small_cache(db: sqlite3.Connection) -> Iterator[None]:
    """Within this block of reading, few pages are kept in memory: they are read once.

    Pages that are freed later would lie between the values that were read, of no use to the system.
    """
    db.execute(f"PRAGMA cache_size = -{_SMALL_CACHE_KIB}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def note_damaged_value(db: sqlite3.Connection) -> None:
    """Remember that a stored value could only be read in part."""
    if isinstance(db, Connection):
        db.met_damaged_value = True


def connect(path: Path | None, *, writable: bool = True) -> Connection:
    """Open an existing database, or one in memory, in autocommit mode."""
    if path is not None:
        private_files.check_path_length(path)
    mode = "rw" if writable else "ro"
    target = "file::memory:" if path is None else f"file:{quote(os.fsencode(path))}?mode={mode}"
    db = sqlite3.connect(
        target,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=Connection,
    )
    with ExitStack() as undo:
        undo.callback(db.close)
        db.text_factory = db.decode
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA cell_size_check = ON")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        undo.pop_all()
    return db


def connect_copy(path: Path) -> Connection:
    """Open a file for writing a copy; the caller syncs it at the end, so SQLite need not."""
    db = connect(path)
    db.execute("PRAGMA journal_mode = MEMORY").fetchone()
    db.execute("PRAGMA synchronous = OFF")
    return db


def make_durable(db: sqlite3.Connection) -> None:
    """Use a rollback journal that is synced before a write returns.

    Not WAL: SQLite before 3.51.3 may lose data when a WAL is reset, and none can be read in a read-only directory.
    """
    db.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")


def write_transaction(db: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
    """Run the job in one transaction that is committed, or rolled back if it fails."""
    db.execute("BEGIN IMMEDIATE")
    try:
        result = job(db)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return result


def read_transaction(db: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
    """Run a job on one snapshot of the database; anything it writes is rolled back."""
    db.execute("BEGIN")
    try:
        return job(db)
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
