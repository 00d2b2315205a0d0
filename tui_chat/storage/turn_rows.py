"""Read and write the rows of conversations and turns. Each function runs within one transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tui_chat.core.bounds import EXACT, UNKNOWN_MOMENT, count_in_bounds
from tui_chat.core.conversation import Conversation, SideRequest
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Cost
from tui_chat.storage import blobs, search_index
from tui_chat.storage.connection import note_damaged_value, strict_text
from tui_chat.storage.figures_codec import parse_sum
from tui_chat.storage.insert_rows import insert_rows
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.row_mapping import (
    CONVERSATION_COLUMNS,
    SIDE_REQUEST_COLUMNS,
    TURN_COLUMNS,
    UNREADABLE,
    conversation_of,
    conversation_values,
    placeholders,
    side_request_of,
    stored_text,
    turn_reader,
    turn_values,
)

_LAST_SEQS = "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'turn'), (SELECT max(seq) FROM turn)"
"""What SQLite remembers may be damaged, and is then smaller than the numbers that are in use."""
_TURN_VALUES = placeholders(TURN_COLUMNS)
_CONVERSATION_VALUES = placeholders(CONVERSATION_COLUMNS)
_INSERT_TURN = (
    f"INSERT INTO turn (seq, conversation, parent, owner, {TURN_COLUMNS}) VALUES (?, ?, ?, ?, {_TURN_VALUES})"
)
_UPDATE_TURN = f"UPDATE turn SET parent = ?, owner = ?, ({TURN_COLUMNS}) = ({_TURN_VALUES}) WHERE seq = ?"
_INSERT_CONVERSATION = (
    f"INSERT INTO conversation (seq, used, kept_here, {CONVERSATION_COLUMNS})"
    f" VALUES (?, ?, ?, {_CONVERSATION_VALUES})"
)
_UPDATE_CONVERSATION = (
    f"UPDATE conversation SET used = ?, ({CONVERSATION_COLUMNS}) = ({_CONVERSATION_VALUES}) WHERE seq = ?"
)
_SUMS = "turns, cost_usd, known_replies, unknown_replies, estimated_replies"
_WITHOUT_TEXT = TURN_COLUMNS.replace("fault", "NULL").replace("text, parts", "'', NULL")
MAX_USED = 10**18
"""Above every position in the order of use that a clock can give; larger ones are ignored."""
_LAST_USED = (
    "SELECT max(used) FROM (SELECT max(used) AS used FROM conversation WHERE shelf = 0 AND used < ?"
    " UNION ALL SELECT max(used) FROM conversation WHERE shelf = 1 AND used < ?"
    " UNION ALL SELECT max(used) FROM conversation WHERE shelf = 2 AND used < ?)"
)
MAX_SEQ = 2**62
"""Row numbers above this are ignored when a new one is chosen: SQLite's last one has no next."""


@dataclass(slots=True)
class Totals:
    """The totals of a conversation's summary, or what a change adds to them."""

    turns: int = 0
    usd: Decimal = Decimal(0)
    known: int = 0
    unknown: int = 0
    estimated: int = 0

    def count(self, turn: Turn, sign: int = 1) -> None:
        """Add a turn, or subtract it."""
        self.turns += sign
        if turn.role is Role.ASSISTANT and turn.usage is not None:
            self._add_cost(turn.cost, sign)

    def count_side_request(self, side_request: SideRequest) -> None:
        self._add_cost(side_request.cost, 1)

    def _add_cost(self, cost: Cost | None, sign: int) -> None:
        if cost is None:
            self.unknown += sign
            return
        self.known += sign
        self.usd = EXACT.fma(cost.total_usd, sign, self.usd)
        self.estimated += sign * cost.estimated


def seq_of(db: sqlite3.Connection, conversation_id: str) -> int:
    """Return a conversation's row number."""
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"no conversation {conversation_id}")
    return int(row[0])


def existing(db: sqlite3.Connection, conversation_ids: Iterable[str]) -> set[str]:
    select = "SELECT 1 FROM conversation WHERE id = ?"
    return {one for one in conversation_ids if db.execute(select, (one,)).fetchone() is not None}


def turn_seq_of(db: sqlite3.Connection, conversation: int, turn_id: str) -> int:
    """Return a turn's row number within a conversation."""
    select = "SELECT seq FROM turn WHERE id = ? AND conversation = ?"
    row = db.execute(select, (turn_id, conversation)).fetchone()
    if row is None:
        raise NotFound(f"no turn {turn_id} in this conversation")
    return int(row[0])


def read_turns(db: sqlite3.Connection, conversation: int) -> dict[int, Turn]:
    """Return all turns by row number, oldest first; live ones as they were when they started.

    A cycle of parents, which only damage makes, is cut.
    """
    select = f"SELECT parent, {TURN_COLUMNS}, seq FROM turn WHERE conversation = ? ORDER BY seq"
    is_shared = db.execute("SELECT EXISTS (SELECT 1 FROM authored)").fetchone()[0]
    if not is_shared:
        with suppress(*UNREADABLE, _LaterParent, sqlite3.OperationalError), strict_text(db):
            return _read_in_order(db.execute(select, (conversation,)))
    rows = _rows(db, select, conversation)
    if is_shared:
        rows = _in_shared_order(db, conversation, rows)
    ids = {row[-1]: row[1] for row in rows}
    if any(row[0] is not None and row[0] >= row[-1] for row in rows):
        rows = _without_cycles(db, rows)
    turn_of = turn_reader(ids)
    try:
        return {row[-1]: turn_of(row) for row in rows}
    except UNREADABLE:
        note_damaged_value(db)
        return {row[-1]: turn_of(_readable("turn", TURN_COLUMNS, row, 1)) for row in rows}


def _rows(db: sqlite3.Connection, select: str, conversation: int) -> list[tuple[Any, ...]]:
    with suppress(sqlite3.OperationalError), strict_text(db):
        return db.execute(select, (conversation,)).fetchall()
    return db.execute(select, (conversation,)).fetchall()


class _LaterParent(Exception):
    """A turn comes before the one that it answers."""


def _read_in_order(rows: Iterable[tuple[Any, ...]]) -> dict[int, Turn]:
    """Return the turns of rows as they come: those of a long conversation take much memory at once."""
    ids: dict[int | None, str] = {}
    turns: dict[int, Turn] = {}
    turn_of = turn_reader(ids)
    for row in rows:
        seq = row[-1]
        if row[0] is not None and row[0] >= seq:
            raise _LaterParent
        ids[seq] = row[1]
        turns[seq] = turn_of(row)
    return turns


def _in_shared_order(db: sqlite3.Connection, conversation: int, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the turns in the order that they have on every machine, not that in which they arrived here."""
    select = (
        "SELECT seq, made, device FROM turn CROSS JOIN authored ON authored.turn = turn.seq"
        " WHERE turn.conversation = ?"
    )
    places = {seq: place for seq, *place in db.execute(select, (conversation,))}
    return sorted(rows, key=lambda row: (*places.get(row[-1], (row[-1], b"")), row[1]))


def _without_cycles(db: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Cut each cycle of turns that answer each other, which only damage makes."""
    parents = {row[-1]: row[0] for row in rows}
    for seq in cycle_starts(parents):
        parents[seq] = None
        note_damaged_value(db)
    return [(parents[row[-1]], *row[1:]) for row in rows]


def cycle_starts(parents: Mapping[int, int | None]) -> list[int]:
    """Return the first turn of each cycle, whose parent closes it; `parents` has each turn's parent by number."""
    walk_of: dict[int, int] = {}
    starts = []
    for start in parents:
        at: int | None = start
        while at is not None and at not in walk_of:
            walk_of[at] = start
            at = parents.get(at)
        if at is not None and walk_of[at] == start:
            first = circling = at
            while (circling := parents[circling] or at) != at:
                first = min(first, circling)
            starts.append(first)
    return starts


def read_turn(db: sqlite3.Connection, seq: int) -> Turn:
    row = db.execute(f"SELECT parent, {TURN_COLUMNS} FROM turn WHERE seq = ?", (seq,)).fetchone()
    parent = db.execute("SELECT seq, id FROM turn WHERE seq = ?", (row[0],)).fetchone()
    turn_of = turn_reader({} if parent is None else {parent[0]: parent[1]})
    try:
        return turn_of(row)
    except UNREADABLE:
        note_damaged_value(db)
        return turn_of(_readable("turn", TURN_COLUMNS, row, 1))


def read_conversation(
    db: sqlite3.Connection, conversation: int, overlay: Callable[[dict[int, Turn]], None]
) -> Conversation:
    """Return a conversation with its turns, after `overlay` has added the live replies."""
    head, kept_here, *row = db.execute(
        f"SELECT head, kept_here, {CONVERSATION_COLUMNS} FROM conversation WHERE seq = ?", (conversation,)
    ).fetchone()
    turns = read_turns(db, conversation)
    overlay(turns)
    side_requests = read_side_requests(db, conversation)
    shown = turns[head].id if head in turns else None
    try:
        whole = conversation_of(tuple(row), shown, turns.values(), side_requests)
    except UNREADABLE:
        note_damaged_value(db)
        fixed = _readable("conversation", CONVERSATION_COLUMNS, tuple(row))
        whole = conversation_of(fixed, shown, turns.values(), side_requests)
    return replace(whole, kept_here=True) if kept_here else whole


def read_side_requests(db: sqlite3.Connection, conversation: int) -> list[SideRequest]:
    """Return the side requests, oldest first."""
    select = f"SELECT {SIDE_REQUEST_COLUMNS} FROM errand WHERE conversation = ? ORDER BY seq"
    rows = db.execute(select, (conversation,)).fetchall()
    try:
        return [side_request_of(row) for row in rows]
    except UNREADABLE:
        note_damaged_value(db)
        return [side_request_of(_readable("errand", SIDE_REQUEST_COLUMNS, row)) for row in rows]


def _readable(table: str, columns: str, row: tuple[Any, ...], start: int = 0) -> tuple[Any, ...]:
    """Return a row with its readable values; the columns start at `start`."""
    from tui_chat.storage import row_repair  # rarely needed, and listing must not load it

    values = dict(zip(row_repair.column_names(columns), row[start:], strict=False))
    if not row_repair.row_error(table, values):
        return row
    fixed = row_repair.repaired(table, values, UNKNOWN_MOMENT) or values
    return (*row[:start], *fixed.values(), *row[start + len(fixed) :])


def insert_turns(
    db: sqlite3.Connection, conversation: int, turns: Sequence[Turn], known: dict[str, int], process: CurrentProcess
) -> None:
    """Insert new turns; `known` has their row numbers and those of their parents."""
    search_index.add_rows(db, insert_unindexed(db, conversation, turns, known, process))


def insert_unindexed(
    db: sqlite3.Connection, conversation: int, turns: Sequence[Turn], known: dict[str, int], process: CurrentProcess
) -> list[search_index.TurnRow]:
    """Insert new turns; return those that have ended, which the caller adds to the search index, with others."""

    def rows() -> Iterator[tuple[Any, ...]]:
        for turn in turns:
            stored = blobs.store_files(db, turn)
            yield known[turn.id], conversation, *_parent_and_owner(turn, known, process), *turn_values(stored)
            blobs.link_new(db, known[turn.id], stored)

    if any(isinstance(part, AttachmentPart) for turn in turns for part in turn.parts):
        db.executemany(_INSERT_TURN, rows())  # a row is inserted before the next one is asked for
    else:
        insert_rows(db, _INSERT_TURN, rows())
    return [
        (known[turn.id], conversation, turn.role, turn.model, turn.created_at.isoformat(), stored_text(turn))
        for turn in turns
        if not turn.is_live
    ]


def next_turn_seqs(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Return row numbers for turns that come after all existing ones."""
    given, last = db.execute(_LAST_SEQS).fetchone()
    most = max(given or 0, last or 0)
    if most > MAX_SEQ:
        (most,) = db.execute(f"SELECT coalesce(max(seq), 0) FROM turn WHERE seq < {MAX_SEQ}").fetchone()
    return {turn_id: number for number, turn_id in enumerate(dict.fromkeys(ids), most + 1)}


def turn_seqs_in_order(
    db: sqlite3.Connection, conversation: int, ids: Sequence[str], known: dict[str, int]
) -> dict[str, int]:
    """Return row numbers of all those turns in that order; existing turns get new numbers if needed."""
    stored = [known[turn_id] for turn_id in ids if turn_id in known]
    if stored == sorted(stored) and all(turn_id in known for turn_id in ids[: len(stored)]):
        return known | next_turn_seqs(db, (turn_id for turn_id in ids if turn_id not in known))
    numbers = next_turn_seqs(db, ids)
    moved = [(new, known[turn_id]) for turn_id, new in numbers.items() if turn_id in known]
    for _, old in moved:
        search_index.remove(db, old)
    db.executemany("UPDATE turn SET seq = ? WHERE seq = ?", moved)
    db.executemany("UPDATE turn SET parent = ? WHERE parent = ?", moved)
    db.executemany(f"UPDATE conversation SET head = ? WHERE head = ? AND seq = {conversation}", moved)
    search_index.add(db, *(new for new, _ in moved))
    return known | numbers


def update_turn(db: sqlite3.Connection, seq: int, turn: Turn, known: dict[str, int], process: CurrentProcess) -> None:
    """Store a turn's new value, which includes its checkpoints, and delete those."""
    stored = blobs.store_files(db, turn)
    search_index.remove(db, seq)
    db.execute(_UPDATE_TURN, (*_parent_and_owner(turn, known, process), *turn_values(stored), seq))
    blobs.link(db, seq, stored)
    search_index.add(db, seq)
    db.execute("DELETE FROM checkpoint WHERE turn = ?", (seq,))


def _parent_and_owner(turn: Turn, known: dict[str, int], process: CurrentProcess) -> tuple[int | None, str | None]:
    if turn.parent_id is not None and turn.parent_id not in known:
        raise NotFound(f"no turn {turn.parent_id} in this conversation")
    parent = None if turn.parent_id is None else known[turn.parent_id]
    return parent, str(process.owner) if turn.is_live else None


def next_used(db: sqlite3.Connection, moment: datetime, *, after_all: bool) -> int:
    """Return a position in the order of use: by the moment, and with `after_all` after every other in any case."""
    by_clock = int(moment.timestamp() * 1_000_000)
    if not after_all:
        return by_clock
    last = db.execute(_LAST_USED, (MAX_USED,) * 3).fetchone()[0]
    return by_clock if last is None else max(by_clock, last + 1)


def mark_used(db: sqlite3.Connection, conversation: int, now: datetime) -> None:
    used = next_used(db, now, after_all=True)
    db.execute(
        "UPDATE conversation SET used = ?, updated_at = ? WHERE seq = ?", (used, now.isoformat(), conversation)
    )


def add_totals(db: sqlite3.Connection, conversation: int, totals: Totals) -> None:
    """Add to the totals of a conversation; implausible ones are counted again from its turns."""
    stored = f"SELECT {_SUMS} FROM conversation WHERE seq = ?"
    if (sums := db.execute(stored, (conversation,)).fetchone()) is None:
        return  # the row of the conversation is lost, its turns are not
    turns, cost, *replies = sums
    usd = parse_sum(cost)
    if usd is None or any(count_in_bounds(count) is None for count in (turns, *replies)):
        set_totals(db, conversation, counted_totals(db, conversation).get(conversation, Totals()))
        return
    known, unknown, estimated = replies
    set_totals(
        db,
        conversation,
        Totals(
            turns + totals.turns,
            EXACT.add(usd, totals.usd),
            known + totals.known,
            unknown + totals.unknown,
            estimated + totals.estimated,
        ),
    )


def set_totals(db: sqlite3.Connection, conversation: int, totals: Totals) -> None:
    db.execute(
        f"UPDATE conversation SET ({_SUMS}) = (?, ?, ?, ?, ?) WHERE seq = ?",
        (totals.turns, str(totals.usd), totals.known, totals.unknown, totals.estimated, conversation),
    )


def counted_totals(db: sqlite3.Connection, only: int | None = None) -> dict[int, Totals]:
    """Return the totals of turns and side requests by conversation, of one conversation or of all."""
    where, values = ("", ()) if only is None else ("WHERE conversation = ?", (only,))
    counted: dict[int, Totals] = {}
    read_turn = turn_reader({})
    for conversation, *row in db.execute(f"SELECT conversation, NULL, {_WITHOUT_TEXT} FROM turn {where}", values):
        counted.setdefault(conversation, Totals()).count(read_turn(tuple(row)))
    for conversation, *row in db.execute(f"SELECT conversation, {SIDE_REQUEST_COLUMNS} FROM errand {where}", values):
        counted.setdefault(conversation, Totals()).count_side_request(side_request_of(tuple(row)))
    return counted


def put_conversation(db: sqlite3.Connection, conversation: Conversation, used: int) -> int:
    """Insert or update the conversation's own row; its turns and head follow."""
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (conversation.id,)).fetchone()
    values = conversation_values(conversation)
    if row is not None:
        db.execute(_UPDATE_CONVERSATION, (used, *values, row[0]))
        return int(row[0])
    (seq,) = db.execute(f"SELECT coalesce(max(seq), 0) + 1 FROM conversation WHERE seq < {MAX_SEQ}").fetchone()
    db.execute(_INSERT_CONVERSATION, (seq, used, conversation.kept_here, *values))
    return int(seq)


def turn_seqs(db: sqlite3.Connection, conversation: int, ids: Iterable[str | None]) -> dict[str, int]:
    """Return the row numbers of those turns that exist."""
    known = {}
    for turn_id in ids:
        select = "SELECT seq FROM turn WHERE id = ? AND conversation = ?"
        row = None if turn_id is None else db.execute(select, (turn_id, conversation)).fetchone()
        if row is not None and turn_id is not None:
            known[turn_id] = row[0]
    return known
