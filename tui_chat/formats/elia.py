"""Reads elia's database: chats, and messages that may name a parent."""

from collections.abc import Iterator
from typing import Any

from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role
from tui_chat.formats.foreign_database import ForeignDatabase
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, newest_message_id, to_conversation
from tui_chat.formats.json_access import date_of, model_ref, text_of

SOURCE = "elia"
TABLES = {"chat", "message"}
_ROLES = {"user": Role.USER, "human": Role.USER, "assistant": Role.ASSISTANT, "ai": Role.ASSISTANT}


def conversation_ids(database: ForeignDatabase) -> Iterator[object]:
    """Yield every chat, oldest first."""
    return (row["id"] for row in database.every_row("SELECT id FROM chat ORDER BY id"))


def conversation(database: ForeignDatabase, chat_id: object) -> Imported:
    chat = next(database.rows("SELECT * FROM chat WHERE id = ?", chat_id), {})
    rows = list(database.rows("SELECT * FROM message WHERE chat_id IN (?, ?) ORDER BY id", chat_id, str(chat_id)))
    usual_model = _model(chat.get("model"))
    messages = [_message(row, usual_model) for row in _with_parents(rows)]
    system_texts = [text_of(row.get("content")) for row in rows if row.get("role") == "system"]
    return to_conversation(
        ForeignConversation(
            source=SOURCE,
            # Chats are merely numbered; the start distinguishes them from those of another database.
            id=f"{chat_id} {text_of(chat.get('started_at'))}",
            messages=messages,
            title=text_of(chat.get("title")),
            created_at=date_of(chat.get("started_at")),
            model=usual_model,
            system="\n\n".join(text for text in dict.fromkeys(system_texts) if text),
            head=newest_message_id(messages),
            is_archived=bool(chat.get("archived")),
        )
    )


def _with_parents(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with parents: in most chats the messages just follow one another."""
    if any(row.get("parent_id") is not None for row in rows):
        return rows
    before = [None, *(row["id"] for row in rows)]
    return [row | {"parent_id": parent} for row, parent in zip(rows, before, strict=False)]


def _message(row: dict[str, Any], usual_model: str) -> Message:
    text, role = text_of(row.get("content")), _ROLES.get(text_of(row.get("role")))
    parent = row.get("parent_id")
    return Message(
        id=str(row["id"]),
        parent_id=None if parent is None else str(parent),
        role=role if text else None,
        parts=[TextPart(text)],
        created_at=date_of(row.get("timestamp")),
        model=_model(row.get("model")) or usual_model,
    )


def _model(name: object) -> str:
    return model_ref(text_of(name).removeprefix("elia-"))
