"""Deltas become a turn, in order, whatever their pieces."""

from datetime import UTC, datetime

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.part import Opaque, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage

BLANK = Turn("t", "p", Role.ASSISTANT, (), TurnStatus.STREAMING, datetime(2026, 1, 1, tzinfo=UTC), "demo/tour")


def test_pieces_join_and_kinds_part() -> None:
    builder = TurnBuilder(BLANK)
    for event in (ThinkingDelta("hm"), ThinkingDelta("m"), TextDelta("He"), TextDelta("llo")):
        builder.add(event)
    assert builder.turn.parts == (ThinkingPart("hmm"), TextPart("Hello"))


def test_a_finished_part_keeps_the_providers_block_and_the_next_is_another() -> None:
    builder = TurnBuilder(BLANK)
    block = Opaque("anthropic", "{}")
    for event in (TextDelta("a"), PartEnd(block), TextDelta("b"), PartEnd(), TextDelta("c")):
        builder.add(event)
    assert builder.turn.parts == (TextPart("a", block), TextPart("b"), TextPart("c"))
    assert builder.turn.text == "abc"


def test_two_open_tool_calls_are_distinguished() -> None:
    builder = TurnBuilder(BLANK)
    for event in (
        ToolCallDelta("1", "look", '{"a"'),
        ToolCallDelta("2", "find", "{}"),
        ToolCallDelta("1", "", ":1}"),
        PartEnd(call_id="1"),
        PartDelta(ToolResultPart("1", "seen")),
    ):
        builder.add(event)
    assert builder.turn.parts == (
        ToolCallPart("1", "look", '{"a":1}'),
        ToolCallPart("2", "find", "{}"),
        ToolResultPart("1", "seen"),
    )


def test_a_later_report_replaces_an_earlier_one() -> None:
    builder = TurnBuilder(BLANK)
    builder.add(UsageReported(Usage(input_tokens=5, output_tokens=1)))
    builder.add(UsageReported(Usage(input_tokens=5, output_tokens=9)))
    builder.add(Stopped("refusal", "no"))
    turn = builder.turn
    assert turn.usage == Usage(input_tokens=5, output_tokens=9)
    assert (turn.stop_reason, turn.stop_detail) == ("refusal", "no")


def test_a_reply_goes_on_from_what_it_began_with() -> None:
    from dataclasses import replace

    builder = TurnBuilder(replace(BLANK, parts=(TextPart("Once upon"),)))
    builder.add(TextDelta(" a time"))
    builder.add(PartEnd(Opaque("anthropic", '{"text": " a time"}')))
    assert builder.turn.parts == (TextPart("Once upon a time"),)
