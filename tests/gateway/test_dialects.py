"""The smaller dialects: what is written for each event, and their routes."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx2
import pytest

from tests.gateway.conftest import Gateway, MakeGateway, events_of
from tui_chat.core.budget import Budget, Limit, Span
from tui_chat.core.error import Fault, StreamCut
from tui_chat.core.event import (
    PartEnd,
    ReplyEvent,
    Stopped,
    TextDelta,
    ThinkingDelta,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from tui_chat.core.part import TextPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.gateway.dialects.ai_sdk import UiMessageStream
from tui_chat.gateway.dialects.ai_sdk_data import DataStream
from tui_chat.gateway.dialects.anthropic import AnthropicEvents
from tui_chat.gateway.dialects.dialect import Dialect
from tui_chat.gateway.dialects.librechat import ROOT
from tui_chat.gateway.dialects.openai import OpenAIChunks
from tui_chat.gateway.dialects.plain import ChunkEvents, DataLines, TextStream

NOW = datetime(2026, 11, 29, tzinfo=UTC)
HELLO = (
    TextDelta("Hel"),
    TextDelta("lo"),
    UsageReported(Usage(3, output_tokens=2)),
    Stopped("end_turn"),
)


def turn(text: str = "", status: TurnStatus = TurnStatus.STREAMING, fault: Fault | None = None) -> Turn:
    parts = (TextPart(text),) if text else ()
    return Turn("t", "p", Role.ASSISTANT, parts, status, NOW, "demo/tour", fault=fault)


def data_of(output: bytes) -> list[Any]:
    """Return the JSON of each server-sent event."""
    lines = [line.removeprefix("data: ") for line in output.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def ui_text(output: bytes) -> str:
    return "".join(chunk["delta"] for chunk in data_of(output) if chunk["type"] == "text-delta")


def data_stream_text(output: bytes) -> str:
    lines = output.decode().split("\n")
    return "".join(json.loads(line[2:]) for line in lines if line.startswith("0:"))


def anthropic_text(output: bytes) -> str:
    deltas = [event["delta"] for event in data_of(output) if event["type"] == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas)


def openai_text(output: bytes) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in data_of(output) if chunk["choices"])


READ: dict[str, tuple[Any, Any]] = {
    "ui": (UiMessageStream, ui_text),
    "data": (DataStream, data_stream_text),
    "text": (TextStream, lambda output: output.decode()),
    "chunk": (ChunkEvents, lambda output: "".join(one.get("text", "") for one in data_of(output))),
    "plain chunk": (lambda: DataLines("chunk"), lambda output: "".join(one["chunk"] for one in data_of(output))),
    "content": (lambda: DataLines("content"), lambda output: "".join(one["content"] for one in data_of(output))),
    "openai": (lambda: OpenAIChunks("m"), openai_text),
    "anthropic": (lambda: AnthropicEvents("m"), anthropic_text),
}


def test_a_replay_has_the_calls_of_tools_and_what_they_answered() -> None:
    call, result = ToolCallPart("c1", "look", '{"path": "a"}'), ToolResultPart("c1", "found")
    so_far = replace(turn("Let me see."), parts=(TextPart("Let me see."), call, result, TextPart("There")))
    stream = UiMessageStream()
    chunks = data_of(stream.encode(TurnStarted("c", so_far)) + stream.encode(TextDelta(" it is.")))
    assert [chunk["type"] for chunk in chunks] == [
        "start",
        "start-step",
        "text-start",
        "text-delta",
        "text-end",
        "tool-input-start",
        "tool-input-delta",
        "tool-input-available",
        "tool-output-available",
        "text-start",
        "text-delta",
        "text-delta",
    ]
    assert (chunks[7]["input"], chunks[8]["output"]) == ({"path": "a"}, "found")


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("seed", range(5))
def test_a_reader_that_joins_anywhere_ends_with_the_whole_text(name: str, seed: int) -> None:
    make, read = READ[name]
    random = Random(seed)
    pieces = [random.choice(["word ", "\n\n", "é", "👩‍💻", '"', "data: x\n", "\\", "</script>"]) for _ in range(500)]
    for joined_at in sorted(random.sample(range(501), 12)):
        events: list[ReplyEvent] = [TurnStarted("c", turn("".join(pieces[:joined_at])))]
        rest = list(pieces[joined_at:])
        while rest:  # a slow reader gets joined deltas
            count = random.randrange(1, 9)
            events.append(TextDelta("".join(rest[:count])))
            rest = rest[count:]
        events.append(TurnEnded(turn("".join(pieces), TurnStatus.COMPLETE)))
        dialect: Dialect = make()
        assert read(b"".join(map(dialect.encode, events))) == "".join(pieces)


def test_parts_of_the_ui_stream_are_opened_and_closed_in_order() -> None:
    dialect = UiMessageStream()
    events = [
        TurnStarted("c", turn()),
        ThinkingDelta(""),
        ThinkingDelta("well"),
        PartEnd(),
        TextDelta("Hel"),
        TextDelta("lo"),
        TurnEnded(turn("Hello", TurnStatus.COMPLETE)),
    ]
    output = b"".join(map(dialect.encode, events))
    assert [chunk["type"] for chunk in data_of(output)] == [
        *("start", "start-step", "reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-delta", "text-end", "finish-step", "finish"),
    ]
    assert output.endswith(b"data: [DONE]\n\n")


FAILED = turn("half", TurnStatus.FAILED, Fault("stream_cut", "gone", detail="dropped"))


@pytest.mark.parametrize("name", ["ui", "data", "chunk", "plain chunk", "content", "openai", "anthropic"])
def test_an_error_within_the_stream_has_the_dialects_own_shape(name: str) -> None:
    dialect: Dialect = READ[name][0]()
    output = dialect.encode(TurnStarted("c", turn("half"))) + dialect.encode(TurnEnded(FAILED))
    assert b"Connection lost during the reply." in output
    shapes = {
        "ui": b'{"type":"error","errorText":',
        "data": b"\n3:",
        "chunk": b"event: error\n",
        "plain chunk": b'"type":"error"',
        "content": b'"type":"error"',
        "openai": b'{"error":{',
        "anthropic": b"event: error\n",
    }
    assert shapes[name] in output


def ui_message(message_id: str, role: str, text: str) -> dict[str, Any]:
    return {"id": message_id, "role": role, "parts": [{"type": "text", "text": text}]}


async def chatted(gateway: Gateway, *messages: dict[str, Any], trigger: str = "submit-message") -> Any:
    body = {"id": "chat-1", "messages": list(messages), "trigger": trigger}
    return await gateway.http.post("/api/chat", json=body)


async def test_use_chat_sends_regenerates_and_edits_in_one_conversation(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    first = await chatted(gateway, ui_message("1", "user", "one"))
    assert first.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert ui_text(first.content) == "Hello"
    one = ui_message("1", "user", "one")
    await chatted(gateway, one, trigger="regenerate-message")
    await chatted(gateway, one, ui_message("2", "assistant", "Hello"), ui_message("3", "user", "two"))
    await chatted(gateway, one, ui_message("2", "assistant", "Hello"), ui_message("3", "user", "two, edited"))
    (stored,) = await gateway.conversations()
    prompt = stored.children_of(None)[0]
    replies = stored.children_of(prompt.id)
    assert len(replies) == 2
    beneath = [child.text for reply in replies for child in stored.children_of(reply.id)]
    assert sorted(beneath) == ["two", "two, edited"]


async def test_use_chat_resumes_with_a_replay_and_stops(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("so far "), asyncio.Event()))
    assert (await gateway.http.get("/api/chat/chat-1/stream")).status_code == 204
    sending = asyncio.create_task(chatted(gateway, ui_message("1", "user", "one")))
    while (await gateway.http.get("/api/v1/metrics")).json()["active_streams"] == 0:
        await asyncio.sleep(0.01)
    async with gateway.http.stream("GET", "/api/chat/chat-1/stream") as resumed:
        seen = []
        async for event in events_of(resumed):
            seen.append(event)
            if event.data != "[DONE]" and event.data["type"] == "text-delta":
                assert (await gateway.http.post("/api/chat/chat-1/stop")).json() == {"stopped": True}
    assert [one.data["type"] for one in seen[:4]] == ["start", "start-step", "text-start", "text-delta"]
    assert seen[3].data["delta"] == "so far "
    assert seen[-2].data == {"type": "abort"}
    assert ui_text((await sending).content) == "so far "
    assert (await gateway.http.get("/api/chat/chat-1/stream")).status_code == 204


async def test_the_older_sdk_gets_its_data_and_its_text_stream(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    body = {"id": "old", "messages": [{"id": "1", "role": "user", "content": "one", "parts": []}]}
    answer = await gateway.http.post("/api/chat", json=body)
    assert answer.headers["x-vercel-ai-data-stream"] == "v1"
    assert answer.text.splitlines()[1:3] == ['0:"Hel"', '0:"lo"'] or data_stream_text(answer.content) == "Hello"
    assert '"finishReason":"stop","usage":{"promptTokens":3,"completionTokens":2}' in answer.text
    text = await gateway.http.post("/api/chat?protocol=text", json=body)
    assert (text.text, text.headers["content-type"]) == ("Hello", "text/plain; charset=utf-8")


async def test_lines_of_content_for_a_message_or_a_history(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    for body in ({"message": "hi"}, {"messages": [{"role": "user", "content": "hi"}]}):
        answer = await gateway.http.post("/api/chat", json=body)
        assert answer.headers["x-accel-buffering"] == "no"
        assert "".join(one["content"] for one in data_of(answer.content)) == "Hello"
        assert answer.text.endswith("data: [DONE]\n\n")


async def test_chunk_cost_and_done(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    answer = await gateway.http.post("/api/v1/stream", json={"agentId": "x", "message": "hi"})
    lines = [line for line in answer.text.splitlines() if line.startswith(("event", "data"))]
    assert lines[-4:] == [
        "event: cost",
        'data: {"inputTokens":3,"outputTokens":2,"totalCost":5.0}',
        "event: done",
        "data: {}",
    ]
    assert lines[0] == "event: chunk"
    conversation = answer.headers["x-conversation-id"]
    body = {"message": "more", "conversationId": conversation}
    plain = await gateway.http.post("/api/v1/stream?form=plain", json=body)
    assert "".join(one["chunk"] for one in data_of(plain.content)) == "Hello"
    assert len((await gateway.store.conversation(conversation)).path) == 4
    assert (await gateway.http.get(f"/api/v1/stream/{conversation}")).status_code == 204


async def test_the_text_alone_of_an_existing_chat(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("first")
    path = f"/api/chats/{ids['conversation']}/stream"
    answer = await gateway.http.post(path, json={"messages": [{"role": "user", "content": "second"}]})
    assert (answer.text, answer.headers["content-type"]) == ("Hello", "text/plain; charset=utf-8")
    empty = await gateway.http.post(path, json={"messages": []})
    assert empty.status_code == 400
    assert empty.json()["success"] is False and empty.json()["error"] == "Messages array must not be empty"
    async with gateway.client(gateway.add_token("guest")) as guest:
        body = {"messages": [{"role": "user", "content": "x"}]}
        missing = await guest.post(path, json=body)
        assert missing.status_code == 404 and missing.json()["code"] == "CHAT_NOT_FOUND"
        assert (await guest.post("/api/chats/nothing/stream", json=body)).json() == missing.json()


async def test_a_text_stream_that_fails_is_cut(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO, (TextDelta("half"), StreamCut("gone", detail="dropped")))
    ids, _ = await gateway.started_and_ended("first")
    text = ""
    body = {"messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(httpx2.RemoteProtocolError):
        async with gateway.http.stream("POST", f"/api/chats/{ids['conversation']}/stream", json=body) as answer:
            async for piece in answer.aiter_text():
                text += piece
    assert text == "half"


# LibreChat


async def librechat(gateway: Gateway, path: str, **body: object) -> list[Any]:
    answer = await gateway.http.post(f"/api/{path}/demo", json={"model": "demo/tour", **body})
    assert answer.status_code == 200, answer.text
    return data_of(answer.content)


async def test_librechat_asks_regenerates_and_edits(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    created, *progress, final = await librechat(
        gateway, "ask", text="one", conversationId=None, parentMessageId=ROOT, messageId="made-by-the-client"
    )
    assert created["created"] is True and created["message"]["isCreatedByUser"] is True
    assert progress[-1]["message"] is True and progress[-1]["text"] == "Hello"
    assert final["final"] is True and final["responseMessage"]["text"] == "Hello"
    assert final["responseMessage"]["parentMessageId"] == final["requestMessage"]["messageId"]
    assert final["requestMessage"]["parentMessageId"] == ROOT
    place = {"conversationId": final["conversation"]["conversationId"]}
    parent = final["responseMessage"]["messageId"]
    second = (await librechat(gateway, "ask", text="two", parentMessageId=parent, **place))[-1]
    prompt = second["requestMessage"]["messageId"]
    await librechat(gateway, "ask", text="two", overrideParentMessageId=prompt, parentMessageId=parent, **place)
    await librechat(gateway, "edit", text="two, edited", messageId=prompt, **place)
    (stored,) = await gateway.conversations()
    assert [child.text for child in stored.children_of(parent)] == ["two", "two, edited"]
    assert len(stored.children_of(prompt)) == 2


async def test_librechat_edits_a_reply_and_has_it_continued(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO, (TextDelta(" you"), Stopped("end_turn")))
    final = (await librechat(gateway, "ask", text="one", conversationId=None))[-1]
    reply = final["responseMessage"]["messageId"]
    edited = await librechat(
        gateway,
        "edit",
        text="one",
        messageId="made-by-the-client",
        conversationId=final["conversation"]["conversationId"],
        overrideParentMessageId=final["requestMessage"]["messageId"],
        responseMessageId=f"{reply}_",
        generation="Good day",
        isContinued=True,
    )
    assert edited[1]["text"].startswith("Good day")
    assert edited[-1]["responseMessage"]["text"] == "Good day you"
    assert edited[-1]["requestMessage"]["text"] == "one"
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.children_of(stored.turns[0].id)] == ["Hello", "Good day you"]


async def test_librechat_aborts_with_a_final_message(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("half"), asyncio.Event()))
    asking = asyncio.create_task(librechat(gateway, "ask", text="one", conversationId=None))
    while not gateway.backend.service.replies:
        await asyncio.sleep(0.01)
    (reply,) = gateway.backend.service.replies
    await gateway.arrived(reply.conversation_id, "half")
    answer = await gateway.http.post("/api/ask/demo/abort", json={"abortKey": reply.conversation_id})
    final = answer.json()
    assert final["final"] is True
    assert final["responseMessage"]["unfinished"] is True and final["responseMessage"]["text"] == "half"
    assert (await asking)[-1]["responseMessage"]["unfinished"] is True


async def test_librechat_reads_an_error(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((StreamCut("gone", detail="dropped"),) * 9)
    answer = await gateway.http.post("/api/ask/demo", json={"text": "one"})
    assert answer.text.rstrip().rpartition("\n\n")[2].startswith("event: error\n")
    assert data_of(answer.content)[-1]["error"] is True


async def test_progress_of_a_quick_reply_is_limited(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((*[TextDelta("word ")] * 3000, Stopped("end_turn")))
    events = await librechat(gateway, "ask", text="one")
    assert events[-1]["responseMessage"]["text"] == "word " * 3000
    assert len(events) < 100
    assert len(await gateway.conversations()) == 1


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/chat/completions", {"model": "default", "messages": [{"role": "user", "content": "x"}]}, "openai"),
        (
            "/v1/messages",
            {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
            "anthropic",
        ),
        ("/api/v1/conversations", {"text": "x"}, "native"),
    ],
)
async def test_the_budget_refuses_in_the_shape_of_the_dialect(
    path: str, body: dict[str, Any], place: str, make_gateway: MakeGateway
) -> None:
    gateway = await make_gateway(HELLO)
    gateway.backend.service.gate.budget = Budget({Span.REQUEST: Limit(tokens=1)})
    refused = await gateway.http.post(path, json=body)
    assert refused.status_code == 429 and refused.headers["x-should-retry"] == "false"
    error = refused.json()["error"]
    assert "of 1 tokens in this request" in error["message"]
    shape = {"openai": ("code", "budget"), "anthropic": ("type", "rate_limit_error"), "native": ("kind", "budget")}
    name, value = shape[place]
    assert error[name] == value
    assert await gateway.conversations() == []
