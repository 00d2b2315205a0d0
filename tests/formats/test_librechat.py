"""LibreChat's conversation JSON, in a row and nested."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.formats.fixtures import IMPORTS, leaves, only, outline, read
from tests.formats.test_chatgpt import json_values
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.formats.librechat import conversation_from

FLAT = IMPORTS / "librechat-flat.json"
NESTED = IMPORTS / "librechat-nested.json"


@pytest.mark.parametrize("file", [FLAT, NESTED])
def test_counts_are_those_of_the_file(file: Any) -> None:
    conversation = read(file)[0]["Stories"]
    messages = json.loads(FLAT.read_text())["messages"]
    with_text = [message for message in messages if message["text"] or message.get("content")]
    parents = {message["parentMessageId"] for message in with_text}
    assert len(conversation.turns) == len(with_text) == 7
    assert len(leaves(conversation)) == sum(message["messageId"] not in parents for message in with_text) == 3
    assert sum(turn.role is Role.USER for turn in conversation.turns) == 3


def test_both_layouts_are_the_same_conversation() -> None:
    assert read(FLAT)[0] == read(NESTED)[0]


def test_branches_endings_and_the_newest_branch() -> None:
    conversation = read(FLAT)[0]["Stories"]
    assert outline(conversation) == [
        "u: Tell me a long story",
        ["a: Once upon a time", "a: Sure, here it"],
        "u: Tell me a long long story",
        ["a: Let me look.The Legend of Eldoria.", ["u: Go on", ["a:  <-"]]],
    ]
    first, second = conversation.children_of(conversation.turns[0].id)
    assert (first.status, first.stop_reason) == (TurnStatus.COMPLETE, "incomplete")
    assert second.status is TurnStatus.CANCELLED
    assert conversation.system == "You are a storyteller."
    assert conversation.model == first.model == "anthropic/claude-opus-5"


def test_an_error_is_a_fault_and_no_text() -> None:
    failed = read(FLAT)[0]["Stories"].path[-1]
    assert failed.status is TurnStatus.FAILED and failed.text == ""
    assert failed.fault is not None and failed.fault.message == "Something went wrong: overloaded"


def test_blocks_are_parts() -> None:
    turns = read(FLAT)[0]["Stories"].turns
    assert only(turns[0], AttachmentPart) == [AttachmentPart("plot.md", "text/markdown")]
    reply = next(turn for turn in turns if "Eldoria" in turn.text)
    assert reply.parts[:2] == (ThinkingPart("A legend, then."), TextPart("Let me look."))
    calls = [(part.call_id, part.name, part.input_json) for part in only(reply, ToolCallPart)]
    assert calls == [
        ("call_1", "web_search", '{"q":"legend"}'),
        ("call_2", "roll", "{}"),
        ("call_3", "code_interpreter", '{"text": "1+1"}'),
    ]
    assert [(part.call_id, part.text) for part in only(reply, ToolResultPart)] == [
        ("call_1", "found"),
        ("call_3", '[{"type": "logs", "logs": "2"}]'),
    ]
    assert only(reply, AttachmentPart) == [AttachmentPart("map.png", "image/*")]
    assert [part.kind for part in only(reply, OtherPart)] == ["agent_update"]


@given(json_values, json_values)
def test_whatever_stands_in_the_file_it_is_read_or_skipped(one: Any, other: Any) -> None:
    hello = {"messageId": "h", "isCreatedByUser": True, "text": "hello", "children": [one]}
    blocks = [
        {"type": kind, "text": one, "think": one, "tool_call": {"id": other, "args": one, "output": other}}
        for kind in ("text", "think", "tool_call", "image_file", "error", "new")
    ]
    odd = {"messageId": one, "parentMessageId": other, "content": [one, *blocks], "files": one, "children": other}
    value = {"conversationId": one, "endpoint": other, "options": one, "messages": [one, odd, hello]}
    assert "hello" in [turn.text for turn in conversation_from(value).conversation.turns]
