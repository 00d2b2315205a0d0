"""Convert the parts of a turn to JSON and back. Knows no table."""

import json
from base64 import b64decode, b64encode
from typing import Any

from tui_chat.core.bounds import MOST_TOKENS, count_in_bounds, milliseconds_in_bounds
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolStatus,
)
from tui_chat.storage.figures_codec import cost_from_json, cost_to_json, dump, usage_from_json, usage_to_json


def dump_parts(parts: tuple[Part, ...]) -> str | None:
    """Return the parts as JSON without their prose, which has its own column; `None` for prose alone."""
    if len(parts) == 1 and isinstance(parts[0], TextPart) and parts[0].opaque is None:
        return None
    return dump([part_to_json(part, prose_apart=True) for part in parts])


def load_parts(text: str, stored: str | None) -> tuple[Part, ...]:
    """Return the parts from the prose and the JSON; the last text part takes the remaining prose."""
    if stored is None:
        return (TextPart(text),)
    parts: list[Part] = []
    at = 0
    items = json.loads(stored)
    prose_left = sum("length" in item for item in items)
    for item in items:
        if "length" in item:
            prose_left -= 1
            end = at + item["length"] if prose_left else len(text)
            parts.append(TextPart(text[at:end], opaque_from_json(item.get("opaque"))))
            at = end
        else:
            parts.append(part_from_json(item))
    return tuple(parts)


def part_to_json(part: Part, *, prose_apart: bool = False) -> dict[str, Any]:
    out: dict[str, Any]
    match part:
        case TextPart(text):
            out = {"type": "text", "length": len(text)} if prose_apart else {"type": "text", "text": text}
        case ThinkingPart(text):
            out = {"type": "thinking", "text": text}
        case ToolCallPart(call_id, name, input_json, on_server):
            out = {"type": "tool_call", "id": call_id, "name": name, "input": input_json, "on_server": on_server}
        case ToolResultPart():
            out = _result_to_json(part)
        case RoundPart():
            out = _round_to_json(part)
        case AttachmentPart():
            out = _attachment_to_json(part)
        case OtherPart(kind):
            out = {"type": "other", "kind": kind}
    if part.opaque is not None:
        out["opaque"] = opaque_to_json(part.opaque)
    return out


def part_from_json(item: dict[str, Any]) -> Part:
    opaque = opaque_from_json(item.get("opaque"))
    match item["type"]:
        case "text":
            return TextPart(item["text"], opaque)
        case "thinking":
            return ThinkingPart(item["text"], opaque)
        case "tool_call":
            return ToolCallPart(item["id"], item["name"], item["input"], item["on_server"], opaque)
        case "tool_result":
            status = ToolStatus(item.get("status", ToolStatus.DONE))
            return ToolResultPart(item["id"], item["text"], item["is_error"], opaque, status, item.get("ms"))
        case "round":
            return _round_from_json(item)
        case "attachment":
            return _attachment_from_json(item, opaque)
        case _:
            return OtherPart(item.get("kind", ""), opaque)


def _result_to_json(part: ToolResultPart) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "tool_result", "id": part.call_id, "text": part.text, "is_error": part.is_error}
    if part.status is not ToolStatus.DONE:
        out["status"] = part.status.value
    if part.duration_ms is not None:
        out["ms"] = part.duration_ms
    return out


def _round_to_json(part: RoundPart) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "round"}
    if part.usage is not None:
        out["usage"] = usage_to_json(part.usage)
    if part.cost is not None:
        out["cost"] = cost_to_json(part.cost)
    return out | {"ttft_ms": part.ttft_ms, "duration_ms": part.duration_ms}


def _round_from_json(item: dict[str, Any]) -> RoundPart:
    return RoundPart(
        usage_from_json(item["usage"]) if "usage" in item else None,
        cost_from_json(item["cost"]) if "cost" in item else None,
        milliseconds_in_bounds(item["ttft_ms"]),
        milliseconds_in_bounds(item["duration_ms"]),
    )


def _attachment_to_json(part: AttachmentPart) -> dict[str, Any]:
    """Return what is known of a file; its bytes only where they are not stored by their hash."""
    out: dict[str, Any] = {"type": "attachment", "name": part.name, "media_type": part.media_type}
    if part.data:
        out["data"] = b64encode(part.data).decode()
    known = {"sha256": part.sha256, "size": part.size, "pixels": part.pixels, "pages": part.pages}
    return out | {name: value for name, value in known.items() if value}


def _attachment_from_json(item: dict[str, Any], opaque: Opaque | None) -> AttachmentPart:
    """Return a file; earlier versions stored its bytes with it."""
    pixels: tuple[int, int] | None = None
    match item.get("pixels"):
        case [int(width), int(height)] if 0 < width <= MOST_TOKENS and 0 < height <= MOST_TOKENS:
            pixels = width, height
    return AttachmentPart(
        str(item["name"]),
        str(item["media_type"]),
        b64decode(item["data"]) if "data" in item else b"",
        opaque,
        str(item.get("sha256", "")),
        count_in_bounds(item.get("size")) or 0,
        pixels,
        count_in_bounds(item.get("pages")) or None,
    )


def opaque_to_json(opaque: Opaque | None) -> list[str] | None:
    """Return a provider's own block as JSON."""
    return None if opaque is None else [opaque.wire, opaque.json]


def opaque_from_json(stored: list[str] | None) -> Opaque | None:
    return None if stored is None else Opaque(*stored)
