"""Read every stored row as the program reads it, report those that are damaged, and repair them.

SQLite's own check looks at neither UTF-8 nor JSON, nor at cycles of turns.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tui_chat.storage import schema
from tui_chat.storage.row_repair import Row, repaired, row_error
from tui_chat.storage.turn_rows import cycle_starts

KEYS = {
    "conversation": ("seq",),
    "turn": ("seq",),
    "errand": ("seq",),
    "checkpoint": ("turn", "n"),
    "prompt": ("seq",),
    "model": ("seq",),
    "state": ("key",),
}
"""Every table with text, and the columns that identify a row."""
_MAX_SENTENCES = 50


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row of which something cannot be read."""

    table: str
    row: Row
    """With replacement characters for invalid UTF-8."""
    why: str

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of the columns that identify the row."""
        return tuple(self.row[name] for name in KEYS[self.table])


def check(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return a sentence for each damaged row, up to fifty; reads everything."""
    sentences = [_sentence(db, damaged) for damaged in _damaged_rows(db)]
    sentences += [f"{_title(db, seq)}: turns answer each other in a circle" for seq in _cycles(db).values()]
    if len(sentences) > _MAX_SENTENCES:
        sentences[_MAX_SENTENCES:] = [f"and {len(sentences) - _MAX_SENTENCES:,} more"]
    return tuple(sentences)


def repair(db: sqlite3.Connection) -> None:
    """Write back the readable values of each damaged row; delete a row that has none."""
    for damaged in list(_damaged_rows(db)):
        where = " AND ".join(f"{name} = ?" for name in KEYS[damaged.table])
        row: Row | None = damaged.row
        if row_error(damaged.table, damaged.row):
            row = repaired(damaged.table, damaged.row, _moment_of(db, damaged))
        if row is None:
            db.execute(f"DELETE FROM {damaged.table} WHERE {where}", damaged.key)
            continue
        names = ", ".join(f"{name} = ?" for name in row)
        db.execute(f"UPDATE OR IGNORE {damaged.table} SET {names} WHERE {where}", (*row.values(), *damaged.key))
    for turn in _cycles(db):
        db.execute("UPDATE turn SET parent = NULL WHERE seq = ?", (turn,))


def _damaged_rows(db: sqlite3.Connection) -> Iterator[DamagedRow]:
    for table in KEYS:
        if table == "errand" and schema.version_of(db) < schema.SIDE_REQUESTS_SINCE:
            continue
        columns = [column[1] for column in db.execute(f"PRAGMA table_xinfo({table})") if column[6] == 0]
        raw = ", ".join(f"iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})" for name in columns)
        for values in db.execute(f"SELECT {raw} FROM {table}"):
            row, is_utf8 = {}, True
            for name, value in zip(columns, values, strict=True):
                if isinstance(value, bytes):
                    row[name] = value.decode(errors="replace")
                    is_utf8 = is_utf8 and row[name].encode() == value
                else:
                    row[name] = value
            why = row_error(table, row) if is_utf8 else "a text is not UTF-8"
            if why:
                yield DamagedRow(table, row, why)


def _sentence(db: sqlite3.Connection, damaged: DamagedRow) -> str:
    row = damaged.row
    match damaged.table:
        case "conversation":
            return f"{_title(db, row['seq'])}: {damaged.why}"
        case "turn" | "errand":
            return f"{_title(db, row['conversation'])}: {damaged.table} {str(row['id'])[:8]}: {damaged.why}"
        case table:
            return f"{table} {'/'.join(map(str, damaged.key))}: {damaged.why}"


def _title(db: sqlite3.Connection, conversation: int) -> str:
    row = db.execute("SELECT id, title FROM conversation WHERE seq = ?", (conversation,)).fetchone()
    return "a lost conversation" if row is None else f"conversation {str(row[0])[:8]} “{row[1]}”"


def _moment_of(db: sqlite3.Connection, damaged: DamagedRow) -> datetime:
    conversation = damaged.row.get("conversation", damaged.row.get("seq"))
    select = "SELECT created_at, updated_at FROM conversation WHERE seq = ?"
    for stored in db.execute(select, (conversation,)).fetchone() or ():
        try:
            return datetime.fromisoformat(stored)
        except (ValueError, TypeError):
            continue
    return datetime.now(UTC)


def _cycles(db: sqlite3.Connection) -> dict[int, int]:
    """Return the turns, each with its conversation, at which cycles of turns that answer each other close.

    A cycle needs a turn that answers a later one, and few do. One that answers itself counts as a lost parent.
    """
    rows = db.execute(
        "SELECT seq, parent, conversation FROM turn"
        " WHERE conversation IN (SELECT conversation FROM turn WHERE parent > seq)"
    ).fetchall()
    conversation_of = {seq: conversation for seq, _, conversation in rows}
    return {
        seq: conversation_of[seq]
        for seq in cycle_starts({seq: None if parent == seq else parent for seq, parent, _ in rows})
    }
