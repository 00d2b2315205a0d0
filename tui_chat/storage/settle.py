"""Set the columns of a conversation that follow from records and turns together: its trash and its head."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tui_chat.core.replica import Kind, unseen


@contextmanager
def triggers_paused(db: sqlite3.Connection) -> Iterator[None]:
    """Write within the open transaction what must not be sent: records from the hub, and repairs."""
    db.execute("UPDATE sync SET applying = 1")
    yield
    db.execute("UPDATE sync SET applying = 0")


def settle(db: sqlite3.Connection, conversation: int) -> None:
    """Set trash and head from their winning values and the turns that are here."""
    settle_trash(db, conversation)
    head, stamped = db.execute(
        "SELECT head, EXISTS (SELECT 1 FROM stamp WHERE stamp.conversation = id AND kind = ? AND name = 'head')"
        " FROM conversation WHERE seq = ?",
        (Kind.FIELD, conversation),
    ).fetchone()
    if stamped:
        (found,) = db.execute(
            "SELECT (SELECT seq FROM turn WHERE turn.id = value AND turn.conversation = ?) FROM stamp"
            " WHERE stamp.conversation = (SELECT id FROM conversation WHERE seq = ?) AND kind = ? AND name = 'head'",
            (conversation, conversation, Kind.FIELD),
        ).fetchone()
    elif head is None:  # it arrives later; until then the conversation must not look empty
        (found,) = db.execute("SELECT max(seq) FROM turn WHERE conversation = ?", (conversation,)).fetchone()
    else:
        return
    if found is not None and found != head:
        db.execute("UPDATE conversation SET head = ? WHERE seq = ?", (found, conversation))


def settle_trash(db: sqlite3.Connection, conversation: int) -> None:
    """Move the conversation to the trash if the machine that deleted it had seen every turn, else out of it."""
    row = db.execute(
        "SELECT value, deleted_at FROM stamp JOIN conversation ON conversation.id = stamp.conversation"
        " WHERE conversation.seq = ? AND kind = ? AND name = 'deleted'",
        (conversation, Kind.FIELD),
    ).fetchone()
    if row is None:
        return
    value, deleted_at = row
    at, ends = deletion_from_stamp(value)
    new = at if at is not None and not unseen(finished_turns(db, conversation), ends) else None
    if new != deleted_at:
        db.execute("UPDATE conversation SET deleted_at = ? WHERE seq = ?", (new, conversation))


def deletion_to_stamp(at: str, ends: Sequence[str]) -> str:
    """Return what the stamp of a deletion remembers; the triggers write the same."""
    return f"{at} {','.join(end.encode().hex().upper() for end in ends)}"


def deletion_from_stamp(value: str | None) -> tuple[str | None, Sequence[str]]:
    """Return the date of a deletion and the ends it saw; a damaged value is none."""
    at, _, ends = (value or "").rpartition(" ")
    try:
        return at or None, [bytes.fromhex(end).decode() for end in ends.split(",") if end]
    except ValueError:
        return None, ()


def finished_turns(db: sqlite3.Connection, conversation: int) -> dict[str, str | None]:
    """Return the parent of each finished turn, by id."""
    return dict(
        db.execute(
            "SELECT turn.id, above.id FROM turn LEFT JOIN turn AS above ON above.seq = turn.parent"
            " WHERE turn.conversation = ? AND turn.owner IS NULL",
            (conversation,),
        ).fetchall()
    )


def has_live(db: sqlite3.Connection, conversation: int) -> bool:
    """Return whether a reply is streaming in the conversation."""
    select = "SELECT EXISTS (SELECT 1 FROM turn INDEXED BY turn_live WHERE conversation = ? AND owner IS NOT NULL)"
    return bool(db.execute(select, (conversation,)).fetchone()[0])
