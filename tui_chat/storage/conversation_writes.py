"""What happens to a conversation, each as one step that keeps tree, summary and search index together."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from tui_chat.core.conversation import Conversation, Options, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.turn import Turn
from tui_chat.storage import conversation_list, live_replies, search_index, turn_rows
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.row_mapping import SIDE_REQUEST_COLUMNS, dump_options, marks, side_request_values, title_key
from tui_chat.storage.turn_rows import Tally

_INSERT_SIDE_REQUEST = (
    f"INSERT INTO errand (conversation, {SIDE_REQUEST_COLUMNS}) VALUES (?, {marks(SIDE_REQUEST_COLUMNS)})"
)


def load(db: sqlite3.Connection, conversation_id: str, process: CurrentProcess) -> Conversation:
    """A conversation with what has arrived of its live turns."""
    conversation = turn_rows.seq_of(db, conversation_id)
    answers = live_replies.live_turns(db, process, conversation)
    return turn_rows.read(db, conversation, lambda turns: live_replies.overlay(db, turns, answers))


def create(db: sqlite3.Connection, conversation: Conversation, process: CurrentProcess) -> None:
    """A new conversation, used now."""
    if db.execute("SELECT 1 FROM conversation WHERE id = ?", (conversation.id,)).fetchone():
        raise StorageError(f"there is a conversation {conversation.id} already", detail="other")
    seq = turn_rows.put(db, conversation, turn_rows.next_used(db, process.now, after_all=True))
    _put_turns(db, seq, conversation, process)


def save(db: sqlite3.Connection, conversation: Conversation, process: CurrentProcess) -> None:
    """The whole of it, over what there is; its place in the order of use is that of its last change."""
    seq = turn_rows.put(db, conversation, turn_rows.next_used(db, conversation.updated_at, after_all=False))
    _put_turns(db, seq, conversation, process)


def save_all(db: sqlite3.Connection, conversations: Sequence[Conversation], process: CurrentProcess) -> None:
    """Several of them at once."""
    for conversation in conversations:
        save(db, conversation, process)


def _put_turns(db: sqlite3.Connection, seq: int, conversation: Conversation, process: CurrentProcess) -> None:
    stored = {turn.id: (number, turn) for number, turn in turn_rows.read_turns(db, seq).items()}
    known = {turn_id: number for turn_id, (number, _) in stored.items()}
    known = turn_rows.in_order(db, seq, [turn.id for turn in conversation.turns], known)
    tally = Tally()
    new = [turn for turn in conversation.turns if turn.id not in stored]
    turn_rows.insert_turns(db, seq, new, known, process)
    for turn in new:
        tally.count(turn)
    for turn in conversation.turns:
        if turn.id in stored and _is_news(db, known[turn.id], stored[turn.id][1], turn, process):
            turn_rows.update_turn(db, known[turn.id], turn, known, process)
            tally.count(stored[turn.id][1], -1)
            tally.count(turn)
    turn_rows.add_tally(db, seq, tally)
    put_side_requests(db, seq, conversation.side_requests)
    set_head(db, conversation.id, conversation.head)


def _is_news(db: sqlite3.Connection, seq: int, stored: Turn, turn: Turn, process: CurrentProcess) -> bool:
    """Whether a value says more than the store; a glimpse of a reply never replaces its end, nor another's reply."""
    if stored == turn or (turn.is_live and not stored.is_live):
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
    """New turns at the end of a branch."""
    seq = turn_rows.seq_of(db, conversation_id)
    known = turn_rows.numbers(db, seq, {turn.parent_id for turn in turns})
    end_dead(db, process, seq)
    for turn in turns[:1]:
        parent = None if turn.parent_id is None else known.get(turn.parent_id)
        live_replies.refuse_parallel(db, parent, live_replies.live_turns(db, process, seq), process.owner)
    known |= turn_rows.next_numbers(db, (turn.id for turn in turns))
    turn_rows.insert_turns(db, seq, turns, known, process)
    tally = Tally()
    for turn in turns:
        tally.count(turn)
    turn_rows.add_tally(db, seq, tally)
    turn_rows.touch(db, seq, process.now)
    set_head(db, conversation_id, head)
    if title:
        rename(db, conversation_id, title, TitleSource.PROMPT)


def finish(db: sqlite3.Connection, turn: Turn, process: CurrentProcess) -> None:
    """A turn in its last form."""
    row = db.execute(
        "SELECT seq, conversation FROM turn WHERE id = ? ORDER BY owner IS NULL, seq DESC", (turn.id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"no turn {turn.id}")
    seq, conversation = row
    _renew(db, seq, turn, process)
    turn_rows.touch(db, conversation, process.now)


def end_dead(db: sqlite3.Connection, process: CurrentProcess, conversation: int | None = None) -> list[str]:
    """Replies whose program died become interrupted turns that keep what had arrived; their ids."""
    ended = []
    for seq, turn in live_replies.interrupted(db, live_replies.live_turns(db, process, conversation)):
        _renew(db, seq, turn, process)
        ended.append(turn.id)
    return ended


def _renew(db: sqlite3.Connection, seq: int, turn: Turn, process: CurrentProcess) -> None:
    """A turn's new value, with the sums of its conversation."""
    (conversation,) = db.execute("SELECT conversation FROM turn WHERE seq = ?", (seq,)).fetchone()
    tally = Tally()
    tally.count(turn_rows.read_turn(db, seq), -1)
    tally.count(turn)
    turn_rows.update_turn(db, seq, turn, turn_rows.numbers(db, conversation, [turn.parent_id]), process)
    turn_rows.add_tally(db, conversation, tally)


def purge(db: sqlite3.Connection, older_than: datetime) -> int:
    """Destroy old trash, turns and all."""
    doomed = conversation_list.in_trash_since(db, older_than)
    for seq in doomed:
        for (turn,) in db.execute("SELECT seq FROM turn WHERE conversation = ?", (seq,)).fetchall():
            search_index.remove(db, turn)
        db.execute("DELETE FROM conversation WHERE seq = ?", (seq,))
    return len(doomed)


def record_side_request(db: sqlite3.Connection, conversation_id: str, side_request: SideRequest, title: str) -> None:
    """An errand that was run, with the title it brought, if it brought one; it makes nothing look newly used."""
    conversation = turn_rows.seq_of(db, conversation_id)
    put_side_requests(db, conversation, (side_request,))
    if title:
        rename(db, conversation_id, title, TitleSource.MODEL)


def put_side_requests(db: sqlite3.Connection, conversation: int, side_requests: Sequence[SideRequest]) -> None:
    """Those that are not stored yet; one that was run does not change."""
    known = {one.id for one in turn_rows.read_side_requests(db, conversation)}
    tally = Tally()
    for side_request in side_requests:
        if side_request.id not in known:
            known.add(side_request.id)
            db.execute(_INSERT_SIDE_REQUEST, (conversation, *side_request_values(side_request)))
            tally.count_errand(side_request)
    turn_rows.add_tally(db, conversation, tally)


def rename(db: sqlite3.Connection, conversation_id: str, title: str, source: TitleSource) -> bool:
    """Give it a title, unless it has one from a stronger source; tells whether it took it."""
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
    """Show the branch that ends there."""
    conversation = turn_rows.seq_of(db, conversation_id)
    head = None if turn_id is None else turn_rows.turn_seq_of(db, conversation, turn_id)
    db.execute("UPDATE conversation SET head = ? WHERE seq = ?", (head, conversation))


def set_column(db: sqlite3.Connection, conversation_id: str, column: str, value: object) -> None:
    """Change one column of a conversation."""
    db.execute(f"UPDATE conversation SET {column} = ? WHERE seq = ?", (value, turn_rows.seq_of(db, conversation_id)))


def set_options(db: sqlite3.Connection, conversation_id: str, options: Options) -> None:
    """Change what is asked of the model beside the words."""
    set_column(db, conversation_id, "options", dump_options(options))
