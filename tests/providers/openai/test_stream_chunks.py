"""Single chunks, in every odd shape a server has been seen to give them."""

import json
from typing import Any

import pytest

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
from tui_chat.core.part import ThinkingPart
from tui_chat.core.usage import Usage
from tui_chat.providers.openai.stream import ChunkReader


def read(*deltas: Any, finish: str | None = "stop", keeps_details: bool = False) -> list[ProviderEvent]:
    """The events of a reply made of these deltas."""
    reader = ChunkReader(keeps_details=keeps_details)
    events: list[ProviderEvent] = []
    for delta in deltas:
        events += reader.read_json({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if finish:
        events += reader.read_json({"choices": [{"delta": {}, "finish_reason": finish}]})
    reader.is_done = True
    return [*events, *reader.end()]


def call(name: str | None = None, arguments: Any = "", **more: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"tool_calls": [{"function": function, **more}]}


END = [PartEnd(), Stopped("stop")]


@pytest.mark.parametrize(
    "delta",
    [None, {}, {"content": None}, {"content": ""}, {"content": []}, {"content": [None, 3]}, {"role": "assistant"}],
)
def test_a_delta_without_anything_is_nothing(delta: Any) -> None:
    assert read(delta) == [Stopped("stop")]


@pytest.mark.parametrize(
    "chunk",
    [None, 3, "ping", [], {}, {"choices": None}, {"choices": [None]}, {"choices": {}}],
)
def test_a_chunk_without_anything_is_nothing(chunk: Any) -> None:
    assert list(ChunkReader().read_json(chunk)) == []


def test_text_and_thinking_are_parts_of_their_own() -> None:
    assert read({"reasoning": "a"}, {"reasoning": "b"}, {"content": "c"}) == [
        ThinkingDelta("a"),
        ThinkingDelta("b"),
        PartEnd(),
        TextDelta("c"),
        *END,
    ]


def test_thinking_sent_twice_in_one_chunk_is_read_once() -> None:
    both = {
        "reasoning_content": "a",
        "reasoning": "a",
        "reasoning_details": [{"type": "reasoning.text", "text": "a"}],
    }
    assert read(both)[:-1] == [ThinkingDelta("a"), PartEnd()]


def test_thinking_sent_in_details_only_is_read_from_them() -> None:
    details = [{"type": "reasoning.summary", "summary": "a"}, {"type": "reasoning.text", "text": "b"}]
    assert read({"reasoning": None, "reasoning_details": details})[0] == ThinkingDelta("ab")


def test_hidden_thinking_is_kept_to_be_sent_back() -> None:
    detail = {"type": "reasoning.encrypted", "data": "abc", "index": 0}
    opening, end, text, *_ = read({"reasoning_details": [detail]}, {"content": "x"}, keeps_details=True)
    assert opening == ThinkingDelta("")
    assert isinstance(end, PartEnd)
    assert end.opaque is not None
    assert json.loads(end.opaque.json) == {"reasoning_details": [detail]}
    assert text == TextDelta("x")


def test_hidden_thinking_that_comes_after_the_text_is_kept_too() -> None:
    detail = {"type": "reasoning.encrypted", "data": "abc", "index": 0}
    events = read({"content": "x"}, {"reasoning_details": [detail]}, keeps_details=True)
    assert events[:2] == [TextDelta("x"), PartEnd()]
    late = events[2]
    assert isinstance(late, PartDelta)
    assert isinstance(late.part, ThinkingPart)
    assert late.part.opaque is not None


def test_a_surrogate_pair_cut_in_two_becomes_one_character() -> None:
    assert read({"content": "a\ud83d"}, {"content": "\ude00b"})[:-2] == [TextDelta("a"), TextDelta("😀b")]
    assert read({"content": "\ud83d"}, {"content": "b"})[:-2] == [TextDelta("\ufffdb")]
    assert read({"content": "a\ud83d"})[:-2] == [TextDelta("a"), TextDelta("\ufffd")]


def test_several_answers_at_once_give_the_first() -> None:
    reader = ChunkReader()
    choices = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]
    assert list(reader.read_json({"choices": choices})) == [TextDelta("yes")]
    assert list(reader.read_json({"choices": choices[:1]})) == []


def test_the_pieces_of_calls_are_distinguished_by_index() -> None:
    events = read(
        call("add", '{"a"', index=0, id="x"),
        call("mul", "{", index=1, id="y"),
        call(None, ":1}", index=0),
        call(None, "}", index=1, id=""),
        finish="tool_calls",
    )
    assert events == [
        ToolCallDelta("x", "add", '{"a"'),
        ToolCallDelta("y", "mul", "{"),
        ToolCallDelta("x", "", ":1}"),
        ToolCallDelta("y", "", "}"),
        PartEnd(call_id="x"),
        PartEnd(call_id="y"),
        Stopped("tool_calls"),
    ]


def test_calls_without_index_are_distinguished_by_id_and_go_on_without() -> None:
    events = read(call("add", "{", id="x"), call(None, "}"), call("mul", "{", id="y"), call(None, "}", id="y"))
    assert events[:4] == [
        ToolCallDelta("x", "add", "{"),
        ToolCallDelta("x", "", "}"),
        ToolCallDelta("y", "mul", "{"),
        ToolCallDelta("y", "", "}"),
    ]


def test_two_calls_that_share_an_index_are_two() -> None:
    events = read(call("add", "{}", index=0, id="x"), call("mul", "{}", index=0, id="y"))
    assert [event.call_id for event in events if isinstance(event, ToolCallDelta)] == ["x", "y"]


def test_a_call_without_id_gets_one_and_arguments_may_be_an_object() -> None:
    assert read(call("add", {"a": 1}, index=0))[0] == ToolCallDelta("call_0", "add", '{"a": 1}')
    assert read({"function_call": {"name": "old", "arguments": "{}"}})[0] == ToolCallDelta("call_0", "old", "{}")


def test_a_name_sent_in_every_piece_is_reported_once() -> None:
    events = read(call("add", "{", index=0, id="x"), call("add", "}", index=0, id="x"))
    assert events[1] == ToolCallDelta("x", "", "}")


def test_a_refusal_is_text_and_the_reason() -> None:
    assert read({"refusal": "I will "}, {"refusal": "not."}) == [
        TextDelta("I will "),
        TextDelta("not."),
        PartEnd(),
        Stopped("refusal"),
    ]


def test_usage_in_every_chunk_is_reported_when_it_changes() -> None:
    reader = ChunkReader()
    usages = ({"prompt_tokens": 1, "completion_tokens": tokens} for tokens in (1, 1, 2))
    reported = [list(reader.read_json({"choices": [], "usage": usage})) for usage in usages]
    assert reported == [
        [UsageReported(Usage(input_tokens=1, output_tokens=1))],
        [],
        [UsageReported(Usage(input_tokens=1, output_tokens=2))],
    ]
