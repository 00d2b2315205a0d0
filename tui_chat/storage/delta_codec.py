"""Convert the deltas of a reply to JSON and back. Knows no table."""

import json
from collections.abc import Iterable, Sequence
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
    ToolStarted,
    UsageReported,
)
from tui_chat.storage.figures_codec import dump, usage_from_json, usage_to_json
from tui_chat.storage.part_codec import opaque_from_json, opaque_to_json, part_from_json, part_to_json


def dump_deltas(deltas: Sequence[ProviderEvent]) -> str | None:
    """Return the deltas as JSON, with runs of one kind merged; `None` if there is nothing to store."""
    items = [out for delta in _merge_runs(deltas) if (out := _delta_to_json(delta)) is not None]
    return dump(items) if items else None


def load_deltas(stored: str) -> list[ProviderEvent]:
    return [_delta_from_json(item) for item in json.loads(stored)]


def _merge_runs(deltas: Iterable[ProviderEvent]) -> list[ProviderEvent]:
    """Merge runs of text, of thinking, and of one call's arguments into one delta each."""
    runs: list[list[ProviderEvent]] = []
    for delta in deltas:
        if runs and _is_continuation(runs[-1][0], delta):
            runs[-1].append(delta)
        else:
            runs.append([delta])
    return [_merged(run) for run in runs]


def _is_continuation(first: ProviderEvent, delta: ProviderEvent) -> bool:
    match first, delta:
        case (TextDelta(), TextDelta()) | (ThinkingDelta(), ThinkingDelta()):
            return True
        case ToolCallDelta(), ToolCallDelta():
            return first.call_id == delta.call_id and not delta.name
        case _:
            return False


def _merged(run: list[ProviderEvent]) -> ProviderEvent:
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


def _delta_to_json(delta: ProviderEvent) -> list[Any] | None:
    match delta:
        case TextDelta(text):
            return ["text", text]
        case ThinkingDelta(text):
            return ["thinking", text]
        case ToolCallDelta(call_id, name, input_json, on_server):
            return ["call", call_id, name, input_json, on_server]
        case PartDelta(part):
            return ["part", part_to_json(part)]
        case PartEnd(opaque, call_id):
            return ["end", opaque_to_json(opaque), call_id]
        case UsageReported(usage, is_final):
            return ["usage", usage_to_json(usage), is_final]
        case ReplyOpened(request_id):
            return ["opened", request_id]
        case Stopped(reason, detail):
            return ["stopped", reason, detail]
        case ToolStarted(call_id):
            return ["started", call_id]
        case _:
            return None


def _delta_from_json(item: list[Any]) -> ProviderEvent:
    match item:
        case ["text", text]:
            return TextDelta(text)
        case ["thinking", text]:
            return ThinkingDelta(text)
        case ["call", call_id, name, input_json, on_server]:
            return ToolCallDelta(call_id, name, input_json, on_server)
        case ["part", part]:
            return PartDelta(part_from_json(part))
        case ["end", opaque, call_id]:
            return PartEnd(opaque_from_json(opaque), call_id)
        case ["usage", usage, *final]:
            return UsageReported(usage_from_json(usage), final == [True])
        case ["opened", request_id]:
            return ReplyOpened(request_id)
        case ["started", call_id]:
            return ToolStarted(call_id)
        case _:
            return Stopped(*item[1:])
