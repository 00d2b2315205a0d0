"""Changes of a conversation, each one step that keeps the turns, the summary and the search index consistent."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tui_chat.collector import collector_paused
from tui_chat.core.conversation import Conversation, Options, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.turn import Turn
from tui_chat.storage import app_state, blobs, labels, live_replies, search_index, turn_rows
from tui_chat.storage.connection import small_cache
from tui_chat.storage.hidden import HIDDEN
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.purge import has_left
from tui_chat.storage.row_mapping import (
    SIDE_REQUEST_COLUMNS,
    dump_options,
    placeholders,
    side_request_values,
    title_key,
)
from tui_chat.storage.search_index import IndexedWords, TurnRow
from tui_chat.storage.turn_rows import Totals

_INSERT_SIDE_REQUEST = (
    f"INSERT INTO errand (conversation, {SIDE_REQUEST_COLUMNS}) VALUES (?, {placeholders(SIDE_REQUEST_COLUMNS)})"
)


def load(db: sqlite3.Connection, conversation_id: str, process: CurrentProcess) -> Conversation:
    """Return a conversation, including what has arrived of its live replies."""
    conversation = turn_rows.seq_of(db, conversation_id)
    live = live_replies.live_turns(db, process, conversation)
    with small_cache(db), collector_paused():
        loaded = turn_rows.read_conversation(db, conversation, lambda turns: live_replies.overlay(db, turns, live))
    left_out, changed_at = app_state.left_out(db, conversation_id)
    if changed_at is not None:
        loaded = replace(loaded, left_out=left_out, left_out_at=changed_at)
    own = labels.labels(db, conversation_id)
    return loaded if own == labels.NONE else replace(loaded, pinned=own.pinned, tags=own.tags)


def create(db: sqlite3.Connection, conversation: Conversation, process: CurrentProcess) -> None:
    if db.execute("SELECT 1 FROM conversation WHERE id = ?", (conversation.id,)).fetchone():
        raise StorageError(f"there is a conversation {conversation.id} already", detail="other")
    seq = turn_rows.put_conversation(db, conversation, turn_rows.next_used(db, process.now, after_all=True))
    search_index.add_rows(db, _put_turns(db, seq, conversation, process))


def save(db: sqlite3.Connection, conversation: Conversation, process: CurrentProcess) -> None:
    """Store a conversation over what there is; its position in the list follows from its last change."""
    search_index.add_rows(db, _save_unindexed(db, conversation, process))


def _save_unindexed(db: sqlite3.Connection, conversation: Conversation, process: CurrentProcess) -> list[TurnRow]:
    seq = turn_rows.put_conversation(
        db, conversation, turn_rows.next_used(db, conversation.updated_at, after_all=False)
    )
    return _put_turns(db, seq, conversation, process)


def save_all(
    db: sqlite3.Connection,
    conversations: Sequence[Conversation],
    process: CurrentProcess,
    words: Mapping[str, IndexedWords],
) -> None:
    """Store several conversations at once, and index their turns at the end, which is faster."""
    if len({conversation.id for conversation in conversations}) < len(conversations):
        for conversation in conversations:  # a turn must be indexed before it is changed
            save(db, conversation, process)
    else:
        turns = [turn for each in conversations for turn in _save_unindexed(db, each, process)]
        search_index.add_rows(db, turns, words)


def _put_turns(
    db: sqlite3.Connection, seq: int, conversation: Conversation, process: CurrentProcess
) -> list[TurnRow]:
    """Insert or update the turns of a conversation; return the new ones that have to be indexed."""
    stored = {turn.id: (number, turn) for number, turn in turn_rows.read_turns(db, seq).items()}
    turn_seqs = {turn_id: number for turn_id, (number, _) in stored.items()}
    turn_seqs = turn_rows.turn_seqs_in_order(db, seq, [turn.id for turn in conversation.turns], turn_seqs)
    totals = Totals()
    new = [turn for turn in conversation.turns if turn.id not in stored]
    unindexed = turn_rows.insert_unindexed(db, seq, new, turn_seqs, process)
    for turn in new:
        totals.count(turn)
    for turn in conversation.turns:
        if turn.id in stored and _is_newer(db, turn_seqs[turn.id], stored[turn.id][1], turn, process):
            turn_rows.update_turn(db, turn_seqs[turn.id], turn, turn_seqs, process)
            totals.count(stored[turn.id][1], -1)
            totals.count(turn)
    turn_rows.add_totals(db, seq, totals)
    put_side_requests(db, seq, conversation.side_requests)
    if conversation.left_out_at is not None:
        app_state.set_left_out(db, conversation.id, conversation.left_out, conversation.left_out_at)
    labels.add_labels(db, conversation.id, labels.Labels(conversation.pinned, conversation.tags))
    set_head(db, conversation.id, conversation.head)
    if conversation.deleted_at is not None:  # deleted with all of its turns, for machines that get them by sync
        for moment in (None, conversation.deleted_at.isoformat()):
            set_column(db, conversation.id, "deleted_at", moment)
    return unindexed


def _is_newer(db: sqlite3.Connection, seq: int, stored: Turn, turn: Turn, process: CurrentProcess) -> bool:
    """Return whether to replace a stored turn: not an ended reply by a live one, nor another process's live reply."""
    if stored == blobs.stripped(turn) or (turn.is_live and not stored.is_live):
        return False
    (owner,) = db.execute("SELECT owner FROM turn WHERE seq = ?", (seq,)).fetchone()
    return not turn.is_live or owner == str(process.owner)


def append(
    db: sqlite3.Connection,
    conversation_id: str,
    turns: Sequence[Turn],
    process: CurrentProcess,
    *,
    head: str,
    title: str | None,
) -> None:
    """Add turns at the end of a branch."""
    seq = turn_rows.seq_of(db, conversation_id)
    turn_seqs = turn_rows.turn_seqs(db, seq, {turn.parent_id for turn in turns})
    end_dead(db, process, seq)
    for turn in turns[:1]:
        parent = None if turn.parent_id is None else turn_seqs.get(turn.parent_id)
        live_replies.refuse_parallel_reply(db, parent, live_replies.live_turns(db, process, seq), process.owner)
    turn_seqs |= turn_rows.next_turn_seqs(db, (turn.id for turn in turns))
    turn_rows.insert_turns(db, seq, turns, turn_seqs, process)
    totals = Totals()
    for turn in turns:
        totals.count(turn)
    turn_rows.add_totals(db, seq, totals)
    turn_rows.mark_used(db, seq, process.now)
    set_head(db, conversation_id, head)
    if title:
        rename(db, conversation_id, title, TitleSource.PROMPT)


def finish(db: sqlite3.Connection, turn: Turn, process: CurrentProcess) -> None:
    row = db.execute(
        f"SELECT seq, conversation FROM turn WHERE id = ? AND conversation NOT IN ({HIDDEN})"
        " ORDER BY owner IS NULL, seq DESC",
        (turn.id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"no turn {turn.id}")
    seq, conversation = row
    _update_turn(db, seq, turn, process)
    app_state.set_state(db, app_state.STOP_REQUEST + turn.id, None)
    turn_rows.mark_used(db, conversation, process.now)


def end_dead(db: sqlite3.Connection, process: CurrentProcess, conversation: int | None = None) -> list[str]:
    """Mark replies whose program died as interrupted, with what had arrived; return their ids."""
    ended = []
    for seq, turn in live_replies.interrupted(db, live_replies.live_turns(db, process, conversation)):
        _update_turn(db, seq, turn, process)
        ended.append(turn.id)
    return ended


def _update_turn(db: sqlite3.Connection, seq: int, turn: Turn, process: CurrentProcess) -> None:
    """Store a turn's new value and update the totals of its conversation."""
    conversation, parent = db.execute("SELECT conversation, parent FROM turn WHERE seq = ?", (seq,)).fetchone()
    totals = Totals()
    totals.count(turn_rows.read_turn(db, seq), -1)
    totals.count(turn)
    # Not by the parent's id: in a damaged file its row may say that it belongs elsewhere.
    known = {} if turn.parent_id is None else {turn.parent_id: parent}
    turn_rows.update_turn(db, seq, turn, known, process)
    turn_rows.add_totals(db, conversation, totals)


def set_kept_here(db: sqlite3.Connection, conversation_id: str, kept_here: bool) -> bool:
    """Keep a conversation on this machine, or share it; return false if it has left this machine already."""
    seq = turn_rows.seq_of(db, conversation_id)
    if kept_here and has_left(db, conversation_id):
        return False
    db.execute("UPDATE conversation SET kept_here = ? WHERE seq = ?", (kept_here, seq))
    if kept_here:  # as if it had never been about to leave
        for table in ("outbox", "stamp"):
            db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation_id,))
        db.execute("DELETE FROM authored WHERE turn IN (SELECT seq FROM turn WHERE conversation = ?)", (seq,))
    elif db.execute("SELECT 1 FROM sync").fetchone():
        from tui_chat.storage import sync_state  # few ever sync

        sync_state.share(db, seq)
    return True


def record_side_request(db: sqlite3.Connection, conversation_id: str, side_request: SideRequest, title: str) -> None:
    """Store a side request and its title, if any; the conversation does not count as used."""
    conversation = turn_rows.seq_of(db, conversation_id)
    put_side_requests(db, conversation, (side_request,))
    if title:
        rename(db, conversation_id, title, TitleSource.MODEL)


def put_side_requests(db: sqlite3.Connection, conversation: int, side_requests: Sequence[SideRequest]) -> None:
    """Store the side requests that are not stored yet; they never change."""
    stored_ids = {stored.id for stored in turn_rows.read_side_requests(db, conversation)}
    totals = Totals()
    for side_request in side_requests:
        if side_request.id not in stored_ids:
            stored_ids.add(side_request.id)
            db.execute(_INSERT_SIDE_REQUEST, (conversation, *side_request_values(side_request)))
            totals.count_side_request(side_request)
    turn_rows.add_totals(db, conversation, totals)


def rename(db: sqlite3.Connection, conversation_id: str, title: str, source: TitleSource) -> bool:
    strength = list(TitleSource)
    row = db.execute("SELECT seq, title_source, title FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"no conversation {conversation_id}")
    if row[2] and strength.index(TitleSource(row[1])) > strength.index(source):
        return False
    db.execute(
        "UPDATE conversation SET title = ?, title_key = ?, title_source = ? WHERE seq = ?",
        (title, title_key(title), source.value, row[0]),
    )
    return True


def set_head(db: sqlite3.Connection, conversation_id: str, turn_id: str | None) -> None:
    conversation = turn_rows.seq_of(db, conversation_id)
    head = None if turn_id is None else turn_rows.turn_seq_of(db, conversation, turn_id)
    db.execute("UPDATE conversation SET head = ? WHERE seq = ?", (head, conversation))


def leave_out(
    db: sqlite3.Connection, conversation_id: str, turn_ids: Iterable[str], left_out: bool, now: datetime
) -> None:
    seq = turn_rows.seq_of(db, conversation_id)
    changed = {turn_id for turn_id in turn_ids if turn_rows.turn_seq_of(db, seq, turn_id)}
    before, _ = app_state.left_out(db, conversation_id)
    app_state.set_left_out(db, conversation_id, before | changed if left_out else before - changed, now)


def set_column(db: sqlite3.Connection, conversation_id: str, column: str, value: object) -> None:
    db.execute(f"UPDATE conversation SET {column} = ? WHERE seq = ?", (value, turn_rows.seq_of(db, conversation_id)))


def set_options(db: sqlite3.Connection, conversation_id: str, options: Options) -> None:
    set_column(db, conversation_id, "options", dump_options(options))
