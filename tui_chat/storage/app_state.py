"""State of the program apart from conversations: drafts, the prompt history, and small values by key."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tui_chat.core.bounds import moment_in_bounds
from tui_chat.core.part import AttachmentPart
from tui_chat.storage import blobs, changed_fields
from tui_chat.storage.connection import note_damaged_value
from tui_chat.storage.figures_codec import dump
from tui_chat.storage.part_codec import part_from_json, part_to_json
from tui_chat.storage.turn_rows import seq_of

_MAX_PROMPTS = 10_000
_MOST_SEQ = 2**53
"""A larger number of a prompt is damage: so many are never typed."""
_NEW_DRAFT, _NEW_DRAFT_AT = "draft", "draft-at"
_OF_A_CONVERSATION = ("edit", "queue", "draft-files", "tools", "left-out", "labels")
STOP_REQUEST = "stop:"
"""Before the id of a live reply: its process is asked to stop it."""
_LEFT_OUT = "left-out:"
LEFT_OUT_FIELD = "left-out/"
"""Before a turn that is left out: the name of its field for sync."""


def state(db: sqlite3.Connection, key: str) -> Any:
    row = db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else json.loads(row[0])
    except ValueError:
        note_damaged_value(db)
        return None


def set_state(db: sqlite3.Connection, key: str, value: object) -> None:
    if value is None:
        db.execute("DELETE FROM state WHERE key = ?", (key,))
    else:
        db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, dump(value)))


def draft(db: sqlite3.Connection, conversation_id: str | None) -> str:
    """Return the text that was typed there and not sent."""
    if conversation_id is None:
        return state(db, _NEW_DRAFT) or ""
    seq = seq_of(db, conversation_id)
    return str(db.execute("SELECT draft FROM conversation WHERE seq = ?", (seq,)).fetchone()[0])


def new_draft_at(db: sqlite3.Connection) -> datetime | None:
    return moment_in_bounds(state(db, _NEW_DRAFT_AT))


def set_draft(db: sqlite3.Connection, conversation_id: str | None, text: str, now: datetime) -> None:
    """Store the text typed there; empty once it is sent."""
    if conversation_id is None:
        set_state(db, _NEW_DRAFT, text or None)
        set_state(db, _NEW_DRAFT_AT, now.isoformat() if text else None)
    else:
        db.execute("UPDATE conversation SET draft = ? WHERE seq = ?", (text, seq_of(db, conversation_id)))


def draft_attachments(db: sqlite3.Connection, conversation_id: str | None) -> tuple[AttachmentPart, ...]:
    items = state(db, _draft_files_key(conversation_id)) or ()
    return tuple(part for part in map(part_from_json, items) if isinstance(part, AttachmentPart))


def set_draft_attachments(
    db: sqlite3.Connection, conversation_id: str | None, attachments: Sequence[AttachmentPart]
) -> None:
    """Store the files of the unsent prompt there; bytes that are loaded are stored too."""
    for part in attachments:
        if part.data:
            blobs.put(db, part.data)
    items = [part_to_json(part) for part in blobs.strip_parts(attachments)]
    set_state(db, _draft_files_key(conversation_id), items or None)


def _draft_files_key(conversation_id: str | None) -> str:
    return "draft-files" if conversation_id is None else f"draft-files:{conversation_id}"


def left_out(db: sqlite3.Connection, conversation_id: str) -> tuple[frozenset[str], datetime | None]:
    """Return the turns that are not sent any more, and when that last changed."""
    match state(db, _LEFT_OUT + conversation_id):
        case {"turns": [*turn_ids], "at": str(at)}:
            return frozenset(map(str, turn_ids)), moment_in_bounds(at)
    return frozenset(), None


def set_left_out(db: sqlite3.Connection, conversation_id: str, turn_ids: Iterable[str], at: datetime) -> None:
    """Store which turns are not sent any more."""
    (old, _), new = left_out(db, conversation_id), frozenset(turn_ids)
    set_state(db, _LEFT_OUT + conversation_id, {"turns": sorted(new), "at": at.isoformat()})
    changed_fields.note(db, conversation_id, [LEFT_OUT_FIELD + turn for turn in sorted(old ^ new)])


def rename_conversation(db: sqlite3.Connection, old: str, new: str) -> None:
    """Move what is remembered for a conversation to its new id."""
    for kind in _OF_A_CONVERSATION:
        db.execute("UPDATE OR REPLACE state SET key = ? WHERE key = ?", (f"{kind}:{new}", f"{kind}:{old}"))


def forget_conversation(db: sqlite3.Connection, conversation_id: str) -> None:
    """Delete what is remembered for a conversation that is deleted for good, such as the files of its draft."""
    keys = [f"{kind}:{conversation_id}" for kind in _OF_A_CONVERSATION]
    db.executemany("DELETE FROM state WHERE key = ?", [(key,) for key in keys])


def add_prompt(db: sqlite3.Connection, text: str) -> None:
    """Add a prompt to the history, unless it is empty or equal to the last one."""
    last = db.execute("SELECT seq, text FROM prompt ORDER BY seq DESC LIMIT 1").fetchone()
    if not text.strip() or (last is not None and last[1] == text):
        return
    if last is not None and not 0 <= last[0] < _MOST_SEQ:
        last = (_renumber_prompts(db), text)
    seq = 1 if last is None else last[0] + 1
    db.execute("INSERT INTO prompt (seq, text) VALUES (?, ?)", (seq, text))
    beyond = "SELECT seq FROM prompt ORDER BY seq DESC LIMIT 1 OFFSET ?"
    db.execute(f"DELETE FROM prompt WHERE seq <= ({beyond})", (_MAX_PROMPTS,))


def _renumber_prompts(db: sqlite3.Connection) -> int:
    """Number the prompts from 1 where damage left a number that cannot grow. Return the last number."""
    texts = db.execute("SELECT text FROM prompt ORDER BY seq").fetchall()
    db.execute("DELETE FROM prompt")
    db.executemany(
        "INSERT INTO prompt (seq, text) VALUES (?, ?)", [(at, text) for at, (text,) in enumerate(texts, 1)]
    )
    return len(texts)


def prompts(db: sqlite3.Connection, matching: str, limit: int) -> list[str]:
    """Return prompts that contain the text, ignoring case, newest first, without duplicates."""
    needle = matching.casefold()
    matches: dict[str, None] = {}
    for (text,) in db.execute("SELECT text FROM prompt ORDER BY seq DESC"):
        if len(matches) >= limit:
            break
        if needle in text.casefold():
            matches[text] = None
    return list(matches)
