"""Let a recovered database sync again, as a new device that reads and sends everything.

The damaged file is only read.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import UUID

from tui_chat.storage import sync_state
from tui_chat.storage.connection import connect
from tui_chat.storage.recovery import page_reader

_DEVICE_BYTES = 8
_COLUMNS = 9


def restart(damaged: Path, db: sqlite3.Connection) -> None:
    """Start to sync with the space of the damaged file, if it had one; what the hub has comes back from there."""
    with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError), closing(connect(damaged, writable=False)) as old:
        old.execute("PRAGMA cell_size_check = OFF")
        if _has_table(old, "authored"):
            _copy_authored(old, db)
    if (space := _space_in(damaged)) is not None:
        sync_state.start(db, space, os.urandom(_DEVICE_BYTES))


def _copy_authored(old: sqlite3.Connection, db: sqlite3.Connection) -> None:
    """Copy the order that turns have on every machine, as far as it can be read."""
    for row in old.execute("SELECT turn, made, device FROM authored"):
        db.execute(
            "INSERT OR IGNORE INTO authored (turn, made, device)"
            " SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM turn WHERE seq = ?)",
            (*row, row[0]),
        )


def _space_in(damaged: Path) -> str | None:
    """Return the id of the space; read from the pages where SQLite cannot read the table."""
    with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError), closing(connect(damaged, writable=False)) as old:
        row = old.execute("SELECT space FROM sync").fetchone() if _has_table(old, "sync") else None
        return None if row is None else _checked(row[0])
    with suppress(OSError, ValueError):
        for rowid, values, _ in page_reader.rows(damaged):
            match values:
                case [None, str(space), bytes(device), int(), int(), *_] if (
                    rowid == 1 and len(values) == _COLUMNS and len(device) == _DEVICE_BYTES and _checked(space)
                ):
                    return space
    return None


def _has_table(old: sqlite3.Connection, name: str) -> bool:
    """Return whether it is a table; a view may pose as one."""
    select = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return old.execute(select, (name,)).fetchone() is not None


def _checked(space: object) -> str | None:
    try:
        return str(UUID(str(space)))
    except ValueError:
        return None
