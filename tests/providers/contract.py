"""What every provider must do, whatever its wire: the scripts, and how what came out is compared with what went in.

A wire joins by one `ContractWire` in the list of `test_contract.py`: a way to encode core events as its bytes, and
a way to make its provider for an address.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import ProviderError
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.part import Part, TextPart
from tui_chat.core.provider import Provider, Request
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Script = tuple[ProviderEvent, ...]
Encoder = Callable[[Script], bytes]

SCRIPTS: dict[str, Script] = {
    "text": (
        *map(TextDelta, ("Hel", "lo, ", "Wörld", " 日本", "語 👩‍🚀 e\u0301", "\n\n- a\n", " ", "\t\r\n“x”")),
        PartEnd(),
        UsageReported(Usage(input_tokens=12, output_tokens=34)),
        Stopped("end_turn"),
    ),
    "thinking": (
        *map(ThinkingDelta, ("Let me ", "see: 二", " plus 二.")),
        PartEnd(),
        *map(TextDelta, ("It is ", "四.")),
        PartEnd(),
        UsageReported(Usage(input_tokens=12, output_tokens=34, thinking_tokens=20)),
        Stopped("end_turn"),
    ),
    "tool_calls": (
        TextDelta("I look."),
        PartEnd(),
        ToolCallDelta("call_1", "weather", ""),
        *(ToolCallDelta("call_1", "", piece) for piece in ('{"city": "Zü', 'rich", "n": [1', ", 2]}")),
        PartEnd(call_id="call_1"),
        ToolCallDelta("call_2", "now", ""),
        ToolCallDelta("call_2", "", "{}"),
        PartEnd(call_id="call_2"),
        UsageReported(Usage(input_tokens=12, output_tokens=34)),
        Stopped("tool_use"),
    ),
    "cached": (
        TextDelta("Yes."),
        PartEnd(),
        UsageReported(Usage(input_tokens=7, cache_read_tokens=1_000, output_tokens=3)),
        Stopped("max_tokens"),
    ),
    "refused_by_the_model": (
        TextDelta("I can"),
        PartEnd(),
        UsageReported(Usage(input_tokens=7, output_tokens=2)),
        Stopped("refusal"),
    ),
    "nothing_sent": (UsageReported(Usage(input_tokens=7, output_tokens=1)), Stopped("end_turn")),
}


@dataclass(frozen=True)
class ContractWire:
    """One wire under the contract."""

    name: str
    provider: Callable[[str, Script], Provider]
    """For the address of a server; a wire without bytes is given the script itself."""
    encode: Encoder | None = None
    """The body of a whole reply; `None` for a wire without bytes."""
    stop_words: Mapping[str, str] = field(default_factory=dict)
    """Its own word for a reason to stop, where that differs."""
    model: str = "some-model"
    error_body: Callable[[int, str], object] = lambda status, message: {"error": {"message": message}}
    """The value it answers an error with."""

    def __str__(self) -> str:
        return self.name


def request(prompt: str = "Hello?", model: str = "some-model") -> Request:
    """The simplest question."""
    return Request(model, (Turn("t1", None, Role.USER, (TextPart(prompt),), TurnStatus.COMPLETE, NOW),))


async def collected(provider: Provider, asked: Request) -> tuple[list[ProviderEvent], ProviderError | None]:
    """Everything a stream gives, and the error it ended with."""
    events: list[ProviderEvent] = []
    try:
        async with aclosing(provider.stream(asked)) as stream:
            async for event in stream:
                events.append(event)
    except ProviderError as error:
        return events, error
    return events, None


def deltas(events: Sequence[ProviderEvent]) -> list[tuple[Any, ...]]:
    """The pieces a reader sees, in order; announcements without a word are left out."""
    seen: list[tuple[Any, ...]] = []
    for event in events:
        match event:
            case TextDelta(text):
                seen.append(("text", text))
            case ThinkingDelta(text) if text:
                seen.append(("thinking", text))
            case ToolCallDelta(call_id, name, piece) if name or piece:
                seen.append(("call", call_id, name, piece))
            case PartDelta(part):
                seen.append(("part", part))
    return seen


def parts(events: Sequence[ProviderEvent]) -> tuple[Part, ...]:
    """The parts a turn is built of, without what is only for the way back."""
    builder = TurnBuilder(Turn("r", "t1", Role.ASSISTANT, (), TurnStatus.STREAMING, NOW))
    for event in events:
        builder.add(event)
    return tuple(replace(part, opaque=None) for part in builder.turn.parts)


def last_usage(events: Sequence[ProviderEvent]) -> Usage | None:
    """The figures that hold in the end."""
    return next((event.usage for event in reversed(events) if isinstance(event, UsageReported)), None)


def stops(events: Sequence[ProviderEvent]) -> list[Stopped]:
    """Every end that was reported."""
    return [event for event in events if isinstance(event, Stopped)]


def text_of(events: Sequence[ProviderEvent]) -> str:
    """The prose that arrived."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))
