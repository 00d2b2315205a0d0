"""The reader of a message stream beyond the fixtures: nothing that a server sends makes it fail."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_chat.core.event import PartDelta, PartEnd, ProviderEvent, Stopped, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.core.part import Opaque
from tui_chat.providers.anthropic.stream import MessageReader, events_of_message, opaque_block

KINDS = ["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "web_search_tool_result", "odd"]
DELTAS = ["text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta", "odd_delta"]
EVENTS = ["message_start", "message_delta", "content_block_start", "content_block_delta", "content_block_stop", "odd"]
FIELDS = ["type", "index", "delta", "content_block", "message", "usage", "text", "thinking", "id", "name", "input"]
FIELDS += [
    "partial_json",
    "content",
    "citations",
    "citation",
    "signature",
    "stop_reason",
    "stop_details",
    "error_code",
]
words = st.sampled_from([*KINDS, *DELTAS, *EVENTS, "\ud83d", "", "{"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)
nearly_events = st.fixed_dictionaries(
    {"type": st.sampled_from(EVENTS)},
    optional={
        "index": st.integers(0, 2) | anything,
        "content_block": st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional={"id": anything})
        | anything,
        "delta": st.fixed_dictionaries({"type": st.sampled_from(DELTAS)}, optional={"text": words}) | anything,
        "message": anything,
        "usage": anything,
    },
)


def read(*events: dict[str, Any], overlap: str = "") -> list[ProviderEvent]:
    reader = MessageReader(overlap)
    return [news for event in events for news in reader.read(event)]


def start(block: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(nearly_events | st.dictionaries(st.sampled_from(FIELDS), anything), max_size=12))
def test_no_event_makes_it_fail_and_all_text_can_be_stored(events: list[dict[str, Any]]) -> None:
    for news in read(*events):
        match news:
            case TextDelta(text) | ThinkingDelta(text) | ToolCallDelta(_, _, text):
                text.encode()
            case PartDelta(part):
                if part.opaque is not None:
                    json.loads(part.opaque.json.encode())
            case PartEnd(Opaque(_, kept)):
                json.loads(kept.encode())


def test_text_that_was_never_announced_is_text_all_the_same() -> None:
    assert read(more(5, type="text_delta", text="Hi")) == [TextDelta("Hi")]
    assert read(more(5, type="thinking_delta", thinking="Hm")) == [ThinkingDelta("Hm")]
    assert read(more(5, type="input_json_delta", partial_json="{")) == []


def test_hidden_thinking_reports_its_start() -> None:
    assert read(start({"type": "thinking", "thinking": "", "signature": ""})) == [ThinkingDelta("")]


def test_blocks_that_come_in_turns_keep_apart() -> None:
    calls = [start({"type": "tool_use", "id": name, "name": name}, at) for at, name in enumerate("ab")]
    pieces = [more(at, type="input_json_delta", partial_json=piece) for piece in ('{"x"', ": 1}") for at in (0, 1)]
    events = read(*calls, *pieces, stop(1), stop(0))
    arguments = {"a": "", "b": ""}
    for news in events:
        if isinstance(news, ToolCallDelta):
            arguments[news.call_id] += news.input_json
    assert arguments == {"a": '{"x": 1}', "b": '{"x": 1}'}
    ends = [end.call_id for end in events if isinstance(end, PartEnd)]
    assert ends == ["b", "a"]


def test_broken_arguments_end_a_call_without_a_block_to_send_back() -> None:
    events = read(
        start({"type": "tool_use", "id": "a", "name": "n"}), more(type="input_json_delta", partial_json="{"), stop()
    )
    assert events[-1] == PartEnd(None, "a")


def test_a_block_is_kept_to_the_letter() -> None:
    block = {"type": "thinking", "thinking": "日本 \\u0041 <é>", "signature": "s=="}
    assert json.loads(opaque_block(block).json) == block
    assert opaque_block({"type": "x", "y": "\ud83d\ude00 \ud83d"}).json == '{"type": "x", "y": "😀 \ufffd"}'


@pytest.mark.parametrize(
    ("sent_without", "pieces", "shown"),
    [
        ("\n\n", ["\n\nNext"], "Next"),
        ("\n\n", ["\n", "\n", "\nNext"], "\nNext"),
        ("\n\n", ["Next", "\n\n"], "Next\n\n"),
        (" ", [" ", " x"], " x"),
        ("\n ", ["\nx \n x"], "x \n x"),
        ("", ["\n x"], "\n x"),
    ],
)
def test_blank_space_that_a_continued_reply_already_has_is_not_shown_twice(
    sent_without: str, pieces: list[str], shown: str
) -> None:
    events = read(
        start({"type": "text"}), *(more(type="text_delta", text=piece) for piece in pieces), overlap=sent_without
    )
    assert "".join(news.text for news in events if isinstance(news, TextDelta)) == shown
    assert all(news.text for news in events if isinstance(news, TextDelta))


def test_a_whole_message_gives_the_events_of_a_stream() -> None:
    message = {
        "content": [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "t", "name": "n", "input": {"x": "é"}}],
        "stop_reason": "tool_use",
        "usage": {"output_tokens": 2},
    }
    events = read(*events_of_message(message))
    assert [type(news).__name__ for news in events] == [
        "UsageReported",
        "TextDelta",
        "PartEnd",
        "ToolCallDelta",
        "ToolCallDelta",
        "PartEnd",
        "Stopped",
    ]
    assert events[4] == ToolCallDelta("t", "", '{"x": "é"}')
    assert events[-1] == Stopped("tool_use")
