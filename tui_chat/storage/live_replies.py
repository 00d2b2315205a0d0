"""Replies that are still streaming: their checkpoints, the processes that own them, and those whose process died."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tui_chat.core.error import NotFound, ReplyInFlight
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.storage import turn_rows
from tui_chat.storage.process_owner import CurrentProcess, Owner
from tui_chat.storage.row_mapping import parse_required_time

if TYPE_CHECKING:
    from tui_chat.core.builder import TurnBuilder
    from tui_chat.core.event import ProviderEvent


@dataclass(frozen=True, slots=True)
class LiveTurn:
    """The row of a reply that has not ended."""

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
        last_seen = parse_required_time(last_saved_at)
        is_alive = owner.is_alive(seen_from=process.owner, last_seen=last_seen, now=process.now)
        live.append(LiveTurn(seq, conversation_seq, owner, is_alive))
    return live


def checkpoint(db: sqlite3.Connection, turn_id: str, deltas: "Sequence[ProviderEvent]", now: datetime) -> None:
    """Store the deltas since the last checkpoint."""
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
    """Return the row number of a reply that has not ended."""
    row = db.execute("SELECT seq FROM turn WHERE id = ? AND owner IS NOT NULL", (turn_id,)).fetchone()
    if row is None:
        raise NotFound(f"no reply {turn_id} is streaming")
    return int(row[0])


def with_checkpoints(db: sqlite3.Connection, seq: int, turn: Turn) -> Turn:
    return _built(db, seq, turn).turn


def _ended(db: sqlite3.Connection, seq: int, turn: Turn) -> Turn:
    """Return the turn of a program that died, with all that was checkpointed."""
    from tui_chat.core.rounds import end_interrupted

    builder = _built(db, seq, turn)
    return replace(end_interrupted(builder.turn, builder.started), status=TurnStatus.INTERRUPTED)


def _built(db: sqlite3.Connection, seq: int, turn: Turn) -> "TurnBuilder":
    # Listing conversations needs neither.
    from tui_chat.core.builder import TurnBuilder
    from tui_chat.storage.delta_codec import load_deltas

    builder = TurnBuilder(turn)
    for (stored,) in db.execute("SELECT deltas FROM checkpoint WHERE turn = ? ORDER BY n", (seq,)):
        for delta in load_deltas(stored):
            builder.add(delta)
    return builder


def overlay(db: sqlite3.Connection, turns: dict[int, Turn], live: Sequence[LiveTurn]) -> None:
    """Add the checkpoints to live turns, and mark those without a living owner as interrupted."""
    for reply in live:
        if reply.seq in turns:
            overlaid = with_checkpoints if reply.is_alive else _ended
            turns[reply.seq] = overlaid(db, reply.seq, turns[reply.seq])


def interrupted(db: sqlite3.Connection, live: Sequence[LiveTurn]) -> list[tuple[int, Turn]]:
    """Return the replies whose owner died, as interrupted turns."""
    return [
        (reply.seq, _ended(db, reply.seq, turn_rows.read_turn(db, reply.seq))) for reply in live if not reply.is_alive
    ]


def refuse_parallel_reply(db: sqlite3.Connection, parent: int | None, live: Sequence[LiveTurn], own: Owner) -> None:
    """Raise if the branch that ends at `parent` is being answered.

    That is so if a living reply is on the path to it. It also is so if another process's reply is its child or the
    child of a prompt there: that process has continued from the same turn, unseen by this one.
    """
    alive = {reply.seq: reply for reply in live if reply.is_alive}
    if not alive:
        return
    above = ancestors(db, parent) if parent is not None else set()
    for seq, reply in alive.items():
        if seq in above or (reply.owner != own and parent in _parent_and_grandparent(db, seq)):
            raise ReplyInFlight("a reply is streaming there already", detail="elsewhere")


def ancestors(db: sqlite3.Connection, seq: int) -> set[int]:
    """Return a turn and all turns before it on its branch."""
    rows = db.execute(
        "WITH RECURSIVE up (seq, parent) AS (SELECT seq, parent FROM turn WHERE seq = ? UNION"
        " SELECT turn.seq, turn.parent FROM up JOIN turn ON turn.seq = up.parent) SELECT seq FROM up",
        (seq,),
    )
    return {row[0] for row in rows}


def _parent_and_grandparent(db: sqlite3.Connection, seq: int) -> list[int | None]:
    (parent,) = db.execute("SELECT parent FROM turn WHERE seq = ?", (seq,)).fetchone()
    above = db.execute("SELECT parent FROM turn WHERE seq = ?", (parent,)).fetchone()
    return [parent] if above is None else [parent, above[0]]
