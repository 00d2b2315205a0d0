"""The deltas that a turn is made of, or that lead to it from an earlier state. Knows no store and no wire format."""

from collections.abc import Iterator

from tui_chat.core.event import Delta, PartDelta, PartEnd, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.core.part import Part, TextPart, ThinkingPart, ToolCallPart
from tui_chat.core.turn import Turn


def deltas_between(old: Turn | None, new: Turn) -> Iterator[Delta]:
    """Yield the deltas from an earlier state of a reply to a later one; from nothing where there is none."""
    known = () if old is None else old.parts
    last = len(new.parts) - 1
    for index, part in enumerate(new.parts):
        before = known[index] if index < len(known) else None
        yield from _growth(before, part)
        if index < last and index >= len(known) - 1:
            yield PartEnd(call_id=part.call_id if isinstance(part, ToolCallPart) else None)


def _growth(before: Part | None, part: Part) -> Iterator[Delta]:
    match part:
        case TextPart(text):
            old = before.text if isinstance(before, TextPart) else ""
            if len(text) > len(old):
                yield TextDelta(text[len(old) :])
        case ThinkingPart(text):
            old = before.text if isinstance(before, ThinkingPart) else ""
            if len(text) > len(old) or before is None:
                yield ThinkingDelta(text[len(old) :])
        case ToolCallPart(call_id, name, input_json, on_server):
            old = before.input_json if isinstance(before, ToolCallPart) else ""
            if len(input_json) > len(old) or before is None:
                yield ToolCallDelta(call_id, name, input_json[len(old) :], on_server)
        case _:
            if before is None:
                yield PartDelta(part)
