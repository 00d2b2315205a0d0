"""Takes what can be read out of a damaged database over into a new one. The damaged file is only read."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tui_chat.storage import care, carve, index, schema
from tui_chat.storage.connection import connect
from tui_chat.storage.rows import (
    CONVERSATION_COLUMNS,
    ERRAND_COLUMNS,
    TURN_COLUMNS,
    conversation_of,
    errand_of,
    turn_reader,
)

_TABLES = ("conversation", "turn", "errand", "checkpoint", "prompt", "model", "state")
_ERRANDS_SINCE = 2
_CARVED = ("conversation", "turn", "errand", "prompt")
_UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError)
RECOVERED = "Recovered conversation"

Rows = dict[Any, dict[str, Any]]
"""Rows as column → value, by their key."""


def salvage(damaged: Path, db: sqlite3.Connection, *, new_id: Callable[[], str], now: datetime) -> int:
    """Fill an empty database with what the damaged file still tells; how many conversations that are."""
    columns = {table: _columns(db, table) for table in _TABLES}
    found: dict[str, Rows] = {table: {} for table in _TABLES}
    complete = _read(damaged, columns, found)
    if not complete:
        with suppress(OSError, ValueError):
            _carve(damaged, columns, found)
    _keep_readable(found)
    _adopt(found, new_id, now)
    db.execute("PRAGMA defer_foreign_keys = ON")
    for table in _TABLES:
        for row in found[table].values():
            _insert(db, table, row)
    care.mend(db)
    index.rebuild(db)
    return int(db.execute("SELECT count(*) FROM conversation").fetchone()[0])


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns as they are stored; computed ones are not."""
    return [row[1] for row in db.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]


def _read(damaged: Path, columns: dict[str, list[str]], found: dict[str, Rows]) -> bool:
    """What SQLite itself can read, from both ends of each table; whether that was everything."""
    complete = True
    try:
        with closing(connect(damaged, writable=False)) as old:
            old.execute("PRAGMA cell_size_check = OFF")
            for table in _tables_of(old):
                key = {"checkpoint": "turn, n", "state": "key"}.get(table, "seq")
                for order in ("ASC", "DESC"):
                    if _read_table(old, table, f"{key.replace(',', f' {order},')} {order}", columns, found):
                        break
                    complete = False
    except sqlite3.Error:
        complete = False
    return complete


def _tables_of(old: sqlite3.Connection) -> list[str]:
    """The tables that the file may have: one of an earlier version never had them all."""
    return [table for table in _TABLES if table != "errand" or schema.version_of(old) >= _ERRANDS_SINCE]


def _read_table(
    old: sqlite3.Connection, table: str, order: str, columns: dict[str, list[str]], found: dict[str, Rows]
) -> bool:
    """Rows until the first that cannot be read; whether there was none such."""
    try:
        cursor = old.execute(f"SELECT * FROM {table} ORDER BY {order}")
        names = [column[0] for column in cursor.description]
        for values in cursor:
            row = {name: value for name, value in zip(names, values, strict=True) if name in columns[table]}
            found[table].setdefault(_key(table, row), row)
    except (sqlite3.Error, UnicodeDecodeError):
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


def _carve(damaged: Path, columns: dict[str, list[str]], found: dict[str, Rows]) -> None:
    """What stands in the file's pages, for rows that could not be read otherwise."""
    for rowid, values in carve.rows(damaged):
        for table in _CARVED:
            if len(values) == len(columns[table]) and values[0] is None:
                row: dict[str, Any] = dict(zip(columns[table], values, strict=True)) | {"seq": rowid}
                found[table].setdefault(rowid, row)


def _keep_readable(found: dict[str, Rows]) -> None:
    """Drop whatever does not make a value."""
    read_turn = turn_reader({})
    for table, reads in (
        ("conversation", lambda row: conversation_of(_pick(row, CONVERSATION_COLUMNS), None, ())),
        ("turn", lambda row: _readable_turn(row, read_turn)),
        ("errand", lambda row: errand_of(_pick(row, ERRAND_COLUMNS))),
        ("prompt", lambda row: row["text"].encode()),
    ):
        for key, row in list(found[table].items()):
            try:
                reads(row)
            except (*_UNREADABLE, AttributeError):
                del found[table][key]
    for table in ("conversation", "turn"):
        _keep_newest_of_each_id(found[table], "conversation" if table == "turn" else None)


def _readable_turn(row: dict[str, Any], read: Callable[[tuple[Any, ...]], object]) -> None:
    """Raises where the row makes no turn, even after its parts were given up."""
    if row["parts"] is not None:
        try:
            read((None, *_pick(row, TURN_COLUMNS)))
            return
        except _UNREADABLE:
            row["parts"] = None
    read((None, *_pick(row, TURN_COLUMNS)))


def _keep_newest_of_each_id(rows: Rows, within: str | None) -> None:
    last: dict[tuple[Any, Any], Any] = {}
    for key in sorted(rows):
        row = rows[key]
        name = (row["id"], row[within] if within else None)
        if name in last:
            del rows[last[name]]
        last[name] = key


def _pick(row: dict[str, Any], columns: str) -> tuple[Any, ...]:
    return tuple(row[name.strip()] for name in columns.split(","))


def _adopt(found: dict[str, Rows], new_id: Callable[[], str], now: datetime) -> None:
    """Give turns whose conversation was lost a new one, each of its own."""
    of: dict[int, list[int]] = {}
    for seq, turn in found["turn"].items():
        of.setdefault(turn["conversation"], []).append(seq)
    for number in sorted(set(of) - set(found["conversation"])):
        found["conversation"][number] = {
            "seq": number, "id": new_id(), "used": int(now.timestamp() * 1_000_000) + number, "title": RECOVERED,
            "title_key": RECOVERED.casefold(), "title_source": "prompt", "model": "", "created_at": now.isoformat(),
            "updated_at": now.isoformat(), "system": "", "head": max(of[number]),
        }  # fmt: skip
    kept = set(found["turn"])
    found["checkpoint"] = {key: row for key, row in found["checkpoint"].items() if row["turn"] in kept}
    owned = found["conversation"]
    found["errand"] = {key: row for key, row in found["errand"].items() if row["conversation"] in owned}
    for turn in found["turn"].values():
        if turn["parent"] not in kept:
            turn["parent"] = None


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """A row, unless it breaks what the table promises."""
    names = list(row)
    with suppress(sqlite3.IntegrityError, sqlite3.InterfaceError):
        db.execute(
            f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            list(row.values()),
        )
