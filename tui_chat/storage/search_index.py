"""The full-text index: one row of words for each turn that has ended, kept in the same transaction as the turn.

It holds no text of its own, so a row can only be taken out by naming its words again; `remove` must come before the
turn is changed. Where SQLite has no FTS5 there is no index, and search reads the turns themselves.
"""

import sqlite3
from collections.abc import Iterator
from functools import cache

_MADE_BY = 1
"""Which way of making words the index was built with; another one means building it anew."""
_KEY = "_search_index"
EVERY_TURN = '{facets} : ("ruser" OR "rassistant")'
"""What the index is asked for all it knows."""
CREATE = (
    "CREATE VIRTUAL TABLE search USING fts5 (text, humps, facets, content = '', columnsize = 0, tokenize = 'ascii')"
)
PARTS = ("data", "idx", "content", "docsize", "config")
"""The tables in which FTS5 keeps the index: `search_data` and so on."""
_INSERT = "INSERT INTO search (rowid, text, humps, facets) VALUES (?, ?, ?, ?)"
_DELETE = "INSERT INTO search (search, rowid, text, humps, facets) VALUES ('delete', ?, ?, ?, ?)"


@cache
def is_possible() -> bool:
    """Whether this SQLite has full-text search."""
    probe = sqlite3.connect(":memory:")
    try:
        probe.execute(CREATE)
    except sqlite3.OperationalError:
        return False
    finally:
        probe.close()
    return True


def is_whole(db: sqlite3.Connection) -> bool:
    """Whether the index is there and knows every turn."""
    row = db.execute("SELECT value FROM state WHERE key = ?", (_KEY,)).fetchone()
    return is_possible() and row is not None and row[0] == str(_MADE_BY)


def add(db: sqlite3.Connection, seq: int) -> None:
    """Take in a turn that was just written, if it has ended."""
    if not is_possible():
        db.execute("DELETE FROM state WHERE key = ?", (_KEY,))
    else:
        db.executemany(_INSERT, _words(db, f"seq = {seq}"))


def remove(db: sqlite3.Connection, seq: int) -> None:
    """Take out a turn that is about to be changed or deleted."""
    if is_possible():
        db.executemany(_DELETE, _words(db, f"seq = {seq}"))


def _words(db: sqlite3.Connection, which: str) -> Iterator[tuple[int, str, str, str]]:
    """The rows of the index for those turns that have ended."""
    from tui_chat.storage import tokenizer

    rows = db.execute(
        f"SELECT seq, conversation, role, model, created_at, text FROM turn WHERE owner IS NULL AND {which}"
    )
    known = dict(db.execute("SELECT name, seq FROM model"))
    for seq, conversation, role, model, created_at, text in rows:
        if model and model not in known:
            known[model] = db.execute("INSERT INTO model (name) VALUES (?)", (model,)).lastrowid
        facets = tokenizer.facets(role, conversation, created_at, known.get(model))
        yield seq, tokenizer.indexed(text), tokenizer.camel_case_suffixes(text), facets


def ensure(db: sqlite3.Connection) -> None:
    """Build the index where it is missing or was made in another way."""
    if is_possible() and not is_whole(db):
        rebuild(db)


def _drop(db: sqlite3.Connection) -> None:
    """Remove the index, also one so broken that SQLite cannot open it to remove it."""
    try:
        db.execute("DROP TABLE IF EXISTS search")
    except (sqlite3.DatabaseError, MemoryError):
        db.execute("PRAGMA writable_schema = ON")
        db.execute("DELETE FROM sqlite_schema WHERE name = 'search'")
        db.execute("PRAGMA writable_schema = RESET")
        for part in PARTS:
            db.execute(f"DROP TABLE IF EXISTS search_{part}")


def rebuild(db: sqlite3.Connection) -> int:
    """Build the index anew from the turns; how many those are."""
    _drop(db)
    db.execute(CREATE)
    made = db.executemany(_INSERT, _words(db, "true")).rowcount
    db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (_KEY, str(_MADE_BY)))
    return made
