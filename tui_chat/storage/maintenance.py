"""Check the database for damage and inconsistencies, repair those, and count what it holds."""

import sqlite3
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from tui_chat.core.bounds import MOST_TOKENS, moment_in_bounds
from tui_chat.storage import blobs, row_check, search_index
from tui_chat.storage.errors import is_damage
from tui_chat.storage.figures_codec import parse_sum
from tui_chat.storage.hidden import HIDDEN
from tui_chat.storage.range_check import count_out_of_range, repair_out_of_range
from tui_chat.storage.recovery.recovered_conversation import recovered_conversation
from tui_chat.storage.turn_rows import Totals, counted_totals, set_totals

_MISSING_PARENTS = (
    "SELECT turn.seq FROM turn LEFT JOIN turn AS above ON above.seq = turn.parent"
    " WHERE turn.parent IS NOT NULL"
    " AND (above.seq IS NULL OR above.seq = turn.seq OR above.conversation != turn.conversation)"
    f" AND turn.conversation NOT IN ({HIDDEN})"
)
_LOST_CONVERSATIONS = (
    "SELECT DISTINCT conversation FROM turn WHERE conversation NOT IN (SELECT seq FROM conversation)"
)
_MOST_SEQ = 2**53
"""A larger number of a conversation is damage, and SQLite would find none for the next."""
_BAD_NUMBERS = f"SELECT seq FROM conversation WHERE seq NOT BETWEEN 1 AND {_MOST_SEQ}"
_MISSING_HEADS = (
    "SELECT conversation.seq FROM conversation LEFT JOIN turn ON turn.seq = conversation.head"
    " WHERE head IS NOT NULL AND (turn.seq IS NULL OR turn.conversation != conversation.seq)"
)
_NEWEST_TURN = "(SELECT max(seq) FROM turn WHERE conversation = ?)"
_ORPHAN_CHECKPOINTS = (
    "SELECT DISTINCT turn FROM checkpoint WHERE turn NOT IN (SELECT seq FROM turn WHERE owner IS NOT NULL)"
)
_WRONG_OWNERS = "SELECT seq FROM turn WHERE (owner IS NULL) = (status = 'streaming')"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; all empty or zero if nothing is wrong."""

    damage: tuple[str, ...] = ()
    """Messages of SQLite's integrity check."""
    lost_parents: int = 0
    """Turns whose parent is missing, or is the turn itself."""
    lost_heads: int = 0
    """Conversations whose selected branch is missing."""
    lost_conversations: int = 0
    """Conversations that are lost but for their turns."""
    bad_numbers: int = 0
    """Conversations whose number is out of range."""
    lost_checkpoints: int = 0
    """Replies that have ended and still have checkpoints."""
    wrong_owners: int = 0
    """Turns that stream without an owner, or have ended and still have one."""
    wrong_sums: int = 0
    """Conversations whose totals differ from those of their turns."""
    bad_figures: int = 0
    """Numbers and dates out of range, which are read as unknown."""
    unindexed: int = 0
    """Turns missing from the search index."""
    overindexed: int = 0
    """Turns in the search index that do not exist."""
    damaged_files: int = 0
    """Attached files whose bytes have changed."""
    wrong_file_uses: int = 0
    """Uses of attached files that are not recorded, or recorded without being there."""
    unreadable: tuple[str, ...] = ()
    """A sentence for each unreadable value; the other checks run once these are repaired."""

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to repair."""
        return self == CheckReport()


@dataclass(frozen=True, slots=True)
class Stats:
    """How many conversations, turns and bytes there are."""

    conversations: int
    archived: int
    deleted: int
    turns: int
    live: int
    """Replies that are streaming."""
    prompts: int
    """Entries of the prompt history."""
    files: int
    """Attached files, each counted once."""
    file_bytes: int
    oldest_at: datetime | None
    newest_at: datetime | None
    size_bytes: int
    free_bytes: int
    """Space in the file left by deleted data, to be used again."""
    version: int
    has_search_index: bool


@dataclass(frozen=True, slots=True)
class RepairReport:
    found: CheckReport
    backup: Path | None
    damaged_moved_to: Path | None = None
    """Where the damaged file is, if it had to be replaced by its readable rows."""
    recovered_conversations: int = 0


def check(db: sqlite3.Connection) -> CheckReport:
    try:
        damage = tuple(row[0] for row in db.execute("PRAGMA integrity_check(50)") if row[0] != "ok")
        if damage:
            return CheckReport(damage)
        unreadable = row_check.check(db)
        return CheckReport(unreadable=unreadable) if unreadable else _check_consistency(db)
    except (sqlite3.DatabaseError, ValueError, ArithmeticError) as error:
        if isinstance(error, sqlite3.Error) and not is_damage(error):
            raise
        return CheckReport((str(error),))


def _check_consistency(db: sqlite3.Connection) -> CheckReport:
    """Check the relations that SQLite's own check does not know."""
    unindexed, overindexed = _compare_index(db)
    return CheckReport(
        (),
        _count(db, _MISSING_PARENTS),
        _count(db, _MISSING_HEADS),
        _count(db, _LOST_CONVERSATIONS),
        _count(db, _BAD_NUMBERS),
        _count(db, _ORPHAN_CHECKPOINTS),
        _count(db, _WRONG_OWNERS),
        len(_wrong_sums(db)),
        count_out_of_range(db),
        unindexed,
        overindexed,
        len(blobs.damaged(db)),
        blobs.wrong_links(db),
    )


def repair(db: sqlite3.Connection) -> None:
    """Make everything consistent, except the search index.

    What a repair makes of damaged values must never be sent: the hub has the right ones, which are read again.
    """
    from tui_chat.storage import settle, sync_state  # few ever repair, and each start loads this file

    with settle.triggers_paused(db):
        _repair(db)
    sync_state.share_again(db)


def _repair(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA defer_foreign_keys = ON")
    row_check.repair(db)
    for (seq,) in db.execute(_LOST_CONVERSATIONS).fetchall():
        number = _add_conversation(db)
        _move_turns(db, seq, number)
        db.execute(f"UPDATE conversation SET head = {_NEWEST_TURN} WHERE seq = ?", (number, number))
    for (seq,) in db.execute(_BAD_NUMBERS).fetchall():
        number = _next_number(db)
        db.execute("UPDATE conversation SET seq = ? WHERE seq = ?", (number, seq))
        _move_turns(db, seq, number)
    db.execute(
        "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(seq), 0) FROM conversation)"
        f" WHERE name = 'conversation' AND seq > {_MOST_SEQ}"
    )
    blobs.repair(db)
    repair_out_of_range(db)
    for (seq,) in db.execute(_MISSING_PARENTS).fetchall():
        db.execute("UPDATE turn SET parent = NULL WHERE seq = ?", (seq,))
    db.execute("UPDATE turn SET owner = NULL WHERE status != 'streaming' AND owner IS NOT NULL")
    db.execute("UPDATE turn SET owner = 'nobody|0|' WHERE status = 'streaming' AND owner IS NULL")
    db.execute(f"DELETE FROM checkpoint WHERE turn IN ({_ORPHAN_CHECKPOINTS})")
    for seq, totals in _wrong_sums(db).items():
        set_totals(db, seq, totals)
    for (seq,) in db.execute(_MISSING_HEADS).fetchall():
        db.execute(f"UPDATE conversation SET head = {_NEWEST_TURN} WHERE seq = ?", (seq, seq))


def _next_number(db: sqlite3.Connection) -> int:
    last = f"SELECT coalesce(max(seq), 0) FROM conversation WHERE seq <= {_MOST_SEQ}"
    return int(max(db.execute(last).fetchone()[0], 0)) + 1


def _add_conversation(db: sqlite3.Connection) -> int:
    """Add a conversation for turns whose own is lost; return its number."""
    row = recovered_conversation(_next_number(db), str(uuid4()), datetime.now(UTC))
    db.execute(
        f"INSERT INTO conversation ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )
    return int(row["seq"])


def _move_turns(db: sqlite3.Connection, conversation: int, to: int) -> None:
    for table in ("turn", "errand"):
        db.execute(f"UPDATE {table} SET conversation = ? WHERE conversation = ?", (to, conversation))


def _count(db: sqlite3.Connection, select: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM ({select})").fetchone()[0])


def _wrong_sums(db: sqlite3.Connection) -> dict[int, Totals]:
    """Return the conversations whose totals are wrong, with the right ones."""
    counted = counted_totals(db)
    stored = db.execute(
        "SELECT seq, turns, cost_usd, known_replies, unknown_replies, estimated_replies FROM conversation"
        f" WHERE seq NOT IN ({HIDDEN})"
    )
    wrong = {}
    for seq, turns, cost, *counts in stored:
        totals = counted.get(seq, Totals())
        if (turns, parse_sum(cost), *counts) != astuple(totals):
            wrong[seq] = totals
    return wrong


def _compare_index(db: sqlite3.Connection) -> tuple[int, int]:
    """Return how many turns the index lacks, and how many it has too many."""
    ended = {row[0] for row in db.execute("SELECT seq FROM turn WHERE owner IS NULL")}
    if not search_index.is_possible():
        return 0, 0
    if not search_index.is_complete(db):
        return len(ended), 0
    try:
        known = {
            row[0] for row in db.execute("SELECT rowid FROM search WHERE search MATCH ?", (search_index.EVERY_TURN,))
        }
    except sqlite3.DatabaseError:
        return len(ended), 0
    return len(ended - known), len(known - ended)


def stats(db: sqlite3.Connection) -> Stats:
    """Count what there is, without reading the turns."""
    visible = f"FROM conversation WHERE seq NOT IN ({HIDDEN})"
    shelves = dict(db.execute(f"SELECT shelf, count(*) {visible} GROUP BY shelf").fetchall())
    turns, oldest, newest = db.execute(
        f"SELECT coalesce(sum(CASE WHEN turns BETWEEN 0 AND {MOST_TOKENS} THEN turns END), 0),"
        f" min(created_at), max(updated_at) {visible}"
    ).fetchone()
    pragmas = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count", "user_version")
    }
    files, file_bytes = db.execute("SELECT count(*), coalesce(sum(size), 0) FROM blob").fetchone()
    return Stats(
        conversations=shelves.get(0, 0),
        archived=shelves.get(1, 0),
        deleted=shelves.get(2, 0),
        turns=turns,
        live=_count(db, "SELECT 1 FROM turn INDEXED BY turn_live WHERE owner IS NOT NULL"),
        prompts=_count(db, "SELECT 1 FROM prompt"),
        files=files,
        file_bytes=file_bytes,
        oldest_at=moment_in_bounds(oldest),
        newest_at=moment_in_bounds(newest),
        size_bytes=pragmas["page_size"] * pragmas["page_count"],
        free_bytes=pragmas["page_size"] * pragmas["freelist_count"],
        version=pragmas["user_version"],
        has_search_index=search_index.is_complete(db),
    )
