"""Reads conversations of Claude.ai's data export: messages with blocks, in newer exports with parents."""

from collections.abc import Iterator
from typing import Any

from tui_chat.core.error import FormatError
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import Role
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, newest_message_id, to_conversation
from tui_chat.formats.json_access import date_of, dict_of, dicts_of, json_of, list_of, model_ref, text_of

SOURCE = "claude"
_ROOTS = ("", "00000000-0000-4000-8000-000000000000", "00000000-0000-0000-0000-000000000000")
"""The parent ids of first messages."""
_BOOKKEEPING = ("token_budget", "flag")
_UNKNOWN = "application/octet-stream"


def is_conversation(value: dict[str, Any]) -> bool:
    return "chat_messages" in value or {"uuid", "name", "account"} <= value.keys()


def conversation_from(value: dict[str, Any]) -> Imported:
    if not isinstance(value.get("chat_messages"), list):
        raise FormatError("its messages (`chat_messages`) are missing")
    model = model_ref(value.get("model"), "anthropic")
    messages = list(_messages(dicts_of(value["chat_messages"]), model))
    return to_conversation(
        ForeignConversation(
            source=SOURCE,
            id=text_of(value.get("uuid")) or (messages[0].id if messages else ""),
            messages=messages,
            title=text_of(value.get("name")),
            created_at=date_of(value.get("created_at")),
            updated_at=date_of(value.get("updated_at")),
            model=model,
            system=text_of(value.get("system_prompt")),
            head=text_of(value.get("current_leaf_message_uuid")) or newest_message_id(messages),
        )
    )


def _messages(messages: list[dict[str, Any]], model: str) -> Iterator[Message]:
    ids = [text_of(message.get("uuid")) or f"message {number}" for number, message in enumerate(messages)]
    parents = [text_of(message.get("parent_message_uuid")) for message in messages]
    is_tree, known = any(parents), {*ids, *_ROOTS}
    for number, message in enumerate(messages):
        parent: str | None = parents[number]
        if not is_tree or parent not in known:
            # Without a parent, or with a deleted one, it follows the message before it.
            parent = ids[number - 1] if number else None
        elif parent in _ROOTS:
            parent = None
        is_person = text_of(message.get("sender")) != "assistant"
        parts = [*_blocks(message, ids[number]), *_attachments(message)]
        yield Message(
            id=ids[number],
            parent_id=parent,
            role=None if not parts else Role.USER if is_person else Role.ASSISTANT,
            parts=parts,
            created_at=date_of(message.get("created_at")),
            model="" if is_person else model_ref(message.get("model"), "anthropic") or model,
            stop_reason=text_of(message.get("stop_reason")) or None,
        )


def _blocks(message: dict[str, Any], message_id: str) -> list[Part]:
    parts: list[Part] = []
    call_id = message_id
    for index, block in enumerate(dicts_of(message.get("content"))):
        if text_of(block.get("type")) == "tool_use":
            call_id = text_of(block.get("id")) or f"{message_id}:{index}"
        parts += _part(block, call_id)
    text = text_of(message.get("text"))
    # The plain text repeats the blocks, in older exports in place of them.
    return parts or ([TextPart(text)] if text else [])


def _part(block: dict[str, Any], call_id: str) -> list[Part]:
    kind = text_of(block.get("type"))
    match kind:
        case "text":
            text = text_of(block.get("text"))
            return [TextPart(text)] if text else []
        case "thinking" | "redacted_thinking":
            summaries = [text_of(summary.get("summary")) for summary in dicts_of(block.get("summaries"))]
            return [ThinkingPart(text_of(block.get("thinking")) or "\n\n".join(filter(None, summaries)))]
        case "tool_use":
            return [ToolCallPart(call_id, text_of(block.get("name")), json_of(dict_of(block.get("input"))), True)]
        case "tool_result":
            answered = text_of(block.get("tool_use_id")) or call_id
            return [ToolResultPart(answered, _result(block.get("content")), block.get("is_error") is True)]
        case _ if kind in _BOOKKEEPING:
            return []
    return [OtherPart(kind or "unknown", Opaque(SOURCE, json_of(block)))]


def _result(content: object) -> str:
    """Return a tool's result; whatever is not plain text stays as JSON."""
    if isinstance(content, str):
        return text_of(content)
    return "\n".join(
        text_of(item.get("text")) if isinstance(item, dict) and item.get("type") == "text" else json_of(item)
        for item in list_of(content)
    )


def _attachments(message: dict[str, Any]) -> Iterator[AttachmentPart]:
    for pasted in dicts_of(message.get("attachments")):
        name = text_of(pasted.get("file_name"))
        words = text_of(pasted.get("extracted_content"))
        # The export has a file's text, not its bytes; so text is what it is here.
        media_type = "text/plain" if words else _media_type(text_of(pasted.get("file_type")))
        yield AttachmentPart(name or "pasted text", media_type, words.encode())
    named: set[str] = set()
    for file in (*dicts_of(message.get("files")), *dicts_of(message.get("files_v2"))):
        key = text_of(file.get("file_uuid")) or text_of(file.get("file_name"))
        if key and key not in named:
            named.add(key)
            kind = text_of(file.get("file_kind"))
            yield AttachmentPart(text_of(file.get("file_name")) or key, "image/*" if kind == "image" else _UNKNOWN)


def _media_type(file_type: str) -> str:
    return file_type if "/" in file_type else "text/plain" if file_type == "txt" else _UNKNOWN
