"""What the program remembers beside conversations: drafts, prompts that were typed, small state."""

import json
import sqlite3
from typing import Any

from tui_chat.storage.connection import note_damaged_value
from tui_chat.storage.part_codec import dump
from tui_chat.storage.turn_rows import seq_of

_PROMPTS_KEPT = 10_000
_NEW_DRAFT = "draft"


def state(db: sqlite3.Connection, key: str) -> Any:
    """What was remembered under that name; `None` if nothing was."""
    row = db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else json.loads(row[0])
    except ValueError:
        note_damaged_value(db)
        return None


def set_state(db: sqlite3.Connection, key: str, value: object) -> None:
    """Remember a value that JSON can hold; `None` forgets it."""
    if value is None:
        db.execute("DELETE FROM state WHERE key = ?", (key,))
    else:
        db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, dump(value)))


def draft(db: sqlite3.Connection, conversation_id: str | None) -> str:
    """What was typed there and not yet sent."""
    if conversation_id is None:
        return state(db, _NEW_DRAFT) or ""
    seq = seq_of(db, conversation_id)
    return str(db.execute("SELECT draft FROM conversation WHERE seq = ?", (seq,)).fetchone()[0])


def set_draft(db: sqlite3.Connection, conversation_id: str | None, text: str) -> None:
    """Keep what is typed there; empty when it was sent."""
    if conversation_id is None:
        set_state(db, _NEW_DRAFT, text or None)
    else:
        db.execute("UPDATE conversation SET draft = ? WHERE seq = ?", (text, seq_of(db, conversation_id)))


def add_prompt(db: sqlite3.Connection, text: str) -> None:
    """Remember a prompt, unless it is the last one again or says nothing."""
    last = db.execute("SELECT seq, text FROM prompt ORDER BY seq DESC LIMIT 1").fetchone()
    if not text.strip() or (last is not None and last[1] == text):
        return
    seq = 1 if last is None else last[0] + 1
    db.execute("INSERT INTO prompt (seq, text) VALUES (?, ?)", (seq, text))
    db.execute("DELETE FROM prompt WHERE seq <= ?", (seq - _PROMPTS_KEPT,))


def prompts(db: sqlite3.Connection, matching: str, limit: int) -> list[str]:
    """Prompts that hold that text whatever its capitals, newest first, each once."""
    wanted = matching.casefold()
    found: dict[str, None] = {}
    for (text,) in db.execute("SELECT text FROM prompt ORDER BY seq DESC"):
        if len(found) >= limit:
            break
        if wanted in text.casefold():
            found[text] = None
    return list(found)
