"""Set the columns of a conversation that follow from records and turns together: its trash and its head."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from tui_chat.core.replica import Kind, unseen


@contextmanager
def triggers_paused(db: sqlite3.Connection) -> Iterator[None]:
    """Write within the open transaction what must not be sent: records from the hub, and repairs."""
    db.execute("UPDATE sync SET applying = 1")
    yield
    db.execute("UPDATE sync SET applying = 0")


def settle(db: sqlite3.Connection, conversation: int) -> None:
    """Set trash and head from their winning values and the turns that are here."""
    settle_trash(db, conversation, partial(finished_turns, db, conversation))
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


def settle_trash(db: sqlite3.Connection, conversation: int, turns: Callable[[], Mapping[str, str | None]]) -> None:
    """Move the conversation to the trash if the machine that deleted it had seen every turn, else out of it.

    `turns` returns its finished turns, which takes milliseconds in a long one.
    """
    row = db.execute(
        "SELECT value, deleted_at FROM stamp JOIN conversation ON conversation.id = stamp.conversation"
        " WHERE conversation.seq = ? AND kind = ? AND name = 'deleted'",
        (conversation, Kind.FIELD),
    ).fetchone()
    if row is None:
        return
    value, deleted_at = row
    at, ends = deletion_from_stamp(value)
    new = at if at is not None and not unseen(turns(), ends) else None
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
    """Return the parent of each finished turn, by id; a parent that is not finished is none."""
    select = "SELECT seq, id, parent FROM turn WHERE conversation = ? AND owner IS NULL"
    rows = db.execute(select, (conversation,)).fetchall()
    ids = {seq: turn_id for seq, turn_id, _ in rows}
    return {turn_id: ids.get(parent) for _, turn_id, parent in rows}


def has_live(db: sqlite3.Connection, conversation: int) -> bool:
    select = "SELECT EXISTS (SELECT 1 FROM turn INDEXED BY turn_live WHERE conversation = ? AND owner IS NOT NULL)"
    return bool(db.execute(select, (conversation,)).fetchone()[0])
