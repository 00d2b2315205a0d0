"""Looking after the database: is it whole, what does not fit together, how large is it, and putting it right."""

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tui_chat.core.bounds import MOST_TOKENS, moment_in_bounds
from tui_chat.storage import row_check, search_index
from tui_chat.storage.errors import is_damage
from tui_chat.storage.figure_check import count_bad_figures, mend_bad_figures
from tui_chat.storage.row_mapping import sum_in
from tui_chat.storage.turn_rows import Tally, set_sums, true_sums

_LOST_PARENTS = (
    "SELECT turn.seq FROM turn LEFT JOIN turn AS above ON above.seq = turn.parent"
    " WHERE turn.parent IS NOT NULL"
    " AND (above.seq IS NULL OR above.seq = turn.seq OR above.conversation != turn.conversation)"
)
_LOST_HEADS = (
    "SELECT conversation.seq FROM conversation LEFT JOIN turn ON turn.seq = conversation.head"
    " WHERE head IS NOT NULL AND (turn.seq IS NULL OR turn.conversation != conversation.seq)"
)
_LOST_CHECKPOINTS = (
    "SELECT DISTINCT turn FROM checkpoint WHERE turn NOT IN (SELECT seq FROM turn WHERE owner IS NOT NULL)"
)
_WRONG_OWNERS = "SELECT seq FROM turn WHERE (owner IS NULL) = (status = 'streaming')"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found; all empty or zero where nothing is wrong."""

    damage: tuple[str, ...] = ()
    """What SQLite's own check says."""
    lost_parents: int = 0
    """Turns that answer a turn that is not there, or by way of others themselves."""
    lost_heads: int = 0
    """Conversations that show a branch that is not there."""
    lost_checkpoints: int = 0
    """Pieces of replies that have ended."""
    wrong_owners: int = 0
    """Turns that stream for nobody, or have ended and still belong to somebody."""
    wrong_sums: int = 0
    """Conversations whose list entry tells other figures than their turns."""
    bad_figures: int = 0
    """Figures and dates out of bounds, which are read as unknown."""
    unindexed: int = 0
    """Turns that search does not know."""
    overindexed: int = 0
    """Turns that search knows and that are not there."""
    sizes: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """Bytes of each table and index, largest first; empty where SQLite cannot tell."""
    unreadable: tuple[str, ...] = ()
    """Sentences about texts and values that cannot be read; the rest is looked at once these are mended."""

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to mend."""
        return self == CheckReport()


@dataclass(frozen=True, slots=True)
class Stats:
    """How much there is."""

    conversations: int
    archived: int
    deleted: int
    turns: int
    live: int
    """Replies that are coming in."""
    prompts: int
    """Remembered for the prompt box."""
    oldest_at: datetime | None
    newest_at: datetime | None
    size_bytes: int
    free_bytes: int
    """Within the file, left by what was deleted and used again."""
    version: int
    has_search_index: bool


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What was put right."""

    found: CheckReport
    backup: Path | None
    damaged_moved_to: Path | None = None
    """Where the file went if it had to be replaced by what could be read of it."""
    salvaged: int = 0


def check(db: sqlite3.Connection) -> CheckReport:
    """Look at everything; takes a while in a large library."""
    try:
        damage = tuple(row[0] for row in db.execute("PRAGMA integrity_check(50)") if row[0] != "ok")
        if damage:
            return CheckReport(damage)
        unreadable = row_check.check(db)
        return CheckReport(unreadable=unreadable) if unreadable else _look_closer(db)
    except (sqlite3.DatabaseError, ValueError, ArithmeticError) as error:
        if isinstance(error, sqlite3.Error) and not is_damage(error):
            raise
        return CheckReport((str(error),))


def _look_closer(db: sqlite3.Connection) -> CheckReport:
    """Whether what SQLite finds whole also fits together."""
    unindexed, overindexed = _compare_index(db)
    return CheckReport(
        (),
        _count(db, _LOST_PARENTS),
        _count(db, _LOST_HEADS),
        _count(db, _LOST_CHECKPOINTS),
        _count(db, _WRONG_OWNERS),
        len(_wrong_sums(db)),
        count_bad_figures(db),
        unindexed,
        overindexed,
        _sizes(db),
    )


def mend(db: sqlite3.Connection) -> None:
    """Make everything fit together again; the index aside."""
    row_check.mend(db)
    mend_bad_figures(db)
    for (seq,) in db.execute(_LOST_PARENTS).fetchall():
        db.execute("UPDATE turn SET parent = NULL WHERE seq = ?", (seq,))
    db.execute("UPDATE turn SET owner = NULL WHERE status != 'streaming' AND owner IS NOT NULL")
    db.execute("UPDATE turn SET owner = 'nobody|0|' WHERE status = 'streaming' AND owner IS NULL")
    db.execute(f"DELETE FROM checkpoint WHERE turn IN ({_LOST_CHECKPOINTS})")
    for seq, tally in _wrong_sums(db).items():
        set_sums(db, seq, tally)
    for (seq,) in db.execute(_LOST_HEADS).fetchall():
        newest = "(SELECT max(seq) FROM turn WHERE conversation = ?)"
        db.execute(f"UPDATE conversation SET head = {newest} WHERE seq = ?", (seq, seq))


def _count(db: sqlite3.Connection, select: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM ({select})").fetchone()[0])


def _wrong_sums(db: sqlite3.Connection) -> dict[int, Tally]:
    """Conversations whose summary is not what their turns and errands add up to, and what it should be."""
    true = true_sums(db)
    told = db.execute(
        "SELECT seq, turns, cost_usd, known_replies, unknown_replies, estimated_replies FROM conversation"
    )
    wrong = {}
    for seq, turns, cost, *counts in told:
        tally = true.get(seq, Tally())
        if (turns, sum_in(cost), *counts) != (tally.turns, tally.usd, tally.known, tally.unknown, tally.estimated):
            wrong[seq] = tally
    return wrong


def _compare_index(db: sqlite3.Connection) -> tuple[int, int]:
    """How many turns the index lacks, and how many it has too many."""
    ended = {row[0] for row in db.execute("SELECT seq FROM turn WHERE owner IS NULL")}
    if not search_index.is_possible():
        return 0, 0
    if not search_index.is_whole(db):
        return len(ended), 0
    try:
        known = {
            row[0] for row in db.execute("SELECT rowid FROM search WHERE search MATCH ?", (search_index.EVERY_TURN,))
        }
    except sqlite3.DatabaseError:
        return len(ended), 0
    return len(ended - known), len(known - ended)


def stats(db: sqlite3.Connection) -> Stats:
    """Count what there is, without reading it."""
    shelves = dict(db.execute("SELECT shelf, count(*) FROM conversation GROUP BY shelf").fetchall())
    turns, oldest, newest = db.execute(
        f"SELECT coalesce(sum(CASE WHEN turns BETWEEN 0 AND {MOST_TOKENS} THEN turns END), 0),"
        " min(created_at), max(updated_at) FROM conversation"
    ).fetchone()
    one = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count", "user_version")
    }
    return Stats(
        conversations=shelves.get(0, 0),
        archived=shelves.get(1, 0),
        deleted=shelves.get(2, 0),
        turns=turns,
        live=_count(db, "SELECT 1 FROM turn INDEXED BY turn_live WHERE owner IS NOT NULL"),
        prompts=_count(db, "SELECT 1 FROM prompt"),
        oldest_at=moment_in_bounds(oldest),
        newest_at=moment_in_bounds(newest),
        size_bytes=one["page_size"] * one["page_count"],
        free_bytes=one["page_size"] * one["freelist_count"],
        version=one["user_version"],
        has_search_index=search_index.is_whole(db),
    )


def _sizes(db: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    try:
        rows = db.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC")
        return tuple((str(name), int(size)) for name, size in rows)
    except sqlite3.OperationalError:
        return ()
