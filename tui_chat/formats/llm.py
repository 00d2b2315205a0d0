"""Reads llm's logs.db: its first tables (a row for each response) and its newer ones (a tree of shared messages).

A conversation begun in the first tables and gone on with in the newer ones becomes one conversation.
"""

from collections.abc import Iterator

from tui_chat.formats.foreign_database import ForeignDatabase
from tui_chat.formats.import_tree import ForeignConversation, Imported, ours
from tui_chat.formats.json_access import model_ref, text_of
from tui_chat.formats.llm_responses import response_messages, system_of
from tui_chat.formats.llm_threads import Thread

SOURCE = "llm"
TABLES = {"responses", "conversations"}
"""A newer database has these too."""


def conversation_ids(database: ForeignDatabase) -> Iterator[str]:
    """Every conversation, thread and lone response; their ids begin with their time."""
    queries = ["SELECT id FROM conversations", "SELECT coalesce(conversation_id, id) FROM responses"]
    if "threads" in database.tables:
        queries.append("SELECT id FROM threads")
    rows = database.every_row(" UNION ".join(queries) + " ORDER BY 1")
    return (text_of(next(iter(row.values()))) for row in rows)


def conversation(database: ForeignDatabase, conversation_id: str) -> Imported:
    """One conversation."""
    query = "SELECT * FROM responses WHERE coalesce(conversation_id, id) = ? ORDER BY datetime_utc, id"
    responses = list(database.rows(query, conversation_id))
    named = next(database.rows("SELECT * FROM conversations WHERE id = ?", conversation_id), {})
    messages = response_messages(database, responses)
    told = [system_of(database, response) for response in responses]
    head = messages[-1].id if messages else None
    if "threads" in database.tables:
        thread = Thread(database, conversation_id, history=head)
        thread.follow({text_of(response["id"]) for response in responses})
        named = thread.row | named
        messages += thread.messages
        told += thread.system
        head = thread.head or head
    return ours(
        ForeignConversation(
            source=SOURCE,
            id=conversation_id,
            messages=messages,
            title=text_of(named.get("name")),
            model=model_ref(named.get("model")),
            system="\n\n".join(text for text in dict.fromkeys(told) if text),
            head=head,
        )
    )
