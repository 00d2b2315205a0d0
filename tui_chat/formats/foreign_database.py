"""Opens another program's SQLite database read-only and returns its rows as dictionaries.

The file may be hostile: the cost of a query is bounded by the size of the file, since an honest table cannot return
more than the file holds. Only stored columns of real tables are read; views and computed columns are not.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tui_chat.core.error import FormatError
from tui_chat.formats.import_tree import MOST_MESSAGES, TOO_MANY_MESSAGES

MAGIC = b"SQLite format 3\x00"
LARGEST_CONVERSATION = 256 * 1024 * 1024
"""Bytes of one conversation's rows; a larger one is skipped."""
_STEPS_AT_LEAST = 10_000_000
_STEPS_PER_BYTE = 200
"""Steps of SQLite's virtual machine for one conversation: about a second where the file is small."""
_STEPS_BETWEEN_CHECKS = 10_000
_BYTES_AT_LEAST = 1_000_000
_ROWS_AT_LEAST = 1_000
_SMALLEST_ROW = 4
"""Bytes that a row takes in the file at the least."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST_CONVERSATION,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 1_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
}
_COMPUTED = 2
"""SQLite's code for a generated column that is not stored."""
_FUNCTIONS = ("coalesce", "count")
_SPARE_BYTES = 100 * 1024 * 1024
"""Disk that is left free when a database is copied to be read."""


class ForeignDatabase:
    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self._connection = connection
        self._most_steps = _STEPS_AT_LEAST + _STEPS_PER_BYTE * size
        self._most_bytes = _BYTES_AT_LEAST + 2 * size
        self._most_rows = _ROWS_AT_LEAST + size // _SMALLEST_ROW
        self._steps = self._bytes = self._rows = 0
        connection.set_progress_handler(self._count_steps, _STEPS_BETWEEN_CHECKS)
        found = self.every_row("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")
        self.tables = {row["name"] for row in found}
        columns = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = ?"
        self.computed = {
            (table, row["name"]) for table in self.tables for row in self.every_row(columns, table, _COMPUTED)
        }
        """Columns whose values are not stored; they read as NULL."""
        connection.set_authorizer(self._authorize)

    def start_conversation(self) -> None:
        """Reset the counts of work and rows for the next conversation."""
        self._steps = self._bytes = self._rows = 0

    def rows(self, query: str, *values: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a conversation; `FormatError` if together they are too large."""
        for row in self.every_row(query, *values):
            self._rows += 1
            self._bytes += _size(row.values())
            if self._rows > MOST_MESSAGES:
                raise FormatError(TOO_MANY_MESSAGES)
            if self._bytes > LARGEST_CONVERSATION:
                raise FormatError(f"it is larger than {LARGEST_CONVERSATION // 1024**2} MiB")
            yield row

    def every_row(self, query: str, *values: object) -> Iterator[dict[str, Any]]:
        """Yield every row of a query; `FormatError` if it is more than the file can hold."""
        number = size = 0
        try:
            for row in self._connection.execute(query, values):
                number += 1
                size += _size(row)
                if size > self._most_bytes or number > self._most_rows:
                    raise FormatError("the database cannot be read: it gives more than the file holds")
                yield dict(row)
        except (sqlite3.Error, UnicodeError) as error:
            interrupted = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
            why = "it takes too much work" if interrupted else error
            raise FormatError(f"the database cannot be read: {why}") from None

    def _count_steps(self) -> bool:
        self._steps += _STEPS_BETWEEN_CHECKS
        return self._steps > self._most_steps

    def _authorize(
        self, action: int, first: str | None, second: str | None, _schema: str | None, view: str | None
    ) -> int:
        """Allow plain reading of tables alone: no view, no computed column, nothing that writes or runs code."""
        match action:
            case sqlite3.SQLITE_SELECT:
                return sqlite3.SQLITE_OK
            case sqlite3.SQLITE_FUNCTION:
                return sqlite3.SQLITE_OK if second in _FUNCTIONS else sqlite3.SQLITE_DENY
            case sqlite3.SQLITE_READ if view is None and first in self.tables:
                return sqlite3.SQLITE_IGNORE if (first, second) in self.computed else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


def _size(values: Iterable[object]) -> int:
    return sum(len(value) for value in values if isinstance(value, str | bytes))


@contextmanager
def open_database(path: Path) -> Iterator[ForeignDatabase]:
    """Open the database in a file; nothing is written to it or next to it."""
    log, shared = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    if not _holds_something(log):
        # Immutable, it is neither locked nor given a companion file.
        with _connected(path, "?mode=ro&immutable=1", path.stat().st_size) as database:
            yield database
        return
    # The newest changes are in a write-ahead log.
    size = path.stat().st_size + log.stat().st_size
    if shared.exists():
        with _connected(path, "?mode=ro", size) as database:
            yield database
        return
    # No program has it open, and SQLite would create a companion file to read the log.
    with tempfile.TemporaryDirectory(prefix="tui-chat-") as folder:
        copy = Path(folder) / "copy.db"
        if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
            raise FormatError(f"there is no room in {copy.parent.parent} for the copy that is needed to read it")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
        with _connected(copy, "?mode=ro", size) as database:
            yield database


def _holds_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


@contextmanager
def _connected(path: Path, how: str, size: int) -> Iterator[ForeignDatabase]:
    try:
        connection = sqlite3.connect(path.resolve().as_uri() + how, uri=True)
    except sqlite3.Error as error:
        raise FormatError(f"the database cannot be opened: {error}") from None
    with closing(connection):
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: data.decode(errors="replace")
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA temp_store = FILE")
            connection.execute("PRAGMA cell_size_check = ON")
        except sqlite3.Error as error:
            raise FormatError(f"the database cannot be opened: {error}") from None
        yield ForeignDatabase(connection, size)


def json_in(value: object) -> Any:
    """Return the JSON in a text column; `None` where there is none or it is broken."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
