"""Writes and reads the native JSON: a whole conversation, so that a round trip gives the same value and bytes.

A conversation is one object: `"format": "tui-chat"`, `"version"`, then its fields under the names of `core`;
`native_schema` lists them. Several are written as JSON Lines, and read from lines or an array.

- Dates are ISO 8601 in UTC with every digit they have; money is decimal strings.
- `blobs` has the bytes of attached files as base64, each file once by its SHA-256, which its attachments name. A
  conversation with such files is version 2, any other version 1, which had the bytes in each attachment as `data`.
- Every key is always there, `null` where nothing is known, also for each count of unknown tokens; only `opaque` is
  left out of a part that has none, `errands` of a conversation without side requests, `tools` of options without any,
  `pinned` and `tags` where the user has given none, `left_out` (the ids of turns that are not sent any more) and
  `left_out_at` where nothing was ever left out, and `status` and `duration_ms` of a tool's result where they
  are not known.
- Turns are ordered oldest first, each after its parent.
- Text is Unicode: half a surrogate pair is refused, in writing and in reading.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Never

from tui_chat.core.conversation import Conversation, Options, SideRequest
from tui_chat.core.error import FormatError
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolStatus,
)
from tui_chat.core.turn import Turn
from tui_chat.core.usage import COUNTS, Usage
from tui_chat.formats.native_schema import FORMAT, VERSION, VERSION_WITHOUT_BLOBS, conversation_from


def to_json(conversation: Conversation) -> dict[str, Any]:
    """Return the conversation as an object that `json` can write, keys in their order."""
    blobs = _blobs(conversation.turns)
    value = {
        "format": FORMAT,
        "version": VERSION if blobs else VERSION_WITHOUT_BLOBS,
        "id": conversation.id,
        "title": conversation.title,
        "title_source": conversation.title_source.value,
        "created_at": _date(conversation.created_at),
        "updated_at": _date(conversation.updated_at),
        "archived_at": _date(conversation.archived_at),
        "deleted_at": _date(conversation.deleted_at),
        "model": conversation.model,
        "system": conversation.system,
        "options": _options(conversation.options),
        "origin": None if conversation.origin is None else _plain(conversation.origin),
        "head": conversation.head,
        "turns": [_turn(turn) for turn in _parents_first(conversation.turns)],
    }
    if conversation.left_out_at is not None:
        value["left_out"] = sorted(conversation.left_out)
        value["left_out_at"] = _date(conversation.left_out_at)
    if conversation.pinned:
        value["pinned"] = True
    if conversation.tags:
        value["tags"] = list(conversation.tags)
    if conversation.side_requests:
        value["errands"] = [_side_request(request) for request in conversation.side_requests]
    return value | {"blobs": blobs} if blobs else value


def _blobs(turns: Iterable[Turn]) -> dict[str, str]:
    """Return the bytes of all attached files as base64, each once by its hash."""
    files = (part.data for turn in turns for part in turn.parts if isinstance(part, AttachmentPart) and part.data)
    return {digest: base64.b64encode(data).decode() for digest, data in {_hash(data): data for data in files}.items()}


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _parents_first(turns: Sequence[Turn]) -> Iterable[Turn]:
    """Return the turns in their order, but none before its parent."""
    by_id = {turn.id: turn for turn in turns}
    if len(by_id) != len(turns):
        return turns
    placed: dict[str, Turn] = {}
    for turn in by_id.values():
        way: list[Turn] = []
        at: Turn | None = turn
        while at is not None and at.id not in placed:
            way.append(at)
            at = None if at.parent_id is None else by_id.get(at.parent_id)
        placed |= {request.id: request for request in reversed(way)}
    return placed.values()


def dumps(conversation: Conversation, *, one_line: bool = False) -> str:
    """Return the conversation as JSON text: indented and ending in a newline, or on one line without it."""
    value = to_json(conversation)
    layout: dict[str, Any] = {"separators": (",", ":")} if one_line else {"indent": 2}
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
        text.encode()
    except UnicodeEncodeError:
        place = _half_character_in(value, "") or "text"
        raise FormatError(f"{place} holds half a character (a lone surrogate), which no file can hold") from None
    except ValueError:
        raise FormatError("a number that is infinite or not a number cannot be written as JSON") from None
    return text if one_line else text + "\n"


def loads(text: str) -> Conversation:
    """Read a conversation that `dumps` has written."""
    return conversation_from(parse(text))


def parse(text: str) -> Any:
    """Parse JSON text, and refuse what is not standard JSON."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise FormatError("not JSON that can be read: it is nested too deeply") from None
    except ValueError as error:
        raise FormatError(f"not JSON that can be read: {error}") from None


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no number")


def _date(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()


def _plain(value: Any) -> dict[str, Any]:
    """Return a value of `core` as an object with the same names, and money as text."""
    return asdict(value, dict_factory=lambda fields: {name: _text_of_money(field) for name, field in fields})


def _text_of_money(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _options(options: Options) -> dict[str, Any]:
    value = _plain(options)
    tools = value.pop("tools")
    # A whole number would come back as a float and be written differently.
    value["temperature"] = None if options.temperature is None else float(options.temperature)
    return value | ({"tools": list(tools)} if tools else {})


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "parent_id": turn.parent_id,
        "role": turn.role.value,
        "status": turn.status.value,
        "created_at": _date(turn.created_at),
        "model": turn.model,
        "parts": [_part(part) for part in turn.parts],
        "usage": None if turn.usage is None else _usage(turn.usage),
        "cost": None if turn.cost is None else _plain(turn.cost),
        "stop_reason": turn.stop_reason,
        "stop_detail": turn.stop_detail,
        "fault": None if turn.fault is None else turn.fault.as_dict,
        "request_id": turn.request_id,
        "ttft_ms": turn.ttft_ms,
        "duration_ms": turn.duration_ms,
    }


def _side_request(request: SideRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "purpose": request.purpose,
        "model": request.model,
        "created_at": _date(request.created_at),
        "usage": _usage(request.usage),
        "cost": None if request.cost is None else _plain(request.cost),
    }


def _part(part: Part) -> dict[str, Any]:
    value: dict[str, Any]
    match part:
        case TextPart():
            value = {"type": "text", "text": part.text}
        case ThinkingPart():
            value = {"type": "thinking", "text": part.text}
        case ToolCallPart():
            value = {"type": "tool_call", "call_id": part.call_id, "name": part.name}
            value |= {"input_json": part.input_json, "on_server": part.on_server}
        case ToolResultPart():
            value = {"type": "tool_result", "call_id": part.call_id, "text": part.text, "is_error": part.is_error}
            value |= {} if part.status is ToolStatus.DONE else {"status": part.status.value}
            value |= {} if part.duration_ms is None else {"duration_ms": part.duration_ms}
        case RoundPart():
            value = {"type": "round", "usage": None if part.usage is None else _usage(part.usage)}
            value |= {"cost": None if part.cost is None else _plain(part.cost)}
            value |= {"ttft_ms": part.ttft_ms, "duration_ms": part.duration_ms}
        case AttachmentPart():
            value = {"type": "attachment", "name": part.name, "media_type": part.media_type}
            digest = part.sha256 or (_hash(part.data) if part.data else "")
            value |= {"sha256": digest, "size": part.size} if digest else {"data": ""}
        case OtherPart():
            value = {"type": "other", "kind": part.kind}
    if part.opaque is not None:
        value["opaque"] = _plain(part.opaque)
    return value


def _usage(usage: Usage) -> dict[str, Any]:
    value = _plain(usage)
    del value["terms"]
    if value.pop("unknown"):
        value |= dict.fromkeys(COUNTS)
    return value


def _half_character_in(value: object, place: str) -> str | None:
    """Return the place of the first text in a JSON value that is not valid Unicode."""
    if isinstance(value, str):
        return place if any("\ud800" <= character <= "\udfff" for character in value) else None
    inner: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inner = [(f"{place}.{key}" if place else key, item) for key, item in value.items()]
    elif isinstance(value, list):
        inner = [(f"{place}[{index}]", item) for index, item in enumerate(value)]
    return next((found for at, item in inner if (found := _half_character_in(item, at))), None)
