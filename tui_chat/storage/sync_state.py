"""The replica's own row, and putting all that this machine has into the outbox. Each function is one transaction.

Sharing everything takes many short transactions: `sync.shared` holds how far it came, so that it is resumed after a
crash, and other writes get in between.
"""

import sqlite3
from dataclasses import dataclass
from time import monotonic

from tui_chat.core.replica import Kind
from tui_chat.storage import marks

BUDGET_S = 0.008
"""A transaction that can be continued stops after this time; its commit needs about as long again."""
_TABLES = ("sync", "outbox", "stamp", "waiting", "piece", "gone", "unread")
TITLE_RANK = "CASE title_source WHEN 'user' THEN 2 WHEN 'model' THEN 1 ELSE 0 END"
_LEAVES = (
    "SELECT group_concat(hex(id)) FROM turn WHERE turn.conversation = conversation.seq AND NOT EXISTS"
    " (SELECT 1 FROM turn AS child WHERE child.parent = turn.seq AND child.owner IS NULL)"
)
_FIELDS = {
    "title": (TITLE_RANK, "title != ''", "NULL"),
    "model": ("0", "model != ''", "NULL"),
    "system": ("0", "system != ''", "NULL"),
    "options": ("0", "options IS NOT NULL", "NULL"),
    "archived": ("0", "archived_at IS NOT NULL", "NULL"),
    "deleted": ("0", "deleted_at IS NOT NULL", f"deleted_at || ' ' || coalesce(({_LEAVES}), '')"),
    "head": ("0", "head IS NOT NULL", "(SELECT id FROM turn WHERE seq = head)"),
}
"""Of each field: SQL for its rank, for whether it is set, and for what its stamp remembers."""


_AUTHORED = "FROM turn JOIN authored ON authored.turn = turn.seq"
_ALL_OF_IT = (
    f"SELECT {Kind.BIRTH:d}, :id, '', coalesce(min(made) - 1, 0) {_AUTHORED} WHERE conversation = :seq",
    f"SELECT {Kind.FILE:d}, :id, sha256, min(made) - 1 {_AUTHORED} JOIN attachment ON attachment.turn = turn.seq"
    " JOIN blob ON blob.seq = attachment.blob WHERE conversation = :seq GROUP BY sha256",
    f"SELECT {Kind.TURN:d}, :id, id, made {_AUTHORED} WHERE conversation = :seq AND owner IS NULL",
    f"SELECT {Kind.SIDE_REQUEST:d}, :id, id, counter FROM errand, sync WHERE conversation = :seq",
    "SELECT kind, conversation, name, sync.counter FROM stamp, sync"
    f" WHERE conversation = :id AND kind = {Kind.FIELD:d}",
)
"""Rows of the outbox, in an order in which nothing is sent before what it needs."""


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """How far this machine has synced in the feed of the hub."""

    space: str
    device: bytes
    counter: int
    cursor: int
    mark: tuple[int, str] | None
    to_send: int
    waiting: int
    """Records whose conversation or parent has not arrived."""
    unread: int
    """Records that this version of the program cannot read."""
    is_shared: bool
    """Everything that was here before is in the outbox."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far this machine has read the feed."""

    cursor: int
    mark: tuple[int, str] | None
    """The newest push that the hub is known to have had."""


def position(db: sqlite3.Connection) -> Position | None:
    """Return how far this machine has read, which costs the same however much waits."""
    row = db.execute("SELECT cursor, mark_seq, mark_id FROM sync").fetchone()
    return None if row is None else Position(row[0], None if None in row[1:] else (row[1], row[2]))


def state(db: sqlite3.Connection) -> ReplicaState | None:
    """Return the state of the replica; `None` on a machine that does not sync."""
    row = db.execute("SELECT space, device, counter, cursor, mark_seq, mark_id, shared FROM sync").fetchone()
    if row is None:
        return None
    space, device, counter, cursor, mark_seq, mark_id, shared = row
    to_send, waiting, unread = (
        int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in ("outbox", "waiting", "unread")
    )
    mark = None if mark_seq is None or mark_id is None else (mark_seq, mark_id)
    return ReplicaState(space, device, counter, cursor, mark, to_send, waiting, unread, shared is None)


def start(db: sqlite3.Connection, space: str, device: bytes) -> None:
    """Begin to sync with a space: all that is here will be sent, all that the hub has will be read."""
    clear(db)
    db.execute(
        "INSERT INTO sync (one, space, device, counter, cursor, shared) SELECT 1, ?, ?, max("
        " coalesce((SELECT max(seq) FROM turn), 0), coalesce((SELECT max(made) FROM authored), 0)), 0, 0",
        (space, device),
    )


def clear(db: sqlite3.Connection) -> None:
    """Stop syncing. Conversations stay as they are, and their turns in the order they have on every machine."""
    for table in _TABLES:
        db.execute(f"DELETE FROM {table}")


def rename_device(db: sqlite3.Connection, device: bytes) -> None:
    """Give the replica a new device: the file is a copy, or was restored from a backup."""
    db.execute("UPDATE sync SET device = ?", (device,))


def share_again(db: sqlite3.Connection) -> None:
    db.execute("UPDATE sync SET cursor = 0, mark_seq = NULL, mark_id = NULL, shared = 0")


def share_some(db: sqlite3.Connection, budget_s: float = BUDGET_S) -> bool:
    """Put more of what was here before into the outbox; return whether there is still more."""
    row = db.execute("SELECT shared FROM sync").fetchone()
    if row is None or row[0] is None:
        return False
    stop = monotonic() + budget_s
    for (seq,) in db.execute("SELECT seq FROM conversation WHERE seq > ? ORDER BY seq", (row[0],)):
        share(db, seq)
        if monotonic() > stop:
            db.execute("UPDATE sync SET shared = ?", (seq,))
            return True
    db.execute(
        f"INSERT INTO outbox (kind, conversation, name, version) SELECT {Kind.GONE:d}, conversation, '', counter"
        " FROM gone, sync WHERE true ON CONFLICT DO NOTHING"
    )
    db.execute("UPDATE sync SET shared = NULL")
    return False


def _place_turns(db: sqlite3.Connection, seq: int) -> None:
    """Give each turn that has none a place in the order: as here, and after those that have one already."""
    authored = f"SELECT max(made) {_AUTHORED} WHERE conversation = ?"
    (newest,) = db.execute(authored, (seq,)).fetchone()
    place = "seq" if newest is None else "counter + row_number() OVER (ORDER BY seq)"
    db.execute(
        f"INSERT INTO authored (turn, made, device) SELECT seq, {place}, device FROM turn, sync"
        " WHERE conversation = ? AND NOT EXISTS (SELECT 1 FROM authored WHERE turn = seq)",
        (seq,),
    )
    db.execute(
        "UPDATE sync SET counter ="
        f" max(counter, coalesce((SELECT max(seq) FROM turn), 0), coalesce(({authored}), 0))",
        (seq,),
    )


def share(db: sqlite3.Connection, seq: int) -> None:
    """Put all of a conversation into the outbox, unless it is kept here."""
    row = db.execute("SELECT id FROM conversation WHERE seq = ? AND kept_here = 0", (seq,)).fetchone()
    if row is None:
        return
    (conversation,) = row
    _place_turns(db, seq)
    for name, (rank, is_set, value) in _FIELDS.items():
        db.execute(
            f"INSERT INTO stamp (kind, conversation, name, rank, counter, device, value)"
            f" SELECT {Kind.FIELD:d}, id, ?, {rank}, 0, device, {value} FROM conversation, sync"
            f" WHERE seq = ? AND {is_set} ON CONFLICT DO NOTHING",
            (name, seq),
        )
    db.executemany(
        f"INSERT INTO stamp (kind, conversation, name, rank, counter, device)"
        f" SELECT {Kind.FIELD:d}, ?, ?, 0, 0, device FROM sync WHERE true ON CONFLICT DO NOTHING",
        [(conversation, name) for name in marks.names(db, conversation)],
    )
    for select in _ALL_OF_IT:
        db.execute(
            f"INSERT INTO outbox (kind, conversation, name, version) {select}"
            " ON CONFLICT DO UPDATE SET version = excluded.version",
            {"id": conversation, "seq": seq},
        )
