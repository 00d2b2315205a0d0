"""What happens to a conversation, each as one step that keeps tree, summary and search index together."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tui_chat.core.conversation import Conversation, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.turn import Turn
from tui_chat.storage import conversation_list, live_replies, search_index, side_requests, turn_rows
from tui_chat.storage.turn_rows import Tally, Writer


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the head goes when turns are added, and the title that comes with them."""

    head: str
    title: str | None = None


def load(db: sqlite3.Connection, conversation_id: str, watch: live_replies.Watch) -> Conversation:
    """A conversation with what has arrived of its live turns."""
    conversation = turn_rows.seq_of(db, conversation_id)
    answers = watch.live_turns(db, conversation)
    return turn_rows.read(db, conversation, lambda turns: live_replies.overlay(db, turns, answers))


def create(db: sqlite3.Connection, conversation: Conversation, watch: live_replies.Watch) -> None:
    """A new conversation, used now."""
    if db.execute("SELECT 1 FROM conversation WHERE id = ?", (conversation.id,)).fetchone():
        raise StorageError(f"there is a conversation {conversation.id} already", detail="other")
    seq = turn_rows.put(db, conversation, turn_rows.next_used(db, watch.now, after_all=True))
    _put_turns(db, seq, conversation, Writer(watch.now, str(watch.owner)))


def save(db: sqlite3.Connection, conversation: Conversation, watch: live_replies.Watch) -> None:
    """The whole of it, over what there is; its place in the order of use is that of its last change."""
    seq = turn_rows.put(db, conversation, turn_rows.next_used(db, conversation.updated_at, after_all=False))
    _put_turns(db, seq, conversation, Writer(watch.now, str(watch.owner)))


def save_all(db: sqlite3.Connection, conversations: Sequence[Conversation], watch: live_replies.Watch) -> None:
    """Several of them at once."""
    for conversation in conversations:
        save(db, conversation, watch)


def _put_turns(db: sqlite3.Connection, seq: int, conversation: Conversation, writer: Writer) -> None:
    stored = {turn.id: (number, turn) for number, turn in turn_rows.read_turns(db, seq).items()}
    known = {turn_id: number for turn_id, (number, _) in stored.items()}
    known = turn_rows.in_order(db, seq, [turn.id for turn in conversation.turns], known)
    tally = Tally()
    new = [turn for turn in conversation.turns if turn.id not in stored]
    turn_rows.insert_turns(db, seq, new, known, writer)
    for turn in new:
        tally.count(turn)
    for turn in conversation.turns:
        if turn.id in stored and _is_news(db, known[turn.id], stored[turn.id][1], turn, writer):
            turn_rows.update_turn(db, known[turn.id], turn, known, writer)
            tally.count(stored[turn.id][1], -1)
            tally.count(turn)
    turn_rows.add_tally(db, seq, tally)
    side_requests.put(db, seq, conversation.side_requests)
    conversation_list.set_head(db, conversation.id, conversation.head)


def _is_news(db: sqlite3.Connection, seq: int, stored: Turn, turn: Turn, writer: Writer) -> bool:
    """Whether a value says more than the store; a glimpse of a reply never replaces its end, nor another's reply."""
    if stored == turn or (turn.is_live and not stored.is_live):
        return False
    (owner,) = db.execute("SELECT owner FROM turn WHERE seq = ?", (seq,)).fetchone()
    return not turn.is_live or owner == writer.owner


def append(
    db: sqlite3.Connection, conversation_id: str, turns: Sequence[Turn], moved: Moved, watch: live_replies.Watch
) -> None:
    """New turns at the end of a branch."""
    seq = turn_rows.seq_of(db, conversation_id)
    known = turn_rows.numbers(db, seq, {turn.parent_id for turn in turns})
    end_dead(db, watch, seq)
    for turn in turns[:1]:
        parent = None if turn.parent_id is None else known.get(turn.parent_id)
        live_replies.refuse_parallel(db, parent, watch.live_turns(db, seq), watch.owner)
    known |= turn_rows.next_numbers(db, (turn.id for turn in turns))
    turn_rows.insert_turns(db, seq, turns, known, Writer(watch.now, str(watch.owner)))
    tally = Tally()
    for turn in turns:
        tally.count(turn)
    turn_rows.add_tally(db, seq, tally)
    turn_rows.touch(db, seq, watch.now)
    conversation_list.set_head(db, conversation_id, moved.head)
    if moved.title:
        conversation_list.rename(db, conversation_id, moved.title, TitleSource.PROMPT)


def finish(db: sqlite3.Connection, turn: Turn, watch: live_replies.Watch) -> None:
    """A turn in its last form."""
    row = db.execute(
        "SELECT seq, conversation FROM turn WHERE id = ? ORDER BY owner IS NULL, seq DESC", (turn.id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"no turn {turn.id}")
    seq, conversation = row
    _renew(db, seq, turn, Writer(watch.now, str(watch.owner)))
    turn_rows.touch(db, conversation, watch.now)


def end_dead(db: sqlite3.Connection, watch: live_replies.Watch, conversation: int | None = None) -> list[str]:
    """Replies whose program died become interrupted turns that keep what had arrived; their ids."""
    ended = []
    for seq, turn in live_replies.interrupted(db, watch.live_turns(db, conversation)):
        _renew(db, seq, turn, Writer(watch.now, str(watch.owner)))
        ended.append(turn.id)
    return ended


def _renew(db: sqlite3.Connection, seq: int, turn: Turn, writer: Writer) -> None:
    """A turn's new value, with the sums of its conversation."""
    (conversation,) = db.execute("SELECT conversation FROM turn WHERE seq = ?", (seq,)).fetchone()
    tally = Tally()
    tally.count(turn_rows.read_turn(db, seq), -1)
    tally.count(turn)
    turn_rows.update_turn(db, seq, turn, turn_rows.numbers(db, conversation, [turn.parent_id]), writer)
    turn_rows.add_tally(db, conversation, tally)


def purge(db: sqlite3.Connection, older_than: datetime) -> int:
    """Destroy old trash, turns and all."""
    doomed = conversation_list.in_trash_since(db, older_than)
    for seq in doomed:
        for (turn,) in db.execute("SELECT seq FROM turn WHERE conversation = ?", (seq,)).fetchall():
            search_index.remove(db, turn)
        db.execute("DELETE FROM conversation WHERE seq = ?", (seq,))
    return len(doomed)
