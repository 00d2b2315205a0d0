"""Opens another program's SQLite database to read it, changing nothing, and gives its rows as dictionaries."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tui_chat.core.error import FormatError

MAGIC = b"SQLite format 3\x00"


class ForeignDatabase:
    """One open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.tables = {row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def rows(self, query: str, *values: object) -> Iterator[dict[str, Any]]:
        """What a query finds."""
        try:
            for row in self._connection.execute(query, values):
                yield dict(row)
        except (sqlite3.Error, UnicodeError) as error:
            raise FormatError(f"the database cannot be read: {error}") from None


@contextmanager
def opened(path: Path) -> Iterator[ForeignDatabase]:
    """The database in a file, for as long as it is read."""
    # Immutable, it is neither locked nor given a companion file. But what stands in a write-ahead log
    # would then be overlooked.
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    address = path.resolve().as_uri() + ("?mode=ro" if has_log else "?mode=ro&immutable=1")
    try:
        connection = sqlite3.connect(address, uri=True)
    except sqlite3.Error as error:
        raise FormatError(f"the database cannot be opened: {error}") from None
    with closing(connection):
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: data.decode(errors="replace")
        connection.execute("PRAGMA trusted_schema = OFF")
        yield ForeignDatabase(connection)


def json_in(value: object) -> Any:
    """The JSON in a text column; `None` where there is none or it is broken."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
