"""Parts and deltas as JSON and back. Knows no table."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    ReplyOpened,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
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
from tui_chat.core.usage import Usage


def dump(value: object) -> str:
    """JSON on one line, readable in any script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dump_parts(parts: tuple[Part, ...]) -> str | None:
    """Everything about the parts but their prose, which has a column of its own; `None` for prose alone."""
    if len(parts) == 1 and isinstance(parts[0], TextPart) and parts[0].opaque is None:
        return None
    return dump([_part_out(part, prose_apart=True) for part in parts])


def load_parts(text: str, stored: str | None) -> tuple[Part, ...]:
    """The parts from their prose and the rest; the last piece of prose takes what remains of it."""
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
            parts.append(TextPart(text[at:end], _opaque_in(item.get("opaque"))))
            at = end
        else:
            parts.append(_part_in(item))
    return tuple(parts)


def _part_out(part: Part, *, prose_apart: bool = False) -> dict[str, Any]:
    out: dict[str, Any]
    match part:
        case TextPart(text):
            out = {"type": "text", "length": len(text)} if prose_apart else {"type": "text", "text": text}
        case ThinkingPart(text):
            out = {"type": "thinking", "text": text}
        case ToolCallPart(call_id, name, input_json, on_server):
            out = {"type": "tool_call", "id": call_id, "name": name, "input": input_json, "on_server": on_server}
        case ToolResultPart(call_id, text, is_error):
            out = {"type": "tool_result", "id": call_id, "text": text, "is_error": is_error}
        case AttachmentPart(name, media_type, data):
            out = {"type": "attachment", "name": name, "media_type": media_type, "data": b64encode(data).decode()}
        case OtherPart(kind):
            out = {"type": "other", "kind": kind}
    if part.opaque is not None:
        out["opaque"] = _opaque_out(part.opaque)
    return out


def _part_in(item: dict[str, Any]) -> Part:
    opaque = _opaque_in(item.get("opaque"))
    match item["type"]:
        case "text":
            return TextPart(item["text"], opaque)
        case "thinking":
            return ThinkingPart(item["text"], opaque)
        case "tool_call":
            return ToolCallPart(item["id"], item["name"], item["input"], item["on_server"], opaque)
        case "tool_result":
            return ToolResultPart(item["id"], item["text"], item["is_error"], opaque)
        case "attachment":
            return AttachmentPart(item["name"], item["media_type"], b64decode(item["data"]), opaque)
        case _:
            return OtherPart(item.get("kind", ""), opaque)


def _opaque_out(opaque: Opaque | None) -> list[str] | None:
    return None if opaque is None else [opaque.wire, opaque.json]


def _opaque_in(stored: list[str] | None) -> Opaque | None:
    return None if stored is None else Opaque(*stored)


def dump_deltas(deltas: Sequence[ProviderEvent]) -> str | None:
    """What arrived, neighbours of one kind joined; `None` where nothing is worth keeping."""
    kept = [out for delta in _joined(deltas) if (out := _delta_out(delta)) is not None]
    return dump(kept) if kept else None


def load_deltas(stored: str) -> list[ProviderEvent]:
    """What arrived, to be replayed."""
    return [_delta_in(item) for item in json.loads(stored)]


def _joined(deltas: Iterable[ProviderEvent]) -> list[ProviderEvent]:
    """Runs of text, thinking or one call's arguments become one each."""
    runs: list[list[ProviderEvent]] = []
    for delta in deltas:
        if runs and _goes_on(runs[-1][0], delta):
            runs[-1].append(delta)
        else:
            runs.append([delta])
    return [_as_one(run) for run in runs]


def _goes_on(first: ProviderEvent, delta: ProviderEvent) -> bool:
    match first, delta:
        case (TextDelta(), TextDelta()) | (ThinkingDelta(), ThinkingDelta()):
            return True
        case ToolCallDelta(), ToolCallDelta():
            return first.call_id == delta.call_id and not delta.name
        case _:
            return False


def _as_one(run: list[ProviderEvent]) -> ProviderEvent:
    if len(run) == 1:
        return run[0]
    match run[0]:
        case TextDelta():
            return TextDelta("".join(delta.text for delta in run if isinstance(delta, TextDelta)))
        case ThinkingDelta():
            return ThinkingDelta("".join(delta.text for delta in run if isinstance(delta, ThinkingDelta)))
        case ToolCallDelta(call_id, name, _, on_server):
            whole = "".join(delta.input_json for delta in run if isinstance(delta, ToolCallDelta))
            return ToolCallDelta(call_id, name, whole, on_server)
        case other:
            return other


def _delta_out(delta: ProviderEvent) -> list[Any] | None:
    match delta:
        case TextDelta(text):
            return ["text", text]
        case ThinkingDelta(text):
            return ["thinking", text]
        case ToolCallDelta(call_id, name, input_json, on_server):
            return ["call", call_id, name, input_json, on_server]
        case PartDelta(part):
            return ["part", _part_out(part)]
        case PartEnd(opaque, call_id):
            return ["end", _opaque_out(opaque), call_id]
        case UsageReported(usage):
            billed = None if usage.billed_usd is None else str(usage.billed_usd)
            return ["usage", asdict(usage) | {"billed_usd": billed}]
        case ReplyOpened(request_id):
            return ["opened", request_id]
        case Stopped(reason, detail):
            return ["stopped", reason, detail]
        case _:
            return None


def _delta_in(item: list[Any]) -> ProviderEvent:
    match item:
        case ["text", text]:
            return TextDelta(text)
        case ["thinking", text]:
            return ThinkingDelta(text)
        case ["call", call_id, name, input_json, on_server]:
            return ToolCallDelta(call_id, name, input_json, on_server)
        case ["part", part]:
            return PartDelta(_part_in(part))
        case ["end", opaque, call_id]:
            return PartEnd(_opaque_in(opaque), call_id)
        case ["usage", usage]:
            billed = usage.pop("billed_usd", None)
            return UsageReported(Usage(**usage, billed_usd=None if billed is None else Decimal(billed)))
        case ["opened", request_id]:
            return ReplyOpened(request_id)
        case _:
            return Stopped(*item[1:])
