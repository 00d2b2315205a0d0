"""Replies that are still coming in: what has arrived of them, whose they are, and those whose program died."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tui_chat.core.error import NotFound, ReplyInFlight
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.storage import turn_rows
from tui_chat.storage.process_owner import CurrentProcess, Owner
from tui_chat.storage.row_mapping import required_time_in

if TYPE_CHECKING:
    from tui_chat.core.event import ProviderEvent


@dataclass(frozen=True, slots=True)
class LiveTurn:
    """A row of a reply that has not ended."""

    seq: int
    conversation: int
    owner: Owner
    is_alive: bool


def live_turns(db: sqlite3.Connection, process: CurrentProcess, conversation: int | None = None) -> list[LiveTurn]:
    """Return every reply that has not ended, of one conversation or of all."""
    where = "owner IS NOT NULL" if conversation is None else "owner IS NOT NULL AND conversation = ?"
    rows = db.execute(
        "SELECT seq, conversation, owner, coalesce((SELECT saved_at FROM checkpoint WHERE turn = turn.seq"
        f" ORDER BY n DESC LIMIT 1), created_at) FROM turn INDEXED BY turn_live WHERE {where}",
        () if conversation is None else (conversation,),
    ).fetchall()
    live = []
    for seq, conversation_seq, stored_owner, last_saved_at in sorted(rows):
        owner = Owner.parse(stored_owner)
        last_seen = required_time_in(last_saved_at)
        is_alive = owner.is_alive(seen_from=process.owner, last_word=last_seen, now=process.now)
        live.append(LiveTurn(seq, conversation_seq, owner, is_alive))
    return live


def checkpoint(db: sqlite3.Connection, turn_id: str, deltas: "Sequence[ProviderEvent]", now: datetime) -> None:
    """Add what has arrived since the last time."""
    from tui_chat.storage.delta_codec import dump_deltas

    if (stored := dump_deltas(deltas)) is None:
        return
    seq = live_seq(db, turn_id)
    db.execute(
        "INSERT INTO checkpoint (turn, n, saved_at, deltas)"
        " VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM checkpoint WHERE turn = ?1), ?2, ?3)",
        (seq, now.isoformat(), stored),
    )


def live_seq(db: sqlite3.Connection, turn_id: str) -> int:
    """The number of a reply that has not ended."""
    row = db.execute("SELECT seq FROM turn WHERE id = ? AND owner IS NOT NULL", (turn_id,)).fetchone()
    if row is None:
        raise NotFound(f"no reply {turn_id} is coming in")
    return int(row[0])


def so_far(db: sqlite3.Connection, seq: int, turn: Turn) -> Turn:
    """A turn with what was saved of it while it came in."""
    # A look at the list needs neither.
    from tui_chat.core.builder import TurnBuilder
    from tui_chat.storage.delta_codec import load_deltas

    builder = TurnBuilder(turn)
    for (stored,) in db.execute("SELECT deltas FROM checkpoint WHERE turn = ? ORDER BY n", (seq,)):
        for delta in load_deltas(stored):
            builder.add(delta)
    return builder.turn


def overlay(db: sqlite3.Connection, turns: dict[int, Turn], live: Sequence[LiveTurn]) -> None:
    """Put in what has arrived of replies in flight, and call those without a living owner interrupted."""
    for one in live:
        if one.seq in turns:
            turn = so_far(db, one.seq, turns[one.seq])
            turns[one.seq] = turn if one.is_alive else replace(turn, status=TurnStatus.INTERRUPTED)


def interrupted(db: sqlite3.Connection, live: Sequence[LiveTurn]) -> list[tuple[int, Turn]]:
    """What is left of the replies whose owner died, as the turns they become."""
    return [
        (one.seq, replace(so_far(db, one.seq, turn_rows.read_turn(db, one.seq)), status=TurnStatus.INTERRUPTED))
        for one in live
        if not one.is_alive
    ]


def refuse_parallel(db: sqlite3.Connection, parent: int | None, live: Sequence[LiveTurn], own: Owner) -> None:
    """Raise if the branch that ends at `parent` is being answered.

    It is when a living reply stands on the way to it. It also is when another process's reply stands right under it
    or under a prompt there: then that process has gone on from the same place, unseen by this one.
    """
    alive = {one.seq: one for one in live if one.is_alive}
    if not alive:
        return
    above = ancestors(db, parent) if parent is not None else set()
    for seq, one in alive.items():
        if seq in above or (one.owner != own and parent in _two_above(db, seq)):
            raise ReplyInFlight("a reply is coming in there already")


def ancestors(db: sqlite3.Connection, seq: int) -> set[int]:
    """A turn and all before it on its branch."""
    rows = db.execute(
        "WITH RECURSIVE up (seq, parent) AS (SELECT seq, parent FROM turn WHERE seq = ? UNION"
        " SELECT turn.seq, turn.parent FROM up JOIN turn ON turn.seq = up.parent) SELECT seq FROM up",
        (seq,),
    )
    return {row[0] for row in rows}


def _two_above(db: sqlite3.Connection, seq: int) -> list[int | None]:
    """The parent of a turn and the parent of that one."""
    (parent,) = db.execute("SELECT parent FROM turn WHERE seq = ?", (seq,)).fetchone()
    above = db.execute("SELECT parent FROM turn WHERE seq = ?", (parent,)).fetchone()
    return [parent] if above is None else [parent, above[0]]
