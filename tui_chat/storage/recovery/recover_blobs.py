"""Copy the attached files of a damaged database whose bytes still have their hash. The damaged file is only read."""

import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from tui_chat.storage import blobs
from tui_chat.storage.connection import connect
from tui_chat.storage.recovery.page_reader import Value


def copy_readable(damaged: Path, db: sqlite3.Connection) -> None:
    """Copy every whole file that SQLite itself can read, one at a time."""
    with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError), closing(connect(damaged, writable=False)) as old:
        old.execute("PRAGMA cell_size_check = OFF")
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError):
                for values in old.execute(f"SELECT sha256, size, bytes FROM blob ORDER BY seq {order}"):
                    keep_if_whole(db, [None, *values])
                return


def keep_if_whole(db: sqlite3.Connection, values: list[Value]) -> bool:
    """Store the row if it is a file with its hash, whatever page it was found in; return whether it is one."""
    match values:
        case [None, str(digest), int(), bytes(data)] if sha256(data).hexdigest() == digest:
            blobs.put(db, data)
            return True
        case _:
            return False
