"""Local changes that must be sent, as records. Each function is one transaction.

The outbox is a set of what differs, not a log: a record is made of the rows as they are when it is sent. A row dies
only with the hub's answer, and only if nothing changed it meanwhile.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from tui_chat.core.conversation import Origin
from tui_chat.core.replica import NO_DEVICE, Key, Kind, Record, Stamp, purged_names
from tui_chat.storage import marks, rescue, turn_rows
from tui_chat.storage.record_codec import (
    PIECE_BYTES,
    Birth,
    PlacedTurn,
    birth_to_body,
    field_to_body,
    piece_to_body,
    pieces_of,
    side_request_to_body,
    turn_to_body,
)
from tui_chat.storage.row_mapping import SIDE_REQUEST_COLUMNS, parse_required_time, side_request_of
from tui_chat.storage.settle import deletion_from_stamp, finished_turns, has_live, settle_trash, triggers_paused
from tui_chat.storage.sync_state import BUDGET_S

Place = tuple[int, int, str, str]
"""A row's place in the order in which the outbox is sent."""
_ROWS = (
    "SELECT version, kind, conversation, name FROM outbox WHERE kind {} 9"
    " AND (version, kind, conversation, name) > (?, ?, ?, ?) ORDER BY version, kind, conversation, name LIMIT ?"
)
_TRASH = 2
"""`conversation.shelf` of what was deleted and not yet purged."""
MOST_RECORDS = 500
"""In one batch."""
_START: Place = (-1, -1, "", "")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send, and the version of its row in the outbox."""

    record: Record
    version: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to send together, purges never with others."""

    items: tuple[Outgoing, ...]
    end: Place
    """Where the next batch starts."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the hub did with a batch."""

    items: tuple[Outgoing, ...]
    refused: frozenset[Key]
    was: int
    last: int
    mark: tuple[int, str]


def prepare(db: sqlite3.Connection) -> None:
    """Give a new id to each conversation that was purged and then made again here, such as by an import."""
    # The purges come first: there are fewer of them than conversations, and this runs in every cycle.
    made_again = "SELECT seq FROM gone CROSS JOIN conversation ON id = gone.conversation WHERE kept_here = 0"
    for (seq,) in db.execute(made_again).fetchall():
        with triggers_paused(db):
            rescue.rescue(db, seq)


def take(
    db: sqlite3.Connection, after: Place | None, *, purges: bool, most_bytes: int, budget_s: float = BUDGET_S
) -> Batch | None:
    """Return the next records to send, oldest first; `None` after the last."""
    items: list[Outgoing] = []
    stop, size, end = monotonic() + budget_s, 0, after
    for place in _places(db, purges, after or _START):
        end = place
        if (item := _outgoing(db, place)) is not None:
            items.append(item)
            size += len(item.record.body)
        if len(items) >= MOST_RECORDS or size >= most_bytes or (items and monotonic() > stop):
            break
    for conversation in {item.record.key.conversation for item in items if item.record.key.kind == Kind.TURN}:
        _settle_trash(db, conversation)
    return Batch(tuple(items), end) if items and end is not None else None


def _settle_trash(db: sqlite3.Connection, conversation: str) -> None:
    """Take the conversation out of the trash if a turn was added there."""
    row = db.execute("SELECT seq FROM conversation WHERE id = ? AND shelf = ?", (conversation, _TRASH)).fetchone()
    if row is not None:
        _is_in_trash(db, row[0], finished_turns(db, row[0]))


def _places(db: sqlite3.Connection, purges: bool, after: Place) -> Iterator[Place]:
    """Yield the rows of the outbox in order; a file is cut into its pieces when its turn comes."""
    while rows := db.execute(_ROWS.format("=" if purges else "!="), (*after, MOST_RECORDS)).fetchall():
        for after in rows:
            if after[1] == Kind.FILE and "/" not in after[3]:
                _cut(db, after)
                break
            yield after


def _cut(db: sqlite3.Connection, place: Place) -> None:
    """Replace the row of a file by a row for each of its pieces, which follow it in the order."""
    version, kind, conversation, digest = place
    row = db.execute("SELECT size FROM blob WHERE sha256 = ?", (digest,)).fetchone()
    for number in range(0 if row is None else pieces_of(row[0])):
        db.execute(
            "INSERT INTO outbox (kind, conversation, name, version) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET version = excluded.version",
            (kind, conversation, f"{digest}/{number}", version),
        )
    _drop(db, place)


def _drop(db: sqlite3.Connection, place: Place) -> None:
    version, kind, conversation, name = place
    db.execute(
        "DELETE FROM outbox WHERE conversation = ? AND kind = ? AND name = ? AND version = ?",
        (conversation, kind, name, version),
    )


def _outgoing(db: sqlite3.Connection, place: Place) -> Outgoing | None:
    """Return the record of a row; the row of something that is no longer here is deleted."""
    version, kind, conversation, name = place
    if kind == Kind.GONE:
        return _purge(db, place)
    row = db.execute("SELECT seq, kept_here FROM conversation WHERE id = ?", (conversation,)).fetchone()
    make = _MAKERS.get(kind)
    made = None if row is None or row[1] or make is None else make(db, row[0], conversation, name)
    if made is None:
        _drop(db, place)
        return None
    return Outgoing(Record(Key(kind, conversation, name), *made), version)


def _purge(db: sqlite3.Connection, place: Place) -> Outgoing | None:
    """Return a purge that names all turns that are here; one that came too late is withdrawn."""
    version, kind, conversation, _ = place
    gone = db.execute("SELECT turns FROM gone WHERE conversation = ?", (conversation,)).fetchone()
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (conversation,)).fetchone()
    if gone is not None:
        return Outgoing(Record(Key(kind, conversation), Stamp(), bytes(gone[0])), version)
    if row is not None and _is_in_trash(db, row[0], turns := finished_turns(db, row[0])):
        if db.execute("SELECT 1 FROM waiting WHERE conversation = ?", (conversation,)).fetchone():
            return None  # not all of the conversation is here
        return Outgoing(Record(Key(kind, conversation), Stamp(), purged_names(turns)), version)
    _drop(db, place)
    return None


def _is_in_trash(db: sqlite3.Connection, seq: int, turns: Mapping[str, str | None]) -> bool:
    """Return whether a conversation is still in the trash: a turn may have been added to it since."""
    with triggers_paused(db):
        settle_trash(db, seq, lambda: turns)
    (shelf,) = db.execute("SELECT shelf FROM conversation WHERE seq = ?", (seq,)).fetchone()
    return bool(shelf == _TRASH) and not has_live(db, seq)


_Made = tuple[Stamp, bytes] | None


def _birth(db: sqlite3.Connection, seq: int, conversation: str, _: str) -> _Made:
    created_at, used_at, *origin = db.execute(
        "SELECT created_at, updated_at, origin_conversation, origin_turn, origin_source, origin_foreign_id"
        " FROM conversation WHERE seq = ?",
        (seq,),
    ).fetchone()
    db.execute(
        "INSERT INTO stamp (kind, conversation, name, rank, counter, device) VALUES (?, ?, '', 0, 0, ?)"
        " ON CONFLICT DO NOTHING",
        (Kind.BIRTH, conversation, NO_DEVICE),
    )
    whole = Origin(*origin) if origin[0] is not None else None
    return Stamp(), birth_to_body(Birth(parse_required_time(created_at), parse_required_time(used_at), whole))


def _turn(db: sqlite3.Connection, seq: int, conversation: str, name: str) -> _Made:
    row = db.execute(
        "SELECT seq, made, device FROM turn JOIN authored ON authored.turn = turn.seq"
        " WHERE id = ? AND conversation = ? AND owner IS NULL",
        (name, seq),
    ).fetchone()
    if row is None or (stamp := rescue.turn_stamp(db, conversation, row[0])) is None:
        return None
    return stamp, turn_to_body(PlacedTurn(turn_rows.read_turn(db, row[0]), row[1], row[2]))


def _side_request(db: sqlite3.Connection, seq: int, _: str, name: str) -> _Made:
    select = f"SELECT {SIDE_REQUEST_COLUMNS} FROM errand WHERE conversation = ? AND id = ?"
    row = db.execute(select, (seq, name)).fetchone()
    return None if row is None else (Stamp(), side_request_to_body(side_request_of(row)))


def _field(db: sqlite3.Connection, seq: int, conversation: str, name: str) -> _Made:
    row = db.execute(
        "SELECT rank, counter, device, value FROM stamp WHERE conversation = ? AND kind = ? AND name = ?",
        (conversation, Kind.FIELD, name),
    ).fetchone()
    if row is None:
        return None
    return Stamp(*row[:3]), field_body(db, seq, name, row[3])


def field_body(db: sqlite3.Connection, seq: int, name: str, value: str | None) -> bytes:
    """Return a field as it is here; `value` is what its stamp remembers."""
    if marks.is_mark(name):
        (conversation,) = db.execute("SELECT id FROM conversation WHERE seq = ?", (seq,)).fetchone()
        return marks.to_body(db, conversation, name)
    title, source, model, system, options, archived_at, updated_at = db.execute(
        "SELECT title, title_source, model, system, options, archived_at, updated_at FROM conversation WHERE seq = ?",
        (seq,),
    ).fetchone()
    match name:
        case "title":
            return field_to_body(title, source=source)
        case "options":
            return field_to_body(None if options is None else json.loads(options))
        case "deleted":
            at, ends = deletion_from_stamp(value)
            return field_to_body(None if at is None else {"at": at, "ends": ends})
        case "head":
            return field_to_body(_finished_above(db, seq, value), used_at=updated_at)
        case _:
            return field_to_body({"model": model, "system": system, "archived": archived_at}[name])


def _finished_above(db: sqlite3.Connection, conversation: int, turn_id: str | None) -> str | None:
    """Return the turn, or of a live reply the prompt: live replies stay on their machine."""
    select = (
        "SELECT turn.owner, above.id FROM turn LEFT JOIN turn AS above ON above.seq = turn.parent"
        " WHERE turn.id = ? AND turn.conversation = ?"
    )
    while row := db.execute(select, (turn_id, conversation)).fetchone():
        owner, parent = row
        if owner is None:
            break
        turn_id = parent
    return turn_id


def _piece(db: sqlite3.Connection, _seq: int, _id: str, name: str) -> _Made:
    digest, _, number = name.partition("/")
    row = db.execute("SELECT seq, size FROM blob WHERE sha256 = ?", (digest,)).fetchone()
    if row is None or not 0 <= int(number) < pieces_of(row[1]):
        return None
    with db.blobopen("blob", "bytes", row[0], readonly=True) as blob:
        blob.seek(int(number) * PIECE_BYTES)
        return Stamp(), piece_to_body(row[1], blob.read(PIECE_BYTES))


_MAKERS: dict[int, Callable[[sqlite3.Connection, int, str, str], _Made]] = {
    Kind.BIRTH: _birth,
    Kind.TURN: _turn,
    Kind.SIDE_REQUEST: _side_request,
    Kind.FIELD: _field,
    Kind.FILE: _piece,
}


def sent(db: sqlite3.Connection, receipt: Receipt) -> None:
    """Record the hub's answer: what it took leaves the outbox, unless it has changed since."""
    with triggers_paused(db):
        for item in receipt.items:
            key = item.record.key
            if key.kind == Kind.GONE and key not in receipt.refused:
                # As if it had come from elsewhere: something may have been added since it was sent.
                rescue.purge(db, key.conversation, item.record.body)
        for item in receipt.items:
            key = item.record.key
            if key not in receipt.refused:
                _drop(db, (item.version, key.kind, key.conversation, key.name))
                if key.kind == Kind.FILE:
                    _mark_file(db, key)
        db.execute(
            "UPDATE sync SET mark_seq = ?, mark_id = ?, cursor = iif(cursor = ?, ?, cursor)",
            (*receipt.mark, receipt.was, receipt.last),
        )


def _mark_file(db: sqlite3.Connection, key: Key) -> None:
    """Remember that the hub has the file, once all of its pieces are sent."""
    digest = key.name.partition("/")[0]
    left = "SELECT 1 FROM outbox WHERE conversation = ? AND kind = ? AND name LIKE ?"
    if db.execute(left, (key.conversation, Kind.FILE, f"{digest}%")).fetchone() is None:
        mark_file(db, key.conversation, digest)


def mark_file(db: sqlite3.Connection, conversation: str, digest: str) -> None:
    """Remember that the hub has the file, so that it is not sent again with every change of a turn."""
    db.execute(
        "INSERT INTO stamp (kind, conversation, name, rank, counter, device) VALUES (?, ?, ?, 0, 0, ?)"
        " ON CONFLICT DO NOTHING",
        (Kind.FILE, conversation, digest, NO_DEVICE),
    )
