"""Delete conversations for good: hidden at once, their rows removed in short transactions. Knows no hub.

Removing the turns of a long conversation takes seconds, mostly in the search index, and would keep every other write
waiting. What decides, whether a purge has seen all that is here, must be one transaction; the removal need not be. So
`hide` ends the conversation in the transaction that decides: it loses its id, its texts and its place in every list,
and no record, prompt or import can reach it again. `delete_some` then removes rows until its time is over. A kill
between two calls leaves a hidden conversation with fewer turns, and the next call continues. The least piece is one
turn, or one attached file. At the end the search index is merged, since it keeps the words of removed turns.
"""

import sqlite3
from datetime import datetime
from time import monotonic

from tui_chat.storage import app_state, blobs, conversation_list, search_index
from tui_chat.storage.hidden import HIDDEN, HIDDEN_KEYS

BUDGET_S = 0.008
"""A transaction that can be continued stops after this time; its commit needs about as long again."""
_ASK = (
    "INSERT INTO outbox (kind, conversation, name, version) SELECT 9, ?, '', counter FROM sync WHERE true"
    " ON CONFLICT DO NOTHING"
)
_OF_SYNC = ("outbox", "stamp", "waiting", "piece")


def hide(db: sqlite3.Connection, seq: int, conversation_id: str) -> None:
    """End a conversation: nothing but `delete_some` finds it any more. A reply that is streaming there ends."""
    (hidden,) = db.execute("SELECT 'purged:' || lower(hex(randomblob(16)))").fetchone()
    db.execute("INSERT INTO state (key, value) VALUES (?, 'true')", (hidden,))
    app_state.forget_conversation(db, conversation_id)
    live = "SELECT seq FROM turn INDEXED BY turn_live WHERE conversation = ? AND owner IS NOT NULL"
    for (turn,) in db.execute(live, (seq,)).fetchall():
        _delete_turn(db, turn)
    db.execute(
        "UPDATE conversation SET id = ?, kept_here = 1, deleted_at = coalesce(deleted_at, updated_at), title = '',"
        " title_key = '', model = '', system = '', draft = '', options = NULL, head = NULL,"
        " origin_conversation = NULL, origin_turn = NULL, origin_source = NULL, origin_foreign_id = NULL,"
        " turns = 0, cost_usd = '0', known_replies = 0, unknown_replies = 0, estimated_replies = 0 WHERE seq = ?",
        (hidden, seq),
    )


def hide_trash(
    db: sqlite3.Connection, older_than: datetime, after: int, budget_s: float = BUDGET_S
) -> tuple[int, int | None]:
    """Hide some of the old trash after a row number; return how many, and where to continue, `None` at the end.

    What other machines may have is deleted here once the hub has agreed: someone may have continued it there.
    """
    count, stop = 0, monotonic() + budget_s
    for seq in conversation_list.in_trash_since(db, older_than):
        if seq <= after:
            continue
        (conversation_id,) = db.execute("SELECT id FROM conversation WHERE seq = ?", (seq,)).fetchone()
        if has_left(db, conversation_id):
            count += db.execute(_ASK, (conversation_id,)).rowcount
        else:
            hide(db, seq, conversation_id)
            for table in _OF_SYNC:
                db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation_id,))
            count += 1
        if monotonic() > stop:
            return count, seq
    return count, None


def has_left(db: sqlite3.Connection, conversation_id: str) -> bool:
    """Return whether other machines may have the conversation."""
    left = "SELECT 1 FROM stamp, sync WHERE conversation = ? AND kind = 0"
    return db.execute(left, (conversation_id,)).fetchone() is not None


def is_pending(db: sqlite3.Connection) -> bool:
    """Return whether something hidden is left to delete."""
    return db.execute(HIDDEN_KEYS).fetchone() is not None


def delete_some(db: sqlite3.Connection, now: datetime, budget_s: float = BUDGET_S) -> bool:
    """Delete rows of hidden conversations, files that nothing uses, and words; return whether there is more."""
    stop = monotonic() + budget_s
    turns = f"SELECT seq FROM turn WHERE conversation IN ({HIDDEN}) LIMIT 1"
    while (row := db.execute(turns).fetchone()) is not None:
        search_index.remove(db, row[0])
        _delete_turn(db, row[0])
        if monotonic() > stop:
            return True
    if blobs.sweep(db, now, stop):
        return True
    if is_pending(db):
        while search_index.merge_some(db):
            if monotonic() > stop:
                return True
    db.execute(f"DELETE FROM conversation WHERE seq IN ({HIDDEN})")
    db.execute(f"DELETE FROM state WHERE key IN ({HIDDEN_KEYS})")
    return False


def _delete_turn(db: sqlite3.Connection, turn: int) -> None:
    db.execute("UPDATE turn SET parent = NULL WHERE parent = ?", (turn,))
    db.execute("DELETE FROM turn WHERE seq = ?", (turn,))
