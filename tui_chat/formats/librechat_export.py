"""Exports a conversation for LibreChat's import: every branch, as a flat list of messages with parents."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import AttachmentPart, Opaque, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import split_ref
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats.librechat import NO_PARENT, PROVIDERS, SOURCE

_ENDPOINTS = {ours: theirs for theirs, ours in PROVIDERS.items()}


def to_json(conversation: Conversation) -> dict[str, Any]:
    """Return the conversation as an object that `json` can write."""
    provider, model = split_ref(conversation.model)
    endpoint = _ENDPOINTS.get(provider, provider)
    options = {
        "endpoint": endpoint,
        "model": model,
        "title": conversation.title,
        "promptPrefix": conversation.system or None,
        "temperature": conversation.options.temperature,
        "max_tokens": conversation.options.max_tokens,
    }
    return {
        "conversationId": conversation.id,
        "endpoint": endpoint,
        "title": conversation.title,
        "exportAt": _date(conversation.updated_at),
        "branches": True,
        "recursive": False,
        "options": {key: value for key, value in options.items() if value not in (None, "")},
        "messages": [_message(turn, conversation.id) for turn in conversation.turns],
    }


def dumps(conversation: Conversation) -> str:
    """Return the conversation as JSON text."""
    return json.dumps(to_json(conversation), ensure_ascii=False, indent=2) + "\n"


def _message(turn: Turn, conversation_id: str) -> dict[str, Any]:
    provider, model = split_ref(turn.model)
    is_person = turn.role is Role.USER
    message = {
        "messageId": turn.id,
        "parentMessageId": turn.parent_id or NO_PARENT,
        "conversationId": conversation_id,
        "isCreatedByUser": is_person,
        "sender": "User" if is_person else model or "Assistant",
        "endpoint": _ENDPOINTS.get(provider, provider) or None,
        "model": model or None,
        "text": turn.text,
        "createdAt": _date(turn.created_at),
        "error": False,
        "unfinished": turn.status is not TurnStatus.COMPLETE,
        "tokenCount": turn.usage.output_tokens if turn.usage and not turn.usage.unknown else None,
        "finish_reason": turn.stop_reason,
    }
    if turn.status is TurnStatus.FAILED and not turn.parts:
        message |= {"error": True, "unfinished": False, "text": turn.fault.message if turn.fault else ""}
    if any(not isinstance(part, TextPart | AttachmentPart) for part in turn.parts):
        message["content"] = _content(turn)
    if files := [part for part in turn.parts if isinstance(part, AttachmentPart)]:
        message["files"] = [{"filename": file.name, "type": file.media_type} for file in files]
    return {key: value for key, value in message.items() if value is not None}


def _content(turn: Turn) -> list[Mapping[str, Any]]:
    """Return the blocks of a reply that is more than text; a tool's result goes with its call."""
    answers = {part.call_id: part.text for part in turn.parts if isinstance(part, ToolResultPart)}
    calls = {part.call_id for part in turn.parts if isinstance(part, ToolCallPart)}
    blocks: list[Mapping[str, Any]] = []
    for part in turn.parts:
        match part:
            case TextPart():
                blocks.append({"type": "text", "text": part.text})
            case ThinkingPart():
                blocks.append({"type": "think", "think": part.text})
            case ToolCallPart():
                call = {"id": part.call_id, "name": part.name, "args": part.input_json, "type": "tool_call"}
                blocks.append({"type": "tool_call", "tool_call": call | {"output": answers.get(part.call_id, "")}})
            case ToolResultPart() if part.call_id not in calls:
                call = {"id": part.call_id, "name": "tool", "args": "", "output": part.text, "type": "tool_call"}
                blocks.append({"type": "tool_call", "tool_call": call})
            case OtherPart(opaque=Opaque(wire, block)) if wire == SOURCE:
                blocks.append(json.loads(block))
            case _:
                pass
    return blocks


def _date(date: datetime) -> str:
    return date.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
