"""What a server wants back within a loop of tool calls comes back unchanged, seen at a loopback server."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.providers.openai.test_provider import provider
from tests.providers.openai.test_request import prompt, reply
from tests.support.wire_server import Answer, Wire, pieces
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.part import ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import Request
from tui_chat.core.turn import Turn, TurnStatus

FIXTURES = Path(__file__).parents[2] / "fixtures" / "openai"


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n".encode()


def with_results(turn: Turn) -> Turn:
    """The reply after each of its calls has been answered."""
    results = [ToolResultPart(part.call_id, "42") for part in turn.parts if isinstance(part, ToolCallPart)]
    return replace(turn, parts=(*turn.parts, *results))


async def second_request(kind: str, body: bytes, *, model: str = "m", second_model: str = "m") -> list[Any]:
    """The messages of the request that answers the calls in a first reply with this body."""
    built = TurnBuilder(replace(reply(model=f"p/{model}"), status=TurnStatus.STREAMING))
    async with Wire(Answer(pieces(body, "event")), Answer(pieces(body, "event"))) as server:
        async with provider(server.url, kind=kind) as made:
            async for event in made.stream(Request(model, (prompt("a"),))):
                built.add(event)
            async for _ in made.stream(Request(second_model, (prompt("a"), with_results(built.turn)))):
                pass
        messages: list[Any] = json.loads(server.requests[1].body)["messages"]
    return messages


async def test_the_signature_of_gemini_comes_back_with_its_call_unchanged() -> None:
    messages = await second_request("gemini", (FIXTURES / "gemini.sse").read_bytes())
    first, second = messages[1]["tool_calls"]
    assert first["extra_content"] == {"google": {"thought_signature": "EjQKMgEMOdbH"}}
    assert "extra_content" not in second
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool"]


async def test_the_signature_of_gemini_comes_back_with_a_text_unchanged() -> None:
    signature = {"google": {"thought_signature": "c2lnbmVk"}}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = (
        chunk({"content": "I look."})
        + chunk({"content": "", "extra_content": signature})
        + chunk({"tool_calls": [call]}, "tool_calls")
    )
    messages = await second_request("gemini", body)
    assert messages[1]["extra_content"] == signature


async def test_a_signature_is_not_sent_to_another_model() -> None:
    messages = await second_request("gemini", (FIXTURES / "gemini.sse").read_bytes(), second_model="other")
    assert "extra_content" not in json.dumps(messages)


async def test_the_reasoning_of_deepseek_comes_back_within_the_loop_unchanged() -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = (
        chunk({"reasoning_content": "先想\n"})
        + chunk({"reasoning_content": " 一下。 "})
        + chunk({"tool_calls": [call]})
        + chunk({}, "tool_calls")
        + b"data: [DONE]\n\n"
    )
    messages = await second_request("deepseek", body)
    assert messages[1]["reasoning_content"] == "先想\n 一下。 "
    assert messages[1]["tool_calls"][0]["id"] == "c"


async def test_the_reasoning_of_deepseek_stays_away_from_replies_without_calls() -> None:
    """The reply to a tool's result belongs to the loop, a plain reply does not."""
    turns = (
        prompt("a"),
        reply(ThinkingPart("one"), "plain"),
        prompt("b"),
        reply(ThinkingPart("two"), ToolCallPart("c", "f", "{}")),
        prompt(ToolResultPart("c", "42")),
        reply(ThinkingPart("three"), "so"),
        prompt("d"),
    )
    async with Wire(Answer((chunk({"content": "x"}, "stop"), b"data: [DONE]\n\n"))) as server:
        async with provider(server.url, kind="deepseek") as made:
            async for _ in made.stream(Request("m", turns)):
                pass
        messages = json.loads(server.requests[0].body)["messages"]
    assert [message.get("reasoning_content") for message in messages if message["role"] == "assistant"] == [
        None,
        "two",
        "three",
    ]
