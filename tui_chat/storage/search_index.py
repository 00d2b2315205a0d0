"""The full-text index: one row for each turn that has ended, changed in the same transaction as the turn.

It holds no text of its own, so a row can only be removed by naming its words again; `remove` must come before the
turn is changed. Where SQLite has no FTS5 there is no index, and search reads the turns themselves.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType

from tui_chat.core.turn import Turn
from tui_chat.storage.row_mapping import stored_text

_TOKENIZER_VERSION = 1
"""The version of the tokenizer that built the index; another version means a rebuild."""
_KEY = "_search_index"
EVERY_TURN = '{facets} : ("ruser" OR "rassistant")'
"""Matches every turn in the index."""
CREATE = (
    "CREATE VIRTUAL TABLE search USING fts5 (text, humps, facets, content = '', columnsize = 0, tokenize = 'ascii')"
)
PARTS = ("data", "idx", "content", "docsize", "config")
"""The tables in which FTS5 keeps the index: `search_data` and so on."""
_MERGED_PAGES = 16
_MANY = 100
"""As many turns are worth a change of the index's settings."""
_COLLECTED_BYTES = 8 * 1024 * 1024
_INSERT = "INSERT INTO search (rowid, text, humps, facets) VALUES (?, ?, ?, ?)"
TurnRow = tuple[int, int, str, str, str, str]
"""What the index needs of a turn: its number, its conversation's, role, model, date and text."""
IndexedWords = tuple[str, str]
"""A text as it is indexed, and its suffixes of names."""
NO_WORDS: Mapping[str, IndexedWords] = MappingProxyType({})
_TURNS = "SELECT seq, conversation, role, model, created_at, text FROM turn WHERE owner IS NULL"
_DELETE = "INSERT INTO search (search, rowid, text, humps, facets) VALUES ('delete', ?, ?, ?, ?)"


@cache
def is_possible() -> bool:
    """Return whether this SQLite has full-text search."""
    probe = sqlite3.connect(":memory:")
    try:
        probe.execute(CREATE)
    except sqlite3.OperationalError:
        return False
    finally:
        probe.close()
    return True


def is_complete(db: sqlite3.Connection) -> bool:
    """Return whether the index exists and has every turn."""
    row = db.execute("SELECT value FROM state WHERE key = ?", (_KEY,)).fetchone()
    return is_possible() and row is not None and row[0] == str(_TOKENIZER_VERSION)


def words_of(turns: Iterable[Turn]) -> dict[str, IndexedWords]:
    """Return, by the texts of turns, what `add` puts into the index; needs no database, so any thread can do it."""
    from tui_chat.storage import tokenizer

    return {text: tokenizer.indexed_words(text) for text in map(stored_text, turns)}


def add(db: sqlite3.Connection, *seqs: int) -> None:
    """Add turns that were just written, if they have ended."""
    add_rows(db, list(_turns(db, seqs)))


def add_rows(db: sqlite3.Connection, turns: Sequence[TurnRow], words: Mapping[str, IndexedWords] = NO_WORDS) -> None:
    """Add turns that have ended and were just written; `words` has the result of `words_of` for any of them.

    Many at once, not each after it was written: before any statement with triggers SQLite lets FTS5 write what it
    has, and the part of the index for each turn has to be merged with all the others.
    """
    if not is_possible():
        db.execute("DELETE FROM state WHERE key = ?", (_KEY,))
    else:
        if len(turns) >= _MANY:
            _collect_more(db)
        db.executemany(_INSERT, _index_rows(db, turns, words))


def _collect_more(db: sqlite3.Connection) -> None:
    """Let a transaction collect more words in memory: each part that is written has to be merged with the others.

    FTS5 does not document the option; without it the index is the same, but takes longer.
    """
    with suppress(sqlite3.OperationalError):
        db.execute("INSERT INTO search (search, rank) VALUES ('hashsize', ?)", (_COLLECTED_BYTES,))


def remove(db: sqlite3.Connection, seq: int) -> None:
    """Remove a turn that is about to be changed or deleted."""
    if is_possible():
        db.executemany(_DELETE, _index_rows(db, _turns(db, (seq,))))


def merge_some(db: sqlite3.Connection) -> bool:
    """Merge a few pages of the index; return whether there is more.

    A removed turn is only marked as removed: its words, with their places, stay in the file until the parts of the
    index that have them are merged.
    """
    if not is_possible():
        return False
    before = db.total_changes
    db.execute("INSERT INTO search (search, rank) VALUES ('merge', ?)", (-_MERGED_PAGES,))
    return db.total_changes - before >= 2  # as FTS5 documents it


def _turns(db: sqlite3.Connection, seqs: Iterable[int]) -> Iterator[TurnRow]:
    """Yield the rows of those turns that have ended."""
    for seq in seqs:
        yield from db.execute(f"{_TURNS} AND seq = ?", (seq,))


def _index_rows(
    db: sqlite3.Connection, turns: Iterable[TurnRow], words: Mapping[str, IndexedWords] = NO_WORDS
) -> Iterator[tuple[int, str, str, str]]:
    from tui_chat.storage import tokenizer

    known = dict(db.execute("SELECT name, seq FROM model"))
    for seq, conversation, role, model, created_at, text in turns:
        if model and model not in known:
            known[model] = db.execute("INSERT INTO model (name) VALUES (?)", (model,)).lastrowid
        facets = tokenizer.facets(role, conversation, created_at, known.get(model))
        yield seq, *(words.get(text) or tokenizer.indexed_words(text)), facets


def build_if_missing(db: sqlite3.Connection) -> None:
    """Build the index if it is missing or was built by another tokenizer."""
    if is_possible() and not is_complete(db):
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
    """Rebuild the index from the turns; return how many those are."""
    _drop(db)
    db.execute(CREATE)
    _collect_more(db)
    count = db.executemany(_INSERT, _index_rows(db, db.execute(_TURNS))).rowcount
    db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (_KEY, str(_TOKENIZER_VERSION)))
    return count
