"""llm's first tables: a row for each response, with the prompt it answers."""

from collections.abc import Iterator
from typing import Any

from tui_chat.core.bounds import milliseconds_in_bounds
from tui_chat.core.part import Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role
from tui_chat.formats.foreign_database import ForeignDatabase
from tui_chat.formats.import_tree import Message
from tui_chat.formats.json_access import date_of, model_ref, text_of
from tui_chat.formats.llm_content import attachment_of, usage_of


def response_messages(database: ForeignDatabase, responses: list[dict[str, Any]]) -> list[Message]:
    """Prompt and reply of each response, one after another."""
    messages: list[Message] = []
    for response in responses:
        key, created = text_of(response["id"]), date_of(response.get("datetime_utc"))
        before = messages[-1].id if messages else None
        if prompt := list(_prompt(database, response)):
            messages.append(Message(f"{key}:prompt", before, Role.USER, prompt, created))
            before = f"{key}:prompt"
        if reply := list(_reply(database, response)):
            messages.append(
                Message(
                    id=f"{key}:reply",
                    parent_id=before,
                    role=Role.ASSISTANT,
                    parts=reply,
                    created_at=created,
                    model=model_ref(response.get("model")),
                    continues=not prompt,
                    usage=usage_of(response),
                    duration_ms=milliseconds_in_bounds(response.get("duration_ms")) or None,
                )
            )
    return messages


def system_of(database: ForeignDatabase, response: dict[str, Any]) -> str:
    """What the model was told beforehand."""
    return _with_fragments(database, "system_fragments", response, "system")


def _prompt(database: ForeignDatabase, response: dict[str, Any]) -> Iterator[Part]:
    if text := _with_fragments(database, "prompt_fragments", response, "prompt"):
        yield TextPart(text)
    if "prompt_attachments" in database.tables:
        query = """
            SELECT attachments.* FROM prompt_attachments JOIN attachments ON attachments.id = attachment_id
            WHERE response_id = ? ORDER BY "order" """
        yield from map(attachment_of, database.rows(query, response["id"]))


def _reply(database: ForeignDatabase, response: dict[str, Any]) -> Iterator[Part]:
    """The reply; before it the results of the tools that the reply before it called."""
    if "tool_results" in database.tables:
        for row in database.rows("SELECT * FROM tool_results WHERE response_id = ? ORDER BY id", response["id"]):
            failed = text_of(row.get("exception"))
            yield ToolResultPart(_call_id(row), text_of(row.get("output")) or failed, bool(failed))
    if thinking := text_of(response.get("reasoning")):
        yield ThinkingPart(thinking)
    if text := text_of(response.get("response")):
        yield TextPart(text)
    if "tool_calls" in database.tables:
        for row in database.rows("SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id", response["id"]):
            yield ToolCallPart(_call_id(row), text_of(row.get("name")), text_of(row.get("arguments")) or "{}")


def _call_id(row: dict[str, Any]) -> str:
    return text_of(row.get("tool_call_id")) or text_of(row.get("name"))


def _with_fragments(database: ForeignDatabase, table: str, response: dict[str, Any], column: str) -> str:
    """A prompt as the model read it: the files and snippets given with it stand before it."""
    texts = []
    if table in database.tables:
        query = f"""
            SELECT content FROM {table} JOIN fragments ON fragments.id = fragment_id
            WHERE response_id = ? ORDER BY "order" """
        texts = [text_of(row["content"]) for row in database.rows(query, response["id"])]
    return "\n".join(text for text in (*texts, text_of(response.get(column))) if text)
