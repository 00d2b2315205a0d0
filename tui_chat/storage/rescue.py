"""Purge a conversation because a record requires it, and rescue the turns that its purger had not seen.

They live on under another id, the same on every machine, so several rescuers make one conversation.
"""

import sqlite3

from tui_chat.core.replica import Kind, Stamp, join_purges, not_purged, rescued_id
from tui_chat.storage import app_state, marks, search_index, sync_state, turn_rows
from tui_chat.storage.purge import hide
from tui_chat.storage.settle import has_live, settle
from tui_chat.storage.turn_rows import Totals

_OWN_TABLES = ("outbox", "waiting", "stamp", "piece")
_COLUMNS = {
    "title": "title, title_key, title_source",
    "model": "model",
    "system": "system",
    "options": "options",
    "archived": "archived_at",
}
"""The columns of each field that is no more than its value."""


def purge(db: sqlite3.Connection, conversation: str, turns: bytes) -> bool:
    """Delete the conversation, which absorbs all that arrives later; return whether turns were rescued from it."""
    row = db.execute("SELECT seq, kept_here FROM conversation WHERE id = ?", (conversation,)).fetchone()
    if row is not None and row[1]:
        return False
    rescued = row is not None and (has_live(db, row[0]) or _has_more(db, row[0], turns))
    if rescued:
        rescue(db, row[0])
    elif row is not None:
        hide(db, row[0], conversation)
    forget(db, conversation)
    (known,) = db.execute("SELECT turns FROM gone WHERE conversation = ?", (conversation,)).fetchone() or (b"",)
    db.execute(
        "INSERT OR REPLACE INTO gone (conversation, turns) VALUES (?, ?)", (conversation, join_purges(known, turns))
    )
    return rescued


def _has_more(db: sqlite3.Connection, seq: int, turns: bytes) -> bool:
    """Return whether a finished turn is here that the purger had not seen."""
    rows = db.execute("SELECT id FROM turn WHERE conversation = ? AND owner IS NULL", (seq,))
    return bool(not_purged([turn_id for (turn_id,) in rows], turns))


def forget(db: sqlite3.Connection, conversation: str) -> None:
    """Delete what the replica remembers of a conversation that is no longer here."""
    for table in _OWN_TABLES:
        db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))


def rescue(db: sqlite3.Connection, seq: int) -> None:
    """Let a purged conversation live on under the id that every machine gives it, and send it."""
    (conversation,) = db.execute("SELECT id FROM conversation WHERE seq = ?", (seq,)).fetchone()
    gone = {row[0] for row in db.execute("SELECT conversation FROM gone")}
    new = rescued_id(conversation, gone)
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (new,)).fetchone()
    if row is None:
        _rename(db, seq, conversation, new)
    else:
        _merge(db, seq, conversation, row[0], new)
        seq = row[0]
    settle(db, seq)
    sync_state.share(db, seq)


def _rename(db: sqlite3.Connection, seq: int, old: str, new: str) -> None:
    db.execute("UPDATE conversation SET id = ?, deleted_at = NULL WHERE seq = ?", (new, seq))
    app_state.rename_conversation(db, old, new)
    forget(db, new)
    db.execute(
        "UPDATE stamp SET conversation = ? WHERE conversation = ? AND (kind = ? OR kind = ? AND name != 'deleted')",
        (new, old, Kind.TURN, Kind.FIELD),
    )


def _merge(db: sqlite3.Connection, old_seq: int, old: str, new_seq: int, new: str) -> None:
    """Move everything that the other conversation lacks, or has in an older version.

    One transaction, however long: two machines rescued different turns, which are few, and between two slices both
    conversations would be seen with parts of one.
    """
    numbers = {}
    for turn, turn_id, owner in db.execute(
        "SELECT seq, id, owner FROM turn WHERE conversation = ? ORDER BY seq", (old_seq,)
    ).fetchall():
        held = db.execute("SELECT seq FROM turn WHERE id = ? AND conversation = ?", (turn_id, new_seq)).fetchone()
        numbers[turn] = turn if held is None else held[0]
        if held is not None and (owner is not None or _turn_stamp(db, old, turn) <= _turn_stamp(db, new, held[0])):
            continue
        search_index.remove(db, turn)
        if held is not None:
            _replace(db, turn, held[0], old, new)
            numbers[turn] = turn
        db.execute("UPDATE turn SET conversation = ? WHERE seq = ?", (new_seq, turn))
        search_index.add(db, turn)
    for before, after in numbers.items():
        if before != after:
            db.execute("UPDATE turn SET parent = ? WHERE parent = ?", (after, before))
    _take_fields(db, old_seq, old, new_seq, new)
    db.execute("UPDATE OR IGNORE errand SET conversation = ? WHERE conversation = ?", (new_seq, old_seq))
    hide(db, old_seq, old)
    turn_rows.set_totals(db, new_seq, turn_rows.counted_totals(db, new_seq).get(new_seq, Totals()))


def _replace(db: sqlite3.Connection, turn: int, held: int, old: str, new: str) -> None:
    """Put a turn in the place of its older version."""
    search_index.remove(db, held)
    db.execute("UPDATE turn SET parent = ? WHERE parent = ?", (turn, held))
    db.execute("UPDATE conversation SET head = ? WHERE head = ?", (turn, held))
    (turn_id,) = db.execute("SELECT id FROM turn WHERE seq = ?", (turn,)).fetchone()
    db.execute("DELETE FROM turn WHERE seq = ?", (held,))
    db.execute("DELETE FROM stamp WHERE conversation = ? AND kind = ? AND name = ?", (new, Kind.TURN, turn_id))
    db.execute(
        "UPDATE stamp SET conversation = ? WHERE conversation = ? AND kind = ? AND name = ?",
        (new, old, Kind.TURN, turn_id),
    )


def _take_fields(db: sqlite3.Connection, old_seq: int, old: str, new_seq: int, new: str) -> None:
    """Take the fields with a greater stamp."""
    for name, *stamp, value in db.execute(
        "SELECT name, rank, counter, device, value FROM stamp"
        " WHERE conversation = ? AND kind = ? AND name != 'deleted'",
        (old, Kind.FIELD),
    ).fetchall():
        held = db.execute(
            "SELECT rank, counter, device FROM stamp WHERE conversation = ? AND kind = ? AND name = ?",
            (new, Kind.FIELD, name),
        ).fetchone()
        if held is not None and tuple(stamp) <= held:
            continue
        db.execute(
            "INSERT OR REPLACE INTO stamp (conversation, kind, name, rank, counter, device, value)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (new, Kind.FIELD, name, *stamp, value),
        )
        if marks.is_mark(name):
            marks.put(db, new, name, marks.is_set(db, old, name), app_state.left_out(db, old)[1])
        elif name in _COLUMNS:
            db.execute(
                f"UPDATE conversation SET ({_COLUMNS[name]}) ="
                f" (SELECT {_COLUMNS[name]} FROM conversation WHERE seq = ?) WHERE seq = ?",
                (old_seq, new_seq),
            )


def _turn_stamp(db: sqlite3.Connection, conversation: str, turn: int) -> Stamp:
    return turn_stamp(db, conversation, turn) or Stamp()


def turn_stamp(db: sqlite3.Connection, conversation: str, turn: int) -> Stamp | None:
    """Return the stamp of a finished turn: that of its last change, else that of its author."""
    row = db.execute(
        "SELECT rank, counter, stamp.device FROM stamp JOIN turn ON turn.id = name"
        " WHERE stamp.conversation = ? AND kind = ? AND turn.seq = ?"
        " UNION ALL SELECT 0, 0, device FROM authored WHERE turn = ?",
        (conversation, Kind.TURN, turn, turn),
    ).fetchone()
    return None if row is None else Stamp(*row)
