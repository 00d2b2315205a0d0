"""Reads LibreChat's conversation JSON: one object, its messages in a row with parents or nested with children."""

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
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, newest, ours
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
"""Its words for who serves a model, and ours; custom ones are the same in both."""


def conversation_from(value: dict[str, Any]) -> Imported:
    """The conversation in one such file."""
    nested = value.get("messagesTree") or value.get("messages")
    if not isinstance(nested, list):
        raise FormatError("its messages (`messages`) are missing")
    options = dict_of(value.get("options"))
    endpoint = text_of(value.get("endpoint")) or text_of(options.get("endpoint"))
    model = _model(options.get("model"), endpoint)
    messages = [_message(said, parent, model) for said, parent in _flat(dicts_of(nested))]
    return ours(
        ForeignConversation(
            source=SOURCE,
            id=text_of(value.get("conversationId")),
            messages=messages,
            title=text_of(value.get("title")),
            model=model,
            system=text_of(options.get("promptPrefix")) or text_of(options.get("system")),
            head=newest(messages),
        )
    )


def _flat(messages: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Every message with the one that it follows, whether that is told by nesting or by name."""
    stack: list[tuple[dict[str, Any], str | None]] = [(message, None) for message in reversed(messages)]
    while stack:
        message, above = stack.pop()
        named = text_of(message.get("parentMessageId"))
        yield message, above or (named if named != NO_PARENT else None)
        own = text_of(message.get("messageId"))
        stack += [(child, own or above) for child in reversed(dicts_of(message.get("children")))]


def _message(said: dict[str, Any], parent: str | None, usual_model: str) -> Message:
    is_person = said.get("isCreatedByUser") is True
    failed = said.get("error") is True
    parts = [] if failed else [*_parts(said), *_files(said)]
    endpoint = text_of(said.get("endpoint"))
    status = TurnStatus.FAILED if failed else TurnStatus.COMPLETE
    if said.get("unfinished") is True and not failed:
        status = TurnStatus.CANCELLED
    return Message(
        id=text_of(said.get("messageId")) or json_of([parent, text_of(said.get("text"))]),
        parent_id=parent,
        role=None if not parts and not failed else Role.USER if is_person else Role.ASSISTANT,
        parts=parts,
        created_at=date_of(said.get("createdAt")),
        model="" if is_person else _model(said.get("model"), endpoint) or usual_model,
        status=status,
        stop_reason=text_of(said.get("finish_reason")) or None,
        fault=Fault("provider", text_of(said.get("text"))) if failed else None,
    )


def _model(name: object, endpoint: str) -> str:
    provider = PROVIDERS.get(endpoint, endpoint.lower())
    model = text_of(name)
    return f"{provider}/{model}" if model and provider else model_ref(model)


def _parts(said: dict[str, Any]) -> list[Part]:
    parts = [part for block in dicts_of(said.get("content")) for part in _part(block)]
    text = text_of(said.get("text"))
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
    """A text, which may be wrapped with its annotations."""
    return text_of(value) or text_of(dict_of(value).get("value"))


def _tool(call: dict[str, Any]) -> list[Part]:
    """A call together with its answer, in one of three shapes: an agent's, a function's, the code interpreter's."""
    inner = dict_of(call.get("function")) or dict_of(call.get("code_interpreter")) or call
    name = text_of(inner.get("name")) or text_of(call.get("type")) or "tool"
    told = next((inner[key] for key in ("args", "arguments", "input") if key in inner), "")
    output = next((inner[key] for key in ("output", "outputs") if inner.get(key)), None)
    call_id = text_of(call.get("id"))
    parts: list[Part] = [ToolCallPart(call_id, name, arguments_of(told), on_server=True)]
    if output is not None:
        parts.append(ToolResultPart(call_id, text_of(output) if isinstance(output, str) else json_of(output)))
    return parts


def _files(said: dict[str, Any]) -> Iterator[AttachmentPart]:
    for file in (*dicts_of(said.get("files")), *dicts_of(said.get("attachments"))):
        name = text_of(file.get("filename")) or text_of(file.get("file_id"))
        if name:
            yield AttachmentPart(name, text_of(file.get("type")) or "application/octet-stream")
