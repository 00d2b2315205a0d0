"""Apply records from the hub. Each call is one transaction that also moves the cursor.

Applying is a join: in whatever order records arrive, and however often, the result is the same. It never reads a
whole conversation, and stops after its budget of time, so that other writes get in between.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any

from tui_chat.core.bounds import MOST_COUNTER, moment_in_bounds
from tui_chat.core.conversation import TitleSource
from tui_chat.core.part import AttachmentPart
from tui_chat.core.replica import Arrival, Key, Kind, Record, Stamp, wins
from tui_chat.storage import blobs, marks, outbox, rescue, turn_rows
from tui_chat.storage.conversation_writes import put_side_requests
from tui_chat.storage.figures_codec import dump
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.record_codec import (
    Birth,
    PlacedTurn,
    birth_from_body,
    field_from_body,
    piece_from_body,
    pieces_of,
    side_request_from_body,
    turn_from_body,
)
from tui_chat.storage.row_mapping import UNREADABLE, parse_options, title_key
from tui_chat.storage.settle import deletion_to_stamp, settle, triggers_paused
from tui_chat.storage.sync_state import BUDGET_S
from tui_chat.storage.turn_rows import Totals

_READY = (
    "SELECT kind, conversation, name, rank, counter, device, body FROM waiting INDEXED BY waiting_ready"
    " WHERE is_ready LIMIT 1"
)


@dataclass(slots=True)
class Applied:
    """What a call did with the records it was given."""

    taken: int = 0
    """How many of them, from the first; the others are for the next call."""
    is_done: bool = True
    """No record that waited is left to apply."""
    conversations: set[str] = field(default_factory=set)
    rescued: int = 0
    """Conversations that were purged elsewhere and live on with turns that the purger had not seen."""


def apply(
    db: sqlite3.Connection,
    arrivals: Sequence[Arrival],
    mark: tuple[int, str] | None,
    process: CurrentProcess,
    budget_s: float = BUDGET_S,
) -> Applied:
    """Apply records in the order of the feed, and what they release."""
    if not arrivals and db.execute(_READY).fetchone() is None:
        return Applied()  # other processes take every write for a change
    with triggers_paused(db):
        work = _Work(db, process, monotonic() + budget_s)
        work.release()
        while work.applied.taken < len(arrivals) and work.applied.is_done and not work.is_late:
            work.arrive(arrivals[work.applied.taken])
            work.applied.taken += 1
            work.release()
        work.finish()
        if mark is not None:
            db.execute(
                "UPDATE sync SET mark_seq = ?, mark_id = ? WHERE mark_seq IS NULL OR mark_seq < ?", (*mark, mark[0])
            )
        for arrival in arrivals[max(work.applied.taken - 1, 0) : work.applied.taken]:
            db.execute("UPDATE sync SET cursor = max(cursor, ?)", (arrival.sealed.seq,))
    return work.applied


class _Work:
    """One transaction: the conversations it touched, and what it adds to their totals."""

    def __init__(self, db: sqlite3.Connection, process: CurrentProcess, stop: float) -> None:
        self._db = db
        self._process = process
        self._stop = stop
        self._touched: set[int] = set()
        self._totals: dict[int, Totals] = {}
        self.applied = Applied()

    @property
    def is_late(self) -> bool:
        return self.applied.taken > 0 and monotonic() > self._stop

    def arrive(self, arrival: Arrival) -> None:
        """Apply a record, or keep it for a version of the program that can read it."""
        sealed, record = arrival.sealed, arrival.record
        self._advance(sealed.counter)
        why = arrival.why
        if record is not None:
            try:
                self.record(record)
            except UNREADABLE as error:
                why = f"{type(error).__name__}: {error}"[:200]
        if why:
            self._db.execute(
                "INSERT OR REPLACE INTO unread (key, room, kind, rank, counter, device, body, why)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (sealed.key, sealed.room, sealed.kind, sealed.rank, sealed.counter, sealed.device, sealed.body, why),
            )
        else:
            self._db.execute("DELETE FROM unread WHERE key = ?", (sealed.key,))
            if sealed.kind == Kind.GONE:
                self._db.execute("DELETE FROM unread WHERE room = ?", (sealed.room,))

    def record(self, record: Record) -> None:
        """Apply a record; raises before anything is written if its body cannot be read."""
        key = record.key
        if key.kind == Kind.GONE:
            self._purge(record)
            return
        read = _read(key, record.body)
        if isinstance(read, PlacedTurn):
            self._advance(read.made)
        if self._db.execute("SELECT 1 FROM gone WHERE conversation = ?", (key.conversation,)).fetchone():
            return
        row = self._db.execute("SELECT seq FROM conversation WHERE id = ?", (key.conversation,)).fetchone()
        if isinstance(read, Birth):
            self._born(key, read, None if row is None else row[0])
        elif row is None:
            self._wait(record, None)
        elif isinstance(read, PlacedTurn):
            self._turn(record, read, row[0])
        elif key.kind == Kind.SIDE_REQUEST:
            put_side_requests(self._db, row[0], (read,))
            self._sent(key)
        elif key.kind == Kind.FIELD:
            self._field(record, read, row[0])
        else:
            self._piece(key, read, row[0])
        self.applied.conversations.add(key.conversation)

    def _advance(self, counter: int) -> None:
        if counter <= MOST_COUNTER:
            self._db.execute("UPDATE sync SET counter = ? WHERE counter < ?", (counter, counter))

    def _purge(self, record: Record) -> None:
        row = self._db.execute("SELECT seq FROM conversation WHERE id = ?", (record.key.conversation,)).fetchone()
        self._flush()
        self.applied.rescued += rescue.purge(self._db, record.key.conversation, record.body)
        self.applied.conversations.add(record.key.conversation)
        if row is not None:
            self._touched.discard(row[0])

    def _born(self, key: Key, birth: Birth, seq: int | None) -> None:
        origin = birth.origin
        place = (None,) * 4 if origin is None else (
            origin.conversation_id, origin.turn_id, origin.source, origin.foreign_id,
        )  # fmt: skip
        used = turn_rows.next_used(self._db, birth.used_at, after_all=False)
        if seq is None:
            self._db.execute(
                "INSERT INTO conversation (id, used, title, title_key, title_source, model, created_at, updated_at,"
                " system, origin_conversation, origin_turn, origin_source, origin_foreign_id)"
                " VALUES (?, ?, '', '', 'prompt', '', ?, ?, '', ?, ?, ?, ?)",
                (key.conversation, used, birth.created_at.isoformat(), birth.used_at.isoformat(), *place),
            )
        else:
            self._db.execute(
                "UPDATE conversation SET (created_at, origin_conversation, origin_turn, origin_source,"
                " origin_foreign_id) = (?, ?, ?, ?, ?) WHERE seq = ?",
                (birth.created_at.isoformat(), *place, seq),
            )
        self._db.execute(
            "INSERT INTO stamp (kind, conversation, name, rank, counter, device) VALUES (?, ?, '', 0, 0, zeroblob(8))"
            " ON CONFLICT DO NOTHING",
            (Kind.BIRTH, key.conversation),
        )
        self._sent(key)
        self._db.execute(
            "UPDATE waiting SET is_ready = 1 WHERE conversation = ? AND needs IS NULL", (key.conversation,)
        )

    def _wait(self, record: Record, needs: str | None) -> None:
        """Keep a record until what it needs has arrived."""
        key, stamp = record.key, record.stamp
        self._db.execute(
            "INSERT INTO waiting (kind, conversation, name, needs, rank, counter, device, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET (needs, is_ready, rank, counter, device, body) = (excluded.needs, 0, excluded.rank,"
            " excluded.counter, excluded.device, excluded.body)"
            " WHERE (excluded.rank, excluded.counter, excluded.device) >= (rank, counter, device)",
            (key.kind, key.conversation, key.name, needs, stamp.rank, stamp.counter, stamp.device, record.body),
        )

    def release(self) -> None:
        """Apply the records that no longer wait, until the time is over."""
        while (row := self._db.execute(_READY).fetchone()) is not None:
            if monotonic() > self._stop and self.applied.conversations:
                self.applied.is_done = False
                return
            kind, conversation, name, *stamp, body = row
            self._db.execute(
                "DELETE FROM waiting WHERE conversation = ? AND kind = ? AND name = ?", (conversation, kind, name)
            )
            self.record(Record(Key(kind, conversation, name), Stamp(*stamp), body))

    def _sent(self, key: Key) -> None:
        """Take a record out of the outbox: the hub has it, or one that wins."""
        self._db.execute(
            "DELETE FROM outbox WHERE conversation = ? AND kind = ? AND name = ?",
            (key.conversation, key.kind, key.name),
        )

    def _turn(self, record: Record, placed: PlacedTurn, conversation: int) -> None:
        db, key, turn = self._db, record.key, placed.turn
        known = turn_rows.turn_seqs(db, conversation, (turn.parent_id, turn.id))
        if turn.parent_id is not None and turn.parent_id not in known:
            self._wait(record, turn.parent_id)
            return
        seq = known.get(turn.id)
        (owner,) = (None,) if seq is None else db.execute("SELECT owner FROM turn WHERE seq = ?", (seq,)).fetchone()
        held = None if seq is None or owner is not None else rescue.turn_stamp(db, key.conversation, seq)
        if not wins(record.stamp, held):
            return
        if seq is None:
            known |= turn_rows.next_turn_seqs(db, [turn.id])
            seq = known[turn.id]
            turn_rows.insert_turns(db, conversation, [turn], known, self._process)
            self._count(conversation, turn, 1)
        elif (old := turn_rows.read_turn(db, seq)) != turn:
            turn_rows.update_turn(db, seq, turn, known, self._process)
            self._count(conversation, old, -1)
            self._count(conversation, turn, 1)
        db.execute(
            "INSERT OR REPLACE INTO authored (turn, made, device) VALUES (?, ?, ?)", (seq, placed.made, placed.author)
        )
        if record.stamp != Stamp(0, 0, placed.author):
            self._stamp(record, None)
        self._sent(key)
        self._touched.add(conversation)
        for part in turn.parts:
            if isinstance(part, AttachmentPart) and part.sha256:
                self._join_pieces(key.conversation, conversation, part.sha256)
        db.execute(
            "UPDATE waiting SET is_ready = 1 WHERE conversation = ? AND kind = ? AND needs = ?",
            (key.conversation, Kind.TURN, turn.id),
        )

    def _count(self, conversation: int, turn: Any, sign: int) -> None:
        self._totals.setdefault(conversation, Totals()).count(turn, sign)

    def _stamp(self, record: Record, value: str | None) -> None:
        key, stamp = record.key, record.stamp
        self._db.execute(
            "INSERT OR REPLACE INTO stamp (kind, conversation, name, rank, counter, device, value)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key.kind, key.conversation, key.name, stamp.rank, stamp.counter, stamp.device, value),
        )

    def _field(self, record: Record, item: Any, conversation: int) -> None:
        db, key, value = self._db, record.key, item["value"]
        row = db.execute(
            "SELECT rank, counter, device, value FROM stamp WHERE conversation = ? AND kind = ? AND name = ?",
            (key.conversation, Kind.FIELD, key.name),
        ).fetchone()
        if not wins(record.stamp, None if row is None else Stamp(*row[:3])):
            return
        self._sent(key)
        is_echo = row is not None and Stamp(*row[:3]) == record.stamp
        if is_echo and outbox.field_body(db, conversation, key.name, row[3]) == record.body:
            return  # the head may be a live reply here, whose prompt is the head elsewhere
        remembered = None
        match key.name:
            case "title":
                source = TitleSource(item["source"]).value
                db.execute(
                    "UPDATE conversation SET (title, title_key, title_source) = (?, ?, ?) WHERE seq = ?",
                    (value, title_key(value), source, conversation),
                )
            case "deleted":
                remembered = None if value is None else deletion_to_stamp(value["at"], value["ends"])
            case "head":
                remembered = value
                self._used(conversation, moment_in_bounds(item["used_at"]))
            case _ if marks.is_mark(key.name):
                marks.put(db, key.conversation, key.name, value, moment_in_bounds(item.get("at")))
            case _:
                column = {"archived": "archived_at"}.get(key.name, key.name)
                stored = None if value is None else dump(value) if key.name == "options" else value
                db.execute(f"UPDATE conversation SET {column} = ? WHERE seq = ?", (stored, conversation))
        self._stamp(record, remembered)
        self._touched.add(conversation)

    def _used(self, conversation: int, moment: datetime | None) -> None:
        if moment is None:
            return
        used = turn_rows.next_used(self._db, moment, after_all=False)
        self._db.execute(
            "UPDATE conversation SET used = ?, updated_at = ? WHERE seq = ? AND used < ?",
            (used, moment.isoformat(), conversation, used),
        )

    def _piece(self, key: Key, piece: tuple[int, bytes], conversation: int) -> None:
        size, data = piece
        digest, _, number = key.name.partition("/")
        self._sent(key)
        if not blobs.is_stored(self._db, digest):
            self._db.execute(
                "INSERT OR REPLACE INTO piece (conversation, sha256, n, size, bytes) VALUES (?, ?, ?, ?, ?)",
                (key.conversation, digest, int(number), size, data),
            )
        self._join_pieces(key.conversation, conversation, digest)

    def _join_pieces(self, conversation_id: str, conversation: int, digest: str) -> None:
        """Store a file once all its pieces and a turn that uses it are here."""
        db = self._db
        users = blobs.turns_with(db, conversation, digest)
        if not users:
            return
        if not blobs.is_stored(db, digest):
            select = "SELECT count(*), max(size) FROM piece WHERE conversation = ? AND sha256 = ?"
            count, size = db.execute(select, (conversation_id, digest)).fetchone()
            if size is None or count < pieces_of(size):
                return
            select = "SELECT bytes FROM piece WHERE conversation = ? AND sha256 = ? ORDER BY n"
            data = b"".join(row[0] for row in db.execute(select, (conversation_id, digest)))
            if sha256(data).hexdigest() == digest:
                blobs.put(db, data)
        db.execute("DELETE FROM piece WHERE conversation = ? AND sha256 = ?", (conversation_id, digest))
        if blobs.is_stored(db, digest):
            outbox.mark_file(db, conversation_id, digest)
            for turn in users:
                blobs.add_link(db, turn, digest)

    def finish(self) -> None:
        """Bring totals, heads and trash in line with what was applied."""
        self._flush()
        for conversation in self._touched:
            settle(self._db, conversation)

    def _flush(self) -> None:
        for conversation, totals in self._totals.items():
            turn_rows.add_totals(self._db, conversation, totals)
        self._totals.clear()


def _read(key: Key, body: bytes) -> Any:
    """Return what a body holds; raises one of `UNREADABLE`."""
    match key.kind:
        case Kind.BIRTH:
            return birth_from_body(body)
        case Kind.TURN:
            return turn_from_body(key.name, body)
        case Kind.SIDE_REQUEST:
            return side_request_from_body(key.name, body)
        case Kind.FIELD:
            item = field_from_body(body)
            if marks.is_mark(key.name):
                marks.check(key.name, item)
            else:
                _CHECKS[key.name](item)
            return item
        case Kind.FILE:
            digest, _, number = key.name.partition("/")
            size, data = piece_from_body(body)
            if len(digest) != 64 or not 0 <= int(number) < pieces_of(size):
                raise ValueError("no piece of a file")
            return size, data
    raise ValueError(f"kind {key.kind}")


def _check_text(item: Any) -> None:
    if not isinstance(item["value"], str):
        raise TypeError("no text")


def _check_title(item: Any) -> None:
    _check_text(item)
    TitleSource(item["source"])


def _check_options(item: Any) -> None:
    parse_options(None if item["value"] is None else json.dumps(item["value"]))


def _check_moment(item: Any) -> None:
    if item["value"] is not None and moment_in_bounds(item["value"]) is None:
        raise ValueError("no date")


def _check_deletion(item: Any) -> None:
    value = item["value"]
    if value is not None and (moment_in_bounds(value["at"]) is None or not all(map(_is_text, value["ends"]))):
        raise ValueError("no deletion")


def _check_head(item: Any) -> None:
    if item["value"] is not None and not _is_text(item["value"]):
        raise TypeError("no turn")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_CHECKS: dict[str, Callable[[Any], None]] = {
    "title": _check_title,
    "model": _check_text,
    "system": _check_text,
    "options": _check_options,
    "archived": _check_moment,
    "deleted": _check_deletion,
    "head": _check_head,
}
"""By the name of a field; another name is a field of a later version, which waits unread."""
