"""Writing and reading conversations with their turns. Each function runs within one transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tui_chat.core.bounds import EXACT, count_in_bounds
from tui_chat.core.conversation import Conversation, SideRequest
from tui_chat.core.error import NotFound
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Cost
from tui_chat.storage import search_index
from tui_chat.storage.connection import note_damaged_value
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.row_mapping import (
    CONVERSATION_COLUMNS,
    SIDE_REQUEST_COLUMNS,
    TURN_COLUMNS,
    UNREADABLE,
    conversation_of,
    conversation_values,
    marks,
    side_request_of,
    sum_in,
    turn_reader,
    turn_values,
)

_UNKNOWN_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a date that cannot be read, until `doctor --repair` finds a better one."""
_LAST_NUMBERS = "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'turn'), (SELECT max(seq) FROM turn)"
"""What SQLite remembers may be damaged, and is then smaller than the numbers that are in use."""
_INSERT_TURN = (
    f"INSERT INTO turn (seq, conversation, parent, owner, {TURN_COLUMNS}) VALUES (?, ?, ?, ?, {marks(TURN_COLUMNS)})"
)
_UPDATE_TURN = f"UPDATE turn SET parent = ?, owner = ?, ({TURN_COLUMNS}) = ({marks(TURN_COLUMNS)}) WHERE seq = ?"
_INSERT_CONVERSATION = (
    f"INSERT INTO conversation (seq, used, {CONVERSATION_COLUMNS}) VALUES (?, ?, {marks(CONVERSATION_COLUMNS)})"
)
_UPDATE_CONVERSATION = (
    f"UPDATE conversation SET used = ?, ({CONVERSATION_COLUMNS}) = ({marks(CONVERSATION_COLUMNS)}) WHERE seq = ?"
)
_SUMS = "turns, cost_usd, known_replies, unknown_replies, estimated_replies"
_WITHOUT_TEXT = TURN_COLUMNS.replace("fault", "NULL").replace("text, parts", "'', NULL")
MOST_USED = 10**18
"""Above every place in the order of use that a clock can give; a larger one is passed over."""
_LAST_USED = (
    "SELECT max(used) FROM (SELECT max(used) AS used FROM conversation WHERE shelf = 0 AND used < ?"
    " UNION ALL SELECT max(used) FROM conversation WHERE shelf = 1 AND used < ?"
    " UNION ALL SELECT max(used) FROM conversation WHERE shelf = 2 AND used < ?)"
)
_MOST_SEQ = 2**62
"""Row numbers above this are passed over when a new one is given: SQLite's last one has no next."""


@dataclass(slots=True)
class Tally:
    """What a change adds to a conversation's summary."""

    turns: int = 0
    usd: Decimal = Decimal(0)
    known: int = 0
    unknown: int = 0
    estimated: int = 0

    def count(self, turn: Turn, sign: int = 1) -> None:
        """Take in a turn, or take it out again."""
        self.turns += sign
        if turn.role is Role.ASSISTANT and turn.usage is not None:
            self._pay(turn.cost, sign)

    def count_errand(self, side_request: SideRequest) -> None:
        """Take in what was asked beside the turns."""
        self._pay(side_request.cost, 1)

    def _pay(self, cost: Cost | None, sign: int) -> None:
        if cost is None:
            self.unknown += sign
            return
        self.known += sign
        self.usd = EXACT.fma(cost.total_usd, sign, self.usd)
        self.estimated += sign * cost.estimated


def seq_of(db: sqlite3.Connection, conversation_id: str) -> int:
    """A conversation's number."""
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"no conversation {conversation_id}")
    return int(row[0])


def turn_seq_of(db: sqlite3.Connection, conversation: int, turn_id: str) -> int:
    """A turn's number within a conversation."""
    found = "SELECT seq FROM turn WHERE id = ? AND conversation = ?"
    row = db.execute(found, (turn_id, conversation)).fetchone()
    if row is None:
        raise NotFound(f"no turn {turn_id} in this conversation")
    return int(row[0])


def read_turns(db: sqlite3.Connection, conversation: int) -> dict[int, Turn]:
    """All turns by their number, oldest first; live ones as they were when they began.

    No way through the tree may run in a circle: one is cut open.
    """
    rows = db.execute(
        f"SELECT parent, {TURN_COLUMNS}, seq FROM turn WHERE conversation = ? ORDER BY seq", (conversation,)
    ).fetchall()
    ids = {row[-1]: row[1] for row in rows}
    if any(row[0] is not None and row[0] >= row[-1] for row in rows):
        rows = _without_circles(db, rows)
    turn_of = turn_reader(ids)
    try:
        return {row[-1]: turn_of(row) for row in rows}
    except UNREADABLE:
        note_damaged_value(db)
        return {row[-1]: turn_of(_readable("turn", TURN_COLUMNS, row, 1)) for row in rows}


def _without_circles(db: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Cut each circle of turns that answer each other, which only damage makes."""
    parents = {row[-1]: row[0] for row in rows}
    for seq in closing_turns(parents):
        parents[seq] = None
        note_damaged_value(db)
    return [(parents[row[-1]], *row[1:]) for row in rows]


def closing_turns(parents: Mapping[int, int | None]) -> list[int]:
    """Return the first turn of each circle, by whose parent it closes; `parents` has each turn's parent by number."""
    walk_of: dict[int, int] = {}
    found = []
    for start in parents:
        at: int | None = start
        while at is not None and at not in walk_of:
            walk_of[at] = start
            at = parents.get(at)
        if at is not None and walk_of[at] == start:
            first = circling = at
            while (circling := parents[circling] or at) != at:
                first = min(first, circling)
            found.append(first)
    return found


def read_turn(db: sqlite3.Connection, seq: int) -> Turn:
    """One turn as it is stored."""
    row = db.execute(f"SELECT parent, {TURN_COLUMNS} FROM turn WHERE seq = ?", (seq,)).fetchone()
    parent = db.execute("SELECT seq, id FROM turn WHERE seq = ?", (row[0],)).fetchone()
    turn_of = turn_reader({} if parent is None else {parent[0]: parent[1]})
    try:
        return turn_of(row)
    except UNREADABLE:
        note_damaged_value(db)
        return turn_of(_readable("turn", TURN_COLUMNS, row, 1))


def read(db: sqlite3.Connection, conversation: int, overlay: Callable[[dict[int, Turn]], None]) -> Conversation:
    """A conversation with its turns, after `overlay` has put in what stands elsewhere."""
    head, *row = db.execute(
        f"SELECT head, {CONVERSATION_COLUMNS} FROM conversation WHERE seq = ?", (conversation,)
    ).fetchone()
    turns = read_turns(db, conversation)
    overlay(turns)
    side_requests = read_side_requests(db, conversation)
    shown = turns[head].id if head in turns else None
    try:
        return conversation_of(tuple(row), shown, turns.values(), side_requests)
    except UNREADABLE:
        note_damaged_value(db)
        fixed = _readable("conversation", CONVERSATION_COLUMNS, tuple(row))
        return conversation_of(fixed, shown, turns.values(), side_requests)


def read_side_requests(db: sqlite3.Connection, conversation: int) -> list[SideRequest]:
    """What was asked beside the turns, oldest first."""
    select = f"SELECT {SIDE_REQUEST_COLUMNS} FROM errand WHERE conversation = ? ORDER BY seq"
    rows = db.execute(select, (conversation,)).fetchall()
    try:
        return [side_request_of(row) for row in rows]
    except UNREADABLE:
        note_damaged_value(db)
        return [side_request_of(_readable("errand", SIDE_REQUEST_COLUMNS, row)) for row in rows]


def _readable(table: str, columns: str, row: tuple[Any, ...], start: int = 0) -> tuple[Any, ...]:
    """Return a row with what can be read of it; the columns start at `start`."""
    from tui_chat.storage import row_repair  # rarely needed, and it loads more than a look at the list may

    about = dict(zip(row_repair.names(columns), row[start:], strict=False))
    if not row_repair.fault_of(table, about):
        return row
    fixed = row_repair.repaired(table, about, _UNKNOWN_MOMENT) or about
    return (*row[:start], *fixed.values(), *row[start + len(fixed) :])


def insert_turns(
    db: sqlite3.Connection, conversation: int, turns: Sequence[Turn], known: dict[str, int], process: CurrentProcess
) -> None:
    """New turns; `known` are the numbers of them and of their parents."""
    for turn in turns:
        db.execute(_INSERT_TURN, (known[turn.id], conversation, *_place(turn, known, process), *turn_values(turn)))
        search_index.add(db, known[turn.id])


def next_numbers(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Numbers for turns that come after all there are."""
    given, last = db.execute(_LAST_NUMBERS).fetchone()
    most = max(given or 0, last or 0)
    if most > _MOST_SEQ:
        (most,) = db.execute(f"SELECT coalesce(max(seq), 0) FROM turn WHERE seq < {_MOST_SEQ}").fetchone()
    return {turn_id: number for number, turn_id in enumerate(dict.fromkeys(ids), most + 1)}


def in_order(db: sqlite3.Connection, conversation: int, ids: Sequence[str], known: dict[str, int]) -> dict[str, int]:
    """The numbers of all those turns, standing in that order; those that are there are moved if need be."""
    held = [known[turn_id] for turn_id in ids if turn_id in known]
    if held == sorted(held) and all(turn_id in known for turn_id in ids[: len(held)]):
        return known | next_numbers(db, (turn_id for turn_id in ids if turn_id not in known))
    numbers = next_numbers(db, ids)
    moved = [(new, known[turn_id]) for turn_id, new in numbers.items() if turn_id in known]
    for _, old in moved:
        search_index.remove(db, old)
    db.executemany("UPDATE turn SET seq = ? WHERE seq = ?", moved)
    db.executemany("UPDATE turn SET parent = ? WHERE parent = ?", moved)
    db.executemany(f"UPDATE conversation SET head = ? WHERE head = ? AND seq = {conversation}", moved)
    for new, _ in moved:
        search_index.add(db, new)
    return known | numbers


def update_turn(db: sqlite3.Connection, seq: int, turn: Turn, known: dict[str, int], process: CurrentProcess) -> None:
    """A turn's new value in its old place; it holds all that was checkpointed of it."""
    search_index.remove(db, seq)
    db.execute(_UPDATE_TURN, (*_place(turn, known, process), *turn_values(turn), seq))
    search_index.add(db, seq)
    db.execute("DELETE FROM checkpoint WHERE turn = ?", (seq,))


def _place(turn: Turn, known: dict[str, int], process: CurrentProcess) -> tuple[int | None, str | None]:
    if turn.parent_id is not None and turn.parent_id not in known:
        raise NotFound(f"no turn {turn.parent_id} in this conversation")
    parent = None if turn.parent_id is None else known[turn.parent_id]
    return parent, str(process.owner) if turn.is_live else None


def next_used(db: sqlite3.Connection, moment: datetime, *, after_all: bool) -> int:
    """A place in the order of last use: by the moment, and when asked after every other whatever the clock says."""
    by_clock = int(moment.timestamp() * 1_000_000)
    if not after_all:
        return by_clock
    last = db.execute(_LAST_USED, (MOST_USED,) * 3).fetchone()[0]
    return by_clock if last is None else max(by_clock, last + 1)


def touch(db: sqlite3.Connection, conversation: int, now: datetime) -> None:
    """It was used just now."""
    used = next_used(db, now, after_all=True)
    db.execute(
        "UPDATE conversation SET used = ?, updated_at = ? WHERE seq = ?", (used, now.isoformat(), conversation)
    )


def add_tally(db: sqlite3.Connection, conversation: int, tally: Tally) -> None:
    """Keep the summary true; one with a sum that cannot be believed is counted again from the turns as they are."""
    stored = f"SELECT {_SUMS} FROM conversation WHERE seq = ?"
    turns, cost, *replies = db.execute(stored, (conversation,)).fetchone()
    usd = sum_in(cost)
    if usd is None or any(count_in_bounds(count) is None for count in (turns, *replies)):
        set_sums(db, conversation, true_sums(db, conversation).get(conversation, Tally()))
        return
    known, unknown, estimated = replies
    set_sums(
        db,
        conversation,
        Tally(
            turns + tally.turns,
            EXACT.add(usd, tally.usd),
            known + tally.known,
            unknown + tally.unknown,
            estimated + tally.estimated,
        ),
    )


def set_sums(db: sqlite3.Connection, conversation: int, tally: Tally) -> None:
    """Make that the summary."""
    db.execute(
        f"UPDATE conversation SET ({_SUMS}) = (?, ?, ?, ?, ?) WHERE seq = ?",
        (tally.turns, str(tally.usd), tally.known, tally.unknown, tally.estimated, conversation),
    )


def true_sums(db: sqlite3.Connection, only: int | None = None) -> dict[int, Tally]:
    """What turns and errands add up to, by the number of their conversation; of one conversation or of all."""
    where, values = ("", ()) if only is None else ("WHERE conversation = ?", (only,))
    true: dict[int, Tally] = {}
    read_turn = turn_reader({})
    for conversation, *row in db.execute(f"SELECT conversation, NULL, {_WITHOUT_TEXT} FROM turn {where}", values):
        true.setdefault(conversation, Tally()).count(read_turn(tuple(row)))
    for conversation, *row in db.execute(f"SELECT conversation, {SIDE_REQUEST_COLUMNS} FROM errand {where}", values):
        true.setdefault(conversation, Tally()).count_errand(side_request_of(tuple(row)))
    return true


def put(db: sqlite3.Connection, conversation: Conversation, used: int) -> int:
    """The conversation's own row, new or renewed; its turns and head follow."""
    row = db.execute("SELECT seq FROM conversation WHERE id = ?", (conversation.id,)).fetchone()
    values = conversation_values(conversation)
    if row is not None:
        db.execute(_UPDATE_CONVERSATION, (used, *values, row[0]))
        return int(row[0])
    (seq,) = db.execute(f"SELECT coalesce(max(seq), 0) + 1 FROM conversation WHERE seq < {_MOST_SEQ}").fetchone()
    db.execute(_INSERT_CONVERSATION, (seq, used, *values))
    return int(seq)


def numbers(db: sqlite3.Connection, conversation: int, ids: Iterable[str | None]) -> dict[str, int]:
    """The numbers of those turns that are there."""
    known = {}
    for turn_id in ids:
        found = "SELECT seq FROM turn WHERE id = ? AND conversation = ?"
        row = None if turn_id is None else db.execute(found, (turn_id, conversation)).fetchone()
        if row is not None and turn_id is not None:
            known[turn_id] = row[0]
    return known
