"""Whole streams through the adapter: the project's own fixtures for every kind of block, and recorded ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.providers.anthropic.encoder import MODEL, over_transport, provider
from tests.providers.contract import NOW, collected, last_usage, request, stops
from tests.support.wire_server import Answer, Cut, Newline, Wire, pieces
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import ProviderError
from tui_chat.core.event import ProviderEvent, ReplyOpened, SignOfLife
from tui_chat.core.part import OtherPart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.providers.anthropic.request import messages_of

pytestmark = pytest.mark.slow

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "anthropic").glob("*.sse"))
RECORDED = sorted((Path(__file__).parents[3] / ".." / "shared" / "streams" / "anthropic").glob("*.sse"))
CUTS: tuple[tuple[Cut, Newline], ...] = (
    ("whole", "lf"),
    ("event", "lf"),
    ("byte", "lf"),
    ("utf8", "lf"),
    ("byte", "crlf"),
    ("whole", "cr"),
)
every_cut = pytest.mark.parametrize(("by", "newline"), CUTS)
every_fixture = pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
every_recording = pytest.mark.parametrize(
    "file",
    RECORDED or [pytest.param(None, marks=pytest.mark.skip("the recorded streams are not here"))],
    ids=lambda file: file.stem if file else "none",
)


class Parts(httpx2.AsyncByteStream):
    """A body in exactly these pieces."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


async def replayed(
    file: Path, by: Cut = "event", newline: Newline = "lf"
) -> tuple[list[ProviderEvent], ProviderError | None]:
    """What the adapter makes of a stream that arrives in these pieces."""

    def answer(asked: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream", "request-id": "req_1"}
        return httpx2.Response(200, headers=headers, stream=Parts(pieces(file.read_bytes(), by, newline)))

    adapter = over_transport(httpx2.MockTransport(answer))
    try:
        return await collected(adapter, request(model=MODEL))
    finally:
        await adapter.aclose()


def built(events: list[ProviderEvent]) -> Turn:
    builder = TurnBuilder(Turn("r", "t1", Role.ASSISTANT, (), TurnStatus.STREAMING, NOW))
    for event in events:
        builder.add(event)
    return builder.turn


def described(part: Part) -> dict[str, Any]:
    """A part in the words of the fixtures' expectations."""
    match part:
        case TextPart(text):
            words: dict[str, Any] = {"kind": "text", "text": text}
        case ThinkingPart(text):
            words = {"kind": "thinking", "text": text}
        case ToolCallPart(call_id, name, input_json, on_server):
            words = {"kind": "tool_call", "call_id": call_id, "name": name, "input_json": input_json}
            words["on_server"] = on_server
        case ToolResultPart(call_id, text, is_error):
            words = {"kind": "tool_result", "call_id": call_id, "text": text, "is_error": is_error}
        case OtherPart(kind):
            words = {"kind": kind, "other": True}
        case _:
            raise AssertionError(part)
    return words if part.opaque is None else {**words, "block": json.loads(part.opaque.json)}


@every_fixture
@every_cut
async def test_a_fixture_is_read_as_it_says(file: Path, by: Cut, newline: Newline) -> None:
    expected = json.loads(file.with_suffix(".json").read_text())
    events, error = await replayed(file, by, newline)
    assert [described(part) for part in built(events).parts] == expected["parts"]
    usage = last_usage(events)
    assert usage == (Usage(**expected["usage"]) if expected["usage"] else None)
    assert [[stop.reason, stop.detail] for stop in stops(events)] == ([expected["stop"]] if expected["stop"] else [])
    if "error" in expected:
        assert error is not None
        kind, message = expected["error"]
        assert error.kind == kind
        assert message in error.message
        assert error.request_id == "req_1"
    else:
        assert error is None


COMPLETE = [file for file in FIXTURES if json.loads(file.with_suffix(".json").read_text())["stop"]]


@pytest.mark.parametrize("file", COMPLETE, ids=lambda file: file.stem)
async def test_a_complete_reply_goes_back_exactly_as_it_came(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text())
    turn = built((await replayed(file))[0])
    first = Turn("t1", None, Role.USER, (TextPart("Hi"),), TurnStatus.COMPLETE, NOW)
    back = messages_of([first, turn, replace(first, id="t3", parent_id="r")])
    blocks: list[dict[str, Any]] = []
    for part in expected["parts"]:
        if "block" in part or not part.get("other"):
            block = part.get("block", {"type": "text", "text": part.get("text")})
            blocks += block if isinstance(block, list) else [block]
    if turn.stop_reason == "pause_turn":
        assert blocks.pop()["type"] == "server_tool_use", "its result is still missing"
    assert back[1] == {"role": "assistant", "content": blocks}


@every_fixture
async def test_a_stream_begins_by_being_opened_and_shows_signs_of_life(file: Path) -> None:
    events, _ = await replayed(file)
    assert events[0] == ReplyOpened("req_1")
    if b"event: ping" in file.read_bytes():
        assert any(isinstance(event, SignOfLife) for event in events)


def recorded_usage(reported: dict[str, Any]) -> Usage:
    """The figures of a recording, read independently of the adapter."""
    written = reported.get("cache_creation") or {}
    one_hour = written.get("ephemeral_1h_input_tokens", 0)
    return Usage(
        input_tokens=reported["input_tokens"],
        cache_read_tokens=reported["cache_read_input_tokens"],
        cache_write_5m_tokens=reported["cache_creation_input_tokens"] - one_hour,
        cache_write_1h_tokens=one_hour,
        output_tokens=reported["output_tokens"],
        thinking_tokens=reported.get("output_tokens_details", {}).get("thinking_tokens", 0),
        web_searches=reported.get("server_tool_use", {}).get("web_search_requests", 0),
    )


def check_recording(file: Path, events: list[ProviderEvent], error: ProviderError | None) -> None:
    expected = json.loads(file.with_suffix(".json").read_text())["expected"]
    assert error is None
    turn = built(events)
    assert turn.text == expected["text"]
    assert turn.thinking == expected.get("thinking", "")
    assert [stop.reason for stop in stops(events)] == [expected["stop_reason"]]
    assert last_usage(events) == recorded_usage(expected["usage"])
    calls = [part for part in turn.parts if isinstance(part, ToolCallPart)]
    found = [(call.call_id, call.name, json.loads(call.input_json), call.on_server) for call in calls]
    assert found == [
        (call["id"], call["name"], call["input"], call["kind"] != "tool_use")
        for call in expected.get("tool_calls", [])
    ]


@every_recording
@every_cut
async def test_a_recorded_stream_is_read_exactly(file: Path, by: Cut, newline: Newline) -> None:
    events, error = await replayed(file, by, newline)
    check_recording(file, events, error)


@every_recording
@pytest.mark.parametrize("by", ["whole", "event", "utf8"])
async def test_a_recorded_stream_is_read_exactly_over_a_socket(file: Path, by: Cut) -> None:
    async with Wire(Answer(pieces(file.read_bytes(), by))) as server:
        adapter = provider(server.url)
        events, error = await collected(adapter, request(model=MODEL))
        await adapter.aclose()
    check_recording(file, events, error)


@pytest.mark.slow
@every_recording
async def test_a_recorded_stream_is_read_exactly_over_a_socket_byte_by_byte(file: Path) -> None:
    async with Wire(Answer(pieces(file.read_bytes(), "byte"), framing="close")) as server:
        adapter = provider(server.url)
        events, error = await collected(adapter, request(model=MODEL))
        await adapter.aclose()
    check_recording(file, events, error)


@every_recording
async def test_a_recorded_reply_keeps_every_signature_and_block_for_the_way_back(file: Path) -> None:
    turn = built((await replayed(file))[0])
    signed = [part for part in turn.parts if isinstance(part, ThinkingPart)]
    assert all(part.opaque is not None and json.loads(part.opaque.json)["signature"] for part in signed)
    called = [part for part in turn.parts if isinstance(part, ToolCallPart | ToolResultPart)]
    assert all(part.opaque is not None for part in called)
    data = [line[5:] for line in file.read_text().splitlines() if line.startswith("data:")]
    cited = sum('"citations_delta"' in line for line in data)
    texts = [json.loads(part.opaque.json) for part in turn.parts if isinstance(part, TextPart) and part.opaque]
    blocks = [block for text in texts for block in (text if isinstance(text, list) else [text])]
    assert sum(len(block.get("citations", ())) for block in blocks) == cited


async def test_a_stream_left_unread_in_the_middle_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    adapter = over_transport(
        httpx2.MockTransport(
            lambda asked: httpx2.Response(
                200,
                headers={"content-type": "text/event-stream"},
                stream=Parts(pieces(FIXTURES[0].read_bytes(), "byte")),
            )
        )
    )
    stream = adapter.stream(request(model=MODEL))
    await anext(stream)
    await stream.aclose()
    await adapter.aclose()
    assert asyncio.all_tasks() == before
