"""Whole answers, byte by byte: what real servers sent, what each dialect sends, and what is no reply at all."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.wire_server import Cut, Newline, pieces
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import KeyRejected, Overloaded, ProtocolBroken, RateLimited, RequestRefused, StreamCut
from tui_chat.core.event import ProviderEvent, SignOfLife, TextDelta
from tui_chat.core.part import ToolCallPart
from tui_chat.core.provider_presets import DIALECTS
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.providers.openai.reply_reader import ReplyReader
from tui_chat.providers.openai.stream import ChunkReader

RECORDED = Path(__file__).parents[3] / ".." / "shared" / "streams" / "openai"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "openai"
CUTS: list[Cut] = ["whole", "event", "byte", "utf8"]
NEWLINES: list[Newline] = ["lf", "crlf", "cr"]


def builder() -> TurnBuilder:
    return TurnBuilder(Turn("t", None, Role.ASSISTANT, (), TurnStatus.STREAMING, datetime.now(UTC)))


def events_of(
    parts: Iterable[bytes], content_type: str = "text/event-stream", *, thinking_in_total_only: bool = False
) -> list[ProviderEvent]:
    chunks = ChunkReader(keeps_details=True, thinking_in_total_only=thinking_in_total_only)
    reader = ReplyReader(content_type, chunks)
    events: list[ProviderEvent] = []
    for part in parts:
        events += reader.feed(part)
        if reader.is_done:
            break
    return [*events, *reader.end()]


def turn_of(parts: Iterable[bytes], content_type: str = "text/event-stream", **more: bool) -> Turn:
    built = builder()
    for event in events_of(parts, content_type, **more):
        built.add(event)
    return built.turn


def calls_of(turn: Turn) -> list[tuple[str, str, str]]:
    return [(part.call_id, part.name, part.input_json) for part in turn.parts if isinstance(part, ToolCallPart)]


def recorded() -> list[Path]:
    return sorted(RECORDED.glob("*.sse"))


@pytest.mark.skipif(not recorded(), reason="the recorded streams are not here")
@pytest.mark.parametrize("newline", NEWLINES)
@pytest.mark.parametrize("by", CUTS)
def test_every_recorded_stream_reads_exactly_however_it_is_cut(by: Cut, newline: Newline) -> None:
    for path in recorded():
        expected = json.loads(path.with_suffix(".json").read_text())["expected"]
        built, reader, error = builder(), ReplyReader("text/event-stream", ChunkReader()), None
        try:
            for part in pieces(path.read_bytes(), by, newline):
                for event in reader.feed(part):
                    built.add(event)
            for event in reader.end():
                built.add(event)
        except StreamCut as cut:
            error = cut
        turn = built.turn
        assert turn.text == expected.get("text", ""), path.name
        assert turn.thinking == expected.get("reasoning", ""), path.name
        assert turn.stop_reason == expected.get("finish_reason"), path.name
        wanted = [(call["id"], call["name"], call["arguments"]) for call in expected.get("tool_calls", [])]
        assert calls_of(turn) == wanted, path.name
        assert_usage_agrees(turn.usage, expected["usage"])
        assert (error is None) == ("error" not in expected), path.name
        if error is not None:
            assert (error.message, error.detail) == (expected["error"]["message"], "error")


def assert_usage_agrees(usage: Usage | None, reported: dict[str, Any]) -> None:
    if not reported:
        assert usage is None
        return
    assert usage is not None
    assert usage.total_input_tokens == reported["prompt_tokens"]
    assert usage.total_tokens == reported["total_tokens"]
    details, outputs = reported.get("prompt_tokens_details", {}), reported.get("completion_tokens_details", {})
    assert usage.cache_read_tokens == details.get("cached_tokens", 0)
    assert usage.thinking_tokens == outputs.get("reasoning_tokens", 0)


LIKE_OPENAI = {
    "bedrock",
    "cerebras",
    "databricks",
    "fireworks",
    "github",
    "huggingface",
    "nebius",
    "sambanova",
    "snowflake",
    "vercel",
    "vertex",
    "zai",
}
"""Dialects whose streams have nothing of their own."""


@pytest.mark.parametrize("by", CUTS)
@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - LIKE_OPENAI))
def test_each_dialect_reads_as_its_fixture_states(dialect: str, by: Cut) -> None:
    expected = json.loads((FIXTURES / f"{dialect}.json").read_text())
    raw = (FIXTURES / f"{dialect}.sse").read_bytes()
    in_total_only = DIALECTS[dialect].thinking_in_total_only
    turn = turn_of(pieces(raw, by, "crlf" if b"\r\n" in raw else "lf"), thinking_in_total_only=in_total_only)
    assert turn.text == expected["text"]
    assert turn.thinking == expected.get("thinking", "")
    assert turn.stop_reason == expected["stop"]
    assert calls_of(turn) == [tuple(call) for call in expected.get("calls", [])]
    opaque = [json.loads(part.opaque.json) for part in turn.parts if getattr(part, "opaque", None)]  # type: ignore[union-attr]
    assert opaque == ([expected["opaque"]] if "opaque" in expected else [])
    if expected["usage"] is None:
        assert turn.usage is None
    else:
        billed = expected["usage"].pop("billed_usd", None)
        assert turn.usage == Usage(**expected["usage"], billed_usd=Decimal(billed) if billed else None)


def test_every_dialect_has_its_fixture_and_every_fixture_its_dialect() -> None:
    assert {path.stem for path in FIXTURES.glob("*.sse")} == set(DIALECTS) - LIKE_OPENAI


def test_a_comment_is_a_sign_of_life_and_nothing_else() -> None:
    reader = ReplyReader("text/event-stream", ChunkReader())
    assert list(reader.feed(b": OPENROUTER PROCESSING\n\n")) == [SignOfLife()]


PLAIN = {
    "id": "c",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "All at once.", "reasoning_content": "Hm."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("by", CUTS)
def test_a_plain_answer_to_a_stream_request_is_a_reply(indent: int | None, by: Cut) -> None:
    body = json.dumps(PLAIN, indent=indent).encode()
    turn = turn_of(pieces(body, by), "application/json; charset=utf-8")
    assert (turn.text, turn.thinking, turn.stop_reason) == ("All at once.", "Hm.", "stop")
    assert turn.usage == Usage(input_tokens=3, output_tokens=4)


def test_a_stream_that_calls_itself_json_or_nothing_is_read_as_the_stream_it_is() -> None:
    body = (FIXTURES / "ollama.sse").read_bytes()
    for content_type in ("application/json", "", "text/plain", "application/x-ndjson"):
        assert turn_of([body], content_type).text == "Hello"


def test_lines_of_bare_json_are_a_stream() -> None:
    body = (
        b'{"choices":[{"delta":{"content":"a"}}]}\n{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}\n'
    )
    assert turn_of([body], "application/x-ndjson").text == "ab"


@pytest.mark.parametrize(
    ("body", "content_type", "detail"),
    [
        (b"", "application/json", "empty"),
        (b"  \n", "application/json", "empty"),
        (b"<!doctype html><title>Sign in &amp; go</title>", "text/html", "html"),
        (b"\n<html><body>x</body></html>", "text/event-stream", "html"),
        (b"\xef\xbb\xbf<html><body>x</body></html>", "text/plain", "html"),
        (b'{"hello": 1}', "application/json", "shape"),
        (b"[1, 2", "application/json", "shape"),
    ],
)
def test_a_success_that_is_no_reply_reports_what_it_is(body: bytes, content_type: str, detail: str) -> None:
    with pytest.raises(ProtocolBroken) as raised:
        events_of([body], content_type)
    assert raised.value.detail == detail
    assert "Sign in & go" in raised.value.message or b"Sign in" not in body


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "slow down", "code": 429}, RateLimited),
        ({"message": "Rate limit reached", "type": "rate_limit_exceeded"}, RateLimited),
        ({"message": "upstream died", "code": 502}, Overloaded),
        ({"message": "model is overloaded", "type": "overloaded_error"}, Overloaded),
        ("something broke", Overloaded),
        ({"message": "This model's maximum context length is 8 tokens"}, RequestRefused),
        ({"message": "the model `x` does not exist", "code": "model_not_found"}, RequestRefused),
        ({"message": "Incorrect API key provided"}, KeyRejected),
    ],
)
def test_an_error_before_anything_else_is_as_an_error_answer(error: object, kind: type[Exception]) -> None:
    whole = json.dumps({"error": error}).encode()
    for body, content_type in ((b"data: " + whole + b"\n\n", "text/event-stream"), (whole, "application/json")):
        with pytest.raises(kind):
            events_of([body], content_type)


@pytest.mark.parametrize(
    "tail",
    [
        b'data: {"error": {"message": "it broke", "code": 500}}\n\n',
        b'event: error\ndata: {"message": "it broke"}\n\n',
        b"event: error\ndata: it broke\n\n",
        b'error: {"code": 500, "message": "it broke", "type": "server_error"}\n\n',
        b'{"error": "it broke"}\n',
        b'data: {"choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"it broke"}}\n\n',
    ],
)
def test_an_error_in_the_middle_keeps_what_came_and_has_its_message(tail: bytes) -> None:
    built, reader = builder(), ReplyReader("text/event-stream", ChunkReader())
    for event in reader.feed(b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'):
        built.add(event)
    with pytest.raises(StreamCut) as raised:
        list(reader.feed(tail))
        list(reader.end())
    assert built.turn.text == "half"
    assert (raised.value.message, raised.value.detail) == ("it broke", "error")


def test_a_stream_without_a_byte_is_a_cut() -> None:
    for parts in ([], [b": hello\n\n"]):
        with pytest.raises(StreamCut, match="without a word") as raised:
            events_of(parts)
        assert raised.value.detail == "dropped"


STARTED = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'


@pytest.mark.parametrize(
    ("tail", "detail"),
    [
        (b"", "dropped"),
        (b'data: {"choices":[{"delta":{"content":"ot', "garbled"),
        (b"data: not json\n\n", "garbled"),
        (b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n', "garbled"),
        (b'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n', "error"),
        (b'data: {"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}\n\n', "error"),
    ],
)
def test_a_stream_that_ends_too_early_or_in_rubbish_is_a_cut(tail: bytes, detail: str) -> None:
    with pytest.raises(StreamCut) as raised:
        events_of([STARTED, tail])
    assert raised.value.detail == detail


@pytest.mark.parametrize("garbage", [b"data: {nonsense\n\n", b'data: "\xff"\n\n'])
def test_what_came_before_rubbish_in_the_same_bytes_is_kept(garbage: bytes) -> None:
    feed = ReplyReader("text/event-stream", ChunkReader()).feed(STARTED + garbage)
    assert next(feed) == TextDelta("half")
    with pytest.raises(StreamCut):
        next(feed)


def test_a_reply_is_whole_with_a_finish_reason_and_no_end_mark_or_the_reverse() -> None:
    finish = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}'
    assert turn_of([STARTED, finish]).stop_reason == "stop"
    assert turn_of([STARTED, b"data: [DONE]"]).stop_reason == "stop"


def test_nothing_after_the_end_mark_is_read() -> None:
    assert turn_of([STARTED, b"data: [DONE]\n\ndata: rubbish\n\n"]).text == "half"


def test_a_line_that_never_ends_does_not_fill_the_memory() -> None:
    reader = ReplyReader("text/event-stream", ChunkReader())
    with pytest.raises(StreamCut) as raised:
        for _ in range(40):
            list(reader.feed(b"data: " + b"x" * 1_000_000))
    assert raised.value.detail == "garbled"


def test_events_that_a_server_does_not_set_apart_are_read_one_by_one() -> None:
    reader = ReplyReader("text/event-stream", ChunkReader())
    line = '{"choices":[{"delta":{"content":"%s"}}]}'
    body = f"data: {line % 'a'}\ndata: {line % 'b'}\ndata: [DONE]\n\n"
    assert list(reader.feed(body.encode())) == [TextDelta("a"), TextDelta("b")]
    assert reader.is_done
