"""Reads LibreChat's conversation JSON: one object, with a flat list of messages or a tree of them."""

from collections.abc import Iterator
from typing import Any

from tui_chat.core.error import Fault, FormatError
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
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, newest_message_id, to_conversation
from tui_chat.formats.json_access import arguments_of, date_of, dict_of, dicts_of, json_of, model_ref, text_of

SOURCE = "librechat"
NO_PARENT = "00000000-0000-0000-0000-000000000000"
PROVIDERS = {
    "openAI": "openai",
    "azureOpenAI": "azure",
    "anthropic": "anthropic",
    "google": "google",
    "bedrock": "bedrock",
}
"""LibreChat's names of endpoints, and our names of providers; custom names are the same in both."""


def is_conversation(value: dict[str, Any]) -> bool:
    return "conversationId" in value and bool({"messages", "messagesTree"} & value.keys())


def conversation_from(value: dict[str, Any]) -> Imported:
    nested = value.get("messagesTree") or value.get("messages")
    if not isinstance(nested, list):
        raise FormatError("its messages (`messages`) are missing")
    options = dict_of(value.get("options"))
    endpoint = text_of(value.get("endpoint")) or text_of(options.get("endpoint"))
    model = _model(options.get("model"), endpoint)
    messages = [_message(message, parent, model) for message, parent in _flat(dicts_of(nested))]
    return to_conversation(
        ForeignConversation(
            source=SOURCE,
            id=text_of(value.get("conversationId")),
            messages=messages,
            title=text_of(value.get("title")),
            model=model,
            system=text_of(options.get("promptPrefix")) or text_of(options.get("system")),
            head=newest_message_id(messages),
        )
    )


def _flat(messages: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield every message with the id of its parent, whether that is given by nesting or by id."""
    stack: list[tuple[dict[str, Any], str | None]] = [(message, None) for message in reversed(messages)]
    while stack:
        message, above = stack.pop()
        named = text_of(message.get("parentMessageId"))
        yield message, above or (named if named != NO_PARENT else None)
        own = text_of(message.get("messageId"))
        stack += [(child, own or above) for child in reversed(dicts_of(message.get("children")))]


def _message(message: dict[str, Any], parent: str | None, usual_model: str) -> Message:
    is_person = message.get("isCreatedByUser") is True
    failed = message.get("error") is True
    parts = [] if failed else [*_parts(message), *_files(message)]
    endpoint = text_of(message.get("endpoint"))
    status = TurnStatus.FAILED if failed else TurnStatus.COMPLETE
    if message.get("unfinished") is True and not failed:
        status = TurnStatus.CANCELLED
    return Message(
        id=text_of(message.get("messageId")) or json_of([parent, text_of(message.get("text"))]),
        parent_id=parent,
        role=None if not parts and not failed else Role.USER if is_person else Role.ASSISTANT,
        parts=parts,
        created_at=date_of(message.get("createdAt")),
        model="" if is_person else _model(message.get("model"), endpoint) or usual_model,
        status=status,
        stop_reason=text_of(message.get("finish_reason")) or None,
        fault=Fault("provider", text_of(message.get("text"))) if failed else None,
    )


def _model(name: object, endpoint: str) -> str:
    provider = PROVIDERS.get(endpoint, endpoint.lower())
    model = text_of(name)
    return f"{provider}/{model}" if model and provider else model_ref(model)


def _parts(message: dict[str, Any]) -> list[Part]:
    parts = [part for block in dicts_of(message.get("content")) for part in _part(block)]
    text = text_of(message.get("text"))
    return parts or ([TextPart(text)] if text else [])


def _part(block: dict[str, Any]) -> list[Part]:
    kind = text_of(block.get("type"))
    match kind:
        case "text":
            text = _words(block.get("text"))
            return [TextPart(text)] if text else []
        case "think":
            return [ThinkingPart(_words(block.get("think")))]
        case "tool_call":
            return _tool(dict_of(block.get("tool_call")))
        case "image_file":
            file = dict_of(block.get("image_file"))
            return [AttachmentPart(text_of(file.get("filename")) or "image", text_of(file.get("type")) or "image/*")]
    return [OtherPart(kind or "unknown", Opaque(SOURCE, json_of(block)))]


def _words(value: object) -> str:
    """Return a text, which may be wrapped in an object with annotations."""
    return text_of(value) or text_of(dict_of(value).get("value"))


def _tool(call: dict[str, Any]) -> list[Part]:
    """Return a call and its result, in one of three shapes: of an agent, a function or the code interpreter."""
    inner = dict_of(call.get("function")) or dict_of(call.get("code_interpreter")) or call
    name = text_of(inner.get("name")) or text_of(call.get("type")) or "tool"
    arguments = next((inner[key] for key in ("args", "arguments", "input") if key in inner), "")
    output = next((inner[key] for key in ("output", "outputs") if inner.get(key)), None)
    call_id = text_of(call.get("id"))
    parts: list[Part] = [ToolCallPart(call_id, name, arguments_of(arguments), on_server=True)]
    if output is not None:
        parts.append(ToolResultPart(call_id, text_of(output) if isinstance(output, str) else json_of(output)))
    return parts


def _files(message: dict[str, Any]) -> Iterator[AttachmentPart]:
    for file in (*dicts_of(message.get("files")), *dicts_of(message.get("attachments"))):
        name = text_of(file.get("filename")) or text_of(file.get("file_id"))
        if name:
            yield AttachmentPart(name, text_of(file.get("type")) or "application/octet-stream")
