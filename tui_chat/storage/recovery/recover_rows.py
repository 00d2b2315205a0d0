"""Copy the readable rows of a damaged database into a new one. The damaged file is only read."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from tui_chat.storage import blobs, maintenance, row_repair, search_index
from tui_chat.storage.connection import connect
from tui_chat.storage.recovery import page_reader, recover_sync
from tui_chat.storage.recovery.page_reader import Value
from tui_chat.storage.recovery.recovered_conversation import recovered_conversation
from tui_chat.storage.row_check import KEYS
from tui_chat.storage.row_mapping import UNREADABLE

_TABLES = tuple(KEYS)
_ADDED_COLUMNS = {"conversation": 1}
"""How many columns came with an upgrade: rows from before it are that much shorter in the file."""
_HEADER_TABLES = ("conversation", "turn", "errand")
_PAGE_TABLES = ("conversation", "turn", "errand", "prompt")

Rows = dict[Any, dict[str, Any]]
"""Rows as column → value, by their key."""


def recover_rows(damaged: Path, db: sqlite3.Connection, *, new_id: Callable[[], str], now: datetime) -> int:
    """Fill an empty database with the readable rows of the damaged file; return the number of conversations."""
    columns = {table: _columns(db, table) for table in _TABLES}
    rows_by_table: dict[str, Rows] = {table: {} for table in _TABLES}
    _read(damaged, columns, rows_by_table)
    _copy_files(damaged, db)
    with suppress(OSError, ValueError):
        _read_pages(damaged, columns, rows_by_table, partial(_keep_if_whole, db))
    _set_added(rows_by_table)
    _keep_readable(rows_by_table, now)
    _add_missing_conversations(rows_by_table, new_id, now)
    db.execute("PRAGMA defer_foreign_keys = ON")
    for table in _TABLES:
        for row in rows_by_table[table].values():
            _insert(db, table, row)
    recover_sync.restart(damaged, db)
    maintenance.repair(db)
    search_index.rebuild(db)
    return int(db.execute("SELECT count(*) FROM conversation").fetchone()[0])


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    """Return the stored columns; computed ones are left out."""
    return [row[1] for row in db.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]


def _read(damaged: Path, columns: dict[str, list[str]], rows_by_table: dict[str, Rows]) -> None:
    """Read what SQLite itself can read, from both ends of each table."""
    with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError), closing(connect(damaged, writable=False)) as old:
        old.execute("PRAGMA cell_size_check = OFF")
        for table in _tables_of(old):
            for order in ("ASC", "DESC"):
                if _read_table(
                    old, table, ", ".join(f"{name} {order}" for name in KEYS[table]), columns, rows_by_table
                ):
                    break


def _tables_of(old: sqlite3.Connection) -> list[str]:
    """Return the tables that the file has: an earlier version had fewer, and a view may pose as one."""
    names = {row[0] for row in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return [table for table in _TABLES if table in names]


def _read_table(
    old: sqlite3.Connection, table: str, order: str, columns: dict[str, list[str]], rows_by_table: dict[str, Rows]
) -> bool:
    """Read rows until the first that cannot be read; return whether there was no such row."""
    try:
        stored = set(_columns(old, table))
        names = [name for name in columns[table] if name in stored]
        for values in old.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"):
            row = dict(zip(names, values, strict=True))
            rows_by_table[table].setdefault(_key(table, row), row)
    except (sqlite3.Error, UnicodeDecodeError, MemoryError, KeyError):
        return False
    return True


def _key(table: str, row: dict[str, Any]) -> object:
    match table:
        case "checkpoint":
            return row["turn"], row["n"]
        case "state":
            return row["key"]
        case _:
            return row["seq"]


def _read_pages(
    damaged: Path,
    columns: dict[str, list[str]],
    rows_by_table: dict[str, Rows],
    keep_if_blob: Callable[[list[page_reader.Value]], bool],
) -> None:
    """Read the file's pages, for rows that could not be read otherwise."""
    lengths = {table: _lengths(table, columns) for table in columns}
    for rowid, values, owner in page_reader.rows(damaged, set().union(*(lengths[table] for table in _HEADER_TABLES))):
        if keep_if_blob(values):
            continue
        is_known = owner in _TABLES and len(values) in lengths[owner]
        for table in (owner,) if is_known else () if owner.startswith("search_") else _PAGE_TABLES:
            if len(values) in lengths[table] and values[0] is None:
                row: dict[str, Any] = dict(zip(columns[table], values, strict=False)) | {"seq": rowid}
                if _is_better(table, row, rows_by_table[table].get(rowid)):
                    rows_by_table[table][rowid] = row


def _lengths(table: str, columns: dict[str, list[str]]) -> set[int]:
    return {len(columns[table]), len(columns[table]) - _ADDED_COLUMNS.get(table, 0)}


def _is_better(table: str, row: row_repair.Row, known: row_repair.Row | None) -> bool:
    """Return whether a row from the pages is better: SQLite follows a damaged tree into the wrong page."""
    if known is None or known == row:
        return known is None
    return bool(row_repair.row_error(table, known)) and not row_repair.row_error(table, row)


def _set_added(rows_by_table: dict[str, Rows]) -> None:
    """Give the columns that an earlier version did not have the values that the upgrade gives them."""
    for row in rows_by_table["conversation"].values():
        row.setdefault("kept_here", 0)


def _keep_readable(rows_by_table: dict[str, Rows], now: datetime) -> None:
    """Drop what is not a row, and keep all plausible values of the others."""
    for table, rows in rows_by_table.items():
        for key, row in list(rows.items()):
            try:
                fixed = _readable(table, row, now)
            except (*UNREADABLE, sqlite3.Error):
                fixed = None
            if fixed is None:
                del rows[key]
            else:
                rows[key] = fixed
    for table in ("conversation", "turn"):
        _keep_newest_of_each_id(rows_by_table[table], "conversation" if table == "turn" else None)


def _readable(table: str, row: row_repair.Row, now: datetime) -> row_repair.Row | None:
    if not row_repair.row_error(table, row):
        return row
    return row_repair.repaired(table, row, now) if row_repair.is_plausible(table, row) else None


def _keep_newest_of_each_id(rows: Rows, within: str | None) -> None:
    last: dict[tuple[Any, Any], Any] = {}
    for key in sorted(rows):
        row = rows[key]
        name = (row["id"], row[within] if within else None)
        if name in last:
            del rows[last[name]]
        last[name] = key


def _add_missing_conversations(rows_by_table: dict[str, Rows], new_id: Callable[[], str], now: datetime) -> None:
    """Put turns whose conversation was lost into a new one."""
    turns_of: dict[int, list[int]] = {}
    for seq, turn in rows_by_table["turn"].items():
        turns_of.setdefault(turn["conversation"], []).append(seq)
    for number in sorted(set(turns_of) - set(rows_by_table["conversation"])):
        row = recovered_conversation(number, new_id(), now)
        rows_by_table["conversation"][number] = row | {"head": max(turns_of[number])}
    turn_seqs = set(rows_by_table["turn"])
    rows_by_table["checkpoint"] = {
        key: row for key, row in rows_by_table["checkpoint"].items() if row["turn"] in turn_seqs
    }
    conversations = rows_by_table["conversation"]
    rows_by_table["errand"] = {
        key: row for key, row in rows_by_table["errand"].items() if row["conversation"] in conversations
    }
    for turn in rows_by_table["turn"].values():
        if turn["parent"] not in turn_seqs:
            turn["parent"] = None


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row, unless it violates a constraint of the table."""
    names = list(row)
    with suppress(sqlite3.IntegrityError, sqlite3.InterfaceError):
        db.execute(
            f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            list(row.values()),
        )


def _copy_files(damaged: Path, db: sqlite3.Connection) -> None:
    """Copy every whole file that SQLite itself can read, one at a time."""
    with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError), closing(connect(damaged, writable=False)) as old:
        old.execute("PRAGMA cell_size_check = OFF")
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error, UnicodeDecodeError, MemoryError):
                for values in old.execute(f"SELECT sha256, size, bytes FROM blob ORDER BY seq {order}"):
                    _keep_if_whole(db, [None, *values])
                return


def _keep_if_whole(db: sqlite3.Connection, values: list[Value]) -> bool:
    """Store the row if it is a file with its hash, whatever page it was found in; return whether it is one."""
    match values:
        case [None, str(digest), int(), bytes(data)] if sha256(data).hexdigest() == digest:
            blobs.put(db, data)
            return True
        case _:
            return False
