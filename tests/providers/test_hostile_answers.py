"""Answers made to harm: no error but ours on either wire, time in proportion to length, nothing holds up the loop."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.anthropic.encoder import config as anthropic_config
from tests.providers.contract import collected, request
from tests.providers.openai.test_stream_response import builder
from tests.support.attacks import attack
from tui_chat.core.error import ChatError, ProviderError, RateLimited
from tui_chat.core.event import SignOfLife, UsageReported
from tui_chat.core.provider import Provider
from tui_chat.core.provider_presets import DIALECTS
from tui_chat.providers.anthropic.errors import Refusal, error_from_refusal, page_message
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.providers.anthropic.stream import MessageReader
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.error_details import retry_after_s
from tui_chat.providers.openai.errors import error_from_response, error_in_stream
from tui_chat.providers.openai.models import models_in, with_details, with_running
from tui_chat.providers.openai.provider import OpenAICompatibleProvider
from tui_chat.providers.openai.reply_reader import JsonReader, ReplyReader
from tui_chat.providers.openai.responses_stream import ResponsesReader
from tui_chat.providers.openai.stream import ChunkReader
from tui_chat.providers.sse import LARGEST_EVENT_BYTES

pytestmark = pytest.mark.slow

READ_OF_AN_ERROR = 64_000
FRAGMENTS = (
    *("<script", "<style ", "</script>", "<title>", "</title>", "<head><h1>", "<" * 200, ">" * 9, "<!--", "&amp;"),
    *(
        "&#" + "1" * 5000 + ";",
        "&#xffffffff;",
        "[" * 500,
        "{" * 20,
        '{"error":',
        '{"message":"',
        '"}',
        "null",
        "1e999",
    ),
    *(
        "sk-",
        "Bearer ",
        "model",
        "exceeds ",
        "input ",
        "insufficient",
        "\\ud800",
        "\u2028",
        "\x1b]0;x\x07",
        "9" * 5000,
    ),
    *('{"error": {"message": ', '"metadata": {"raw": "', '{"detail": [', "too many tokens", "\x00", " " * 300),
)
SOUP = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS).map(str.encode), st.binary(max_size=20)),
    max_size=30,
).map(b"".join)
NAMES = st.sampled_from(
    [
        *("error", "errors", "message", "detail", "loc", "msg", "code", "type", "status", "metadata", "raw", "usage"),
        *("choices", "delta", "content", "text", "thinking", "reasoning", "reasoning_details", "tool_calls", "index"),
        *(
            "id",
            "function",
            "name",
            "arguments",
            "finish_reason",
            "refusal",
            "cost",
            "prompt_tokens",
            "data",
            "models",
        ),
        *("content_block", "signature", "partial_json", "citations", "stop_reason", "stop_details", "input", "cited"),
        *("n_ctx", "context_length", "model_info", "capabilities", "default_generation_settings", "has_more"),
    ]
)
WORDS = st.sampled_from(
    [
        *(
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_start",
            "message_delta",
            "ping",
        ),
        *("message_stop", "error", "text_delta", "thinking_delta", "input_json_delta", "signature_delta", "tool_use"),
        *(
            "text",
            "thinking",
            "web_search_tool_result",
            "server_tool_use",
            "redacted_thinking",
            "stop",
            "[DONE]",
            "²",
        ),
    ]
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.integers(), st.floats(), WORDS, st.text(max_size=8)
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(NAMES, WORDS), inner, max_size=5)),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.one_of(NAMES, WORDS), VALUES, max_size=6)
CHUNKS = st.builds(
    lambda delta, finish, usage: {"choices": [{"delta": delta, "finish_reason": finish}], "usage": usage},
    OBJECTS,
    VALUES,
    OBJECTS,
)
EVENTS = st.builds(
    lambda kind, index, block, delta, more: {
        "type": kind,
        "index": index,
        "content_block": block,
        "delta": delta,
        **more,
    },
    WORDS,
    st.integers(0, 1),
    st.one_of(OBJECTS, st.builds(lambda kind, more: {**more, "type": kind}, WORDS, OBJECTS)),
    st.one_of(OBJECTS, st.builds(lambda kind, more: {**more, "type": kind}, WORDS, OBJECTS)),
    st.dictionaries(st.sampled_from(["message", "usage", "error"]), OBJECTS, max_size=2),
)
JSON = VALUES.map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(SOUP, JSON, JSON.map(lambda raw: b'{"error": ' + raw + b"}"))
TYPES = st.sampled_from(
    [
        "text/html",
        "application/json",
        "text/plain",
        "",
        "text/html; charset=punycode",
        "text/html; charset=zlib_codec",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["request-id", "x-request-id", "retry-after", "retry-after-ms", "date", "location"]),
    st.one_of(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30), st.just("9" * 60_000)),
    max_size=3,
)


def openai_over(transport: httpx2.AsyncBaseTransport) -> Provider:
    return OpenAICompatibleProvider(ProviderConfig("p", "openai", "http://127.0.0.1:9/v1"), transport=transport)


def anthropic_over(transport: httpx2.AsyncBaseTransport) -> Provider:
    return AnthropicProvider(anthropic_config("http://127.0.0.1:9"), transport=transport)


WIRES = pytest.mark.parametrize("wire", [openai_over, anthropic_over], ids=["openai", "anthropic"])
Wire = Callable[[httpx2.AsyncBaseTransport], Provider]


async def asked(wire: Wire, answer: Callable[[], httpx2.Response]) -> tuple[list[Any], ProviderError | None]:
    adapter = wire(httpx2.MockTransport(lambda _: answer()))
    try:
        return await collected(adapter, request(model="m"))
    finally:
        await adapter.aclose()


@WIRES
@attack
@given(
    body=BODIES,
    kind=TYPES,
    headers=HEADERS,
    status=st.sampled_from([200, 204, 302, 400, 401, 403, 404, 429, 500, 999]),
)
def test_no_answer_raises_anything_but_our_errors(
    wire: Wire, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()} | {"content-type": kind.encode()}
    _, error = asyncio.run(asked(wire, lambda: httpx2.Response(status, headers=sent, content=body)))
    if error is not None:
        assert len(error.message) < 2_100
        assert error.request_id is None or (len(error.request_id) <= 200 and error.request_id.isprintable())


@WIRES
@attack
@given(values=st.lists(st.one_of(VALUES, CHUNKS, EVENTS), max_size=6), soup=SOUP)
def test_no_stream_raises_anything_but_our_errors_and_all_events_make_a_turn(
    wire: Wire, values: list[Any], soup: bytes
) -> None:
    body = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values) + soup
    events, _ = asyncio.run(
        asked(wire, lambda: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body))
    )
    built = builder()
    for event in events:
        built.add(event)
    assert built.turn.text.encode() is not None


@WIRES
@attack
@given(body=st.one_of(BODIES, st.lists(VALUES).map(lambda entries: json.dumps({"data": entries}).encode())))
def test_no_list_of_models_raises_anything_but_our_errors(wire: Wire, body: bytes) -> None:
    async def listed() -> None:
        adapter = wire(httpx2.MockTransport(lambda _: httpx2.Response(200, content=body)))
        try:
            await adapter.models()
        except ChatError:
            pass
        finally:
            await adapter.aclose()

    asyncio.run(listed())


@attack
@given(listing=VALUES, more=VALUES)
def test_figures_of_a_model_that_are_none_are_left_out(listing: Any, more: Any) -> None:
    models = models_in([{"id": "a", "n_ctx": "²", "context_length": 10**400}], "p", DIALECTS["openai"])
    assert models[0].context_window is None
    for details in (listing, more, {"default_generation_settings": {"n_ctx": "²"}}):
        with_details(models[0], details)
        try:
            with_running(models, details, "p", DIALECTS["openai"])
        except ValueError as error:
            assert str(error) == "no list of models"


@attack
@given(st.one_of(st.text(max_size=40), st.sampled_from(["9" * 60_000, "Fri, 31 Dec 9999 23:59:59 GMT", "nan", "-1"])))
def test_a_pause_is_a_number_or_none_whatever_stands_there(written: str) -> None:
    for headers in ({"retry-after": written}, {"retry-after": "Mon, 01 Jan 2035 00:00:00 GMT", "date": written}):
        wait_s = retry_after_s(headers)
        assert wait_s is None or wait_s >= 0


@pytest.mark.parametrize("depth", [200, 900, 100_000])
@pytest.mark.parametrize(
    "nest", ['{"error":', "[", '{"detail":[', '{"choices":[{"delta":{"tool_calls":[{"function":']
)
@WIRES
def test_deep_nesting_is_an_error_of_ours(wire: Wire, nest: str, depth: int) -> None:
    closing = "".join({"{": "}", "[": "]"}.get(sign, "") for sign in reversed(nest)) * depth
    nested = (nest * depth + "1" + closing).encode()
    deep_arguments = json.dumps({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "X"}}]}}]}).encode()
    deep_arguments = deep_arguments.replace(b'"X"', b"[" * min(depth, 900) + b"]" * min(depth, 900))
    for body in (nested, b"data: " + nested + b"\n\n", b"data: " + deep_arguments + b"\n\n"):
        for status in (200, 400):
            _, error = asyncio.run(
                asked(wire, lambda body=body, status=status: httpx2.Response(status, content=body))
            )
            assert error is not None


class CutBody(httpx2.AsyncByteStream):
    """A body whose connection breaks off."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"error": {"message": "slow do'
        raise httpx2.ReadError("reset")


@WIRES
async def test_an_error_answer_whose_body_breaks_off_keeps_its_status(wire: Wire) -> None:
    _, error = await asked(wire, lambda: httpx2.Response(429, headers={"retry-after": "7"}, stream=CutBody()))
    assert isinstance(error, RateLimited)
    assert (error.status, error.retry_after_s) == (429, 7.0)


REPEATED = [
    *("<title>", "<script <style ", "<", "<a", "<!", "<h1><title>", "<title>x</title", "<head>", "&#1", "&amp;"),
    *("sk-", "sk-a", "Bearer ", "Bearer\t\t", "model", "modelinvalid", "exceed ", "exceeds a ", "input", "request "),
    *("insufficient", "api key ", "content", "[", '{"error":', '{"error":"', '"', "\\", "\\u0041", " ", "\n", "x"),
]
READERS: dict[str, Callable[[bytes], object]] = {
    "openai": lambda raw: error_from_response(httpx2.Response(400, headers={"content-type": "text/html"}), raw),
    "openai json": lambda raw: error_from_response(
        httpx2.Response(400), json.dumps({"error": {"message": raw.decode()}}).encode()
    ),
    "openai stream": lambda raw: error_in_stream({"message": raw.decode()}, has_started=False),
    "anthropic page": lambda raw: page_message(raw.decode()),
    "anthropic": lambda raw: error_from_refusal(Refusal(400, message=raw.decode())),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("unit", REPEATED)
def test_an_error_is_read_in_time_in_proportion_to_its_length(unit: str, reader: Callable[[bytes], object]) -> None:
    def took_s(length: int) -> float:
        raw = (unit * (length // len(unit) + 1)).encode()[:length]
        tries = []
        for _ in range(3):
            started_s = time.thread_time()
            reader(raw)
            tries.append(time.thread_time() - started_s)
        return min(tries)

    assert took_s(READ_OF_AN_ERROR) < 0.05
    assert took_s(READ_OF_AN_ERROR) < max(16 * took_s(READ_OF_AN_ERROR // 8), 0.01)


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


LONG = "x" * (LARGEST_EVENT_BYTES - 1_000)
STREAMS: dict[str, bytes] = {
    "text": event({"choices": [{"delta": {"content": LONG}}]}),
    "arguments": event({"choices": [{"delta": {"tool_calls": [{"id": "a", "function": {"arguments": LONG}}]}}]}),
    "error": event({"error": {"message": LONG}}),
    "values": b"data: {" + b",".join(b'"%d":0' % number for number in range(99_000)) + b"}\n\n",
    "too many values": b"data: [" + b"[]," * 2_000_000 + b"0]\n\n",
    "calls": event({"choices": [{"delta": {"tool_calls": [{"id": str(number)} for number in range(1_999)]}}]}),
    "pieces": event({"choices": [{"delta": {"content": [{"text": "a"}] * 20_000}}]}),
    "lines": b"data:\n" * 2_000_000,
    "other lines": b"id: 1\n" * 2_000_000,
    "tiny events": b"data:{}\n\n" * 50_000,
    "one line": b"data: " + b"A" * 20_000_000,
    "blanks": b" \n" * 5_000_000,
}


def item_done(**item: object) -> bytes:
    return event({"type": "response.output_item.done", "output_index": 0, "item": {"id": "i", **item}})


RESPONSES = {
    "text": event({"type": "response.output_text.delta", "output_index": 0, "delta": LONG}),
    "whole text": item_done(type="message", content=[{"type": "output_text", "text": LONG}]),
    "arguments": item_done(type="function_call", call_id="c", name="f", arguments=LONG),
    "image": item_done(type="image_generation_call", result=LONG),
    "sources": item_done(type="message", content=[{"text": "a", "annotations": [{"url": "u"}] * 30_000}]),
    "summaries": item_done(type="reasoning", summary=[{"text": "a"}] * 30_000),
}


def steps_of(body: bytes, chunks: JsonReader | None = None) -> Iterator[tuple[object, float]]:
    """What a reader gives for each of a stream's reads, and how long each step held up everything else."""
    reader = ReplyReader("text/event-stream", chunks or ChunkReader())
    for at in range(0, len(body), 65_536):
        feed = reader.feed(body[at : at + 65_536])
        while True:
            started_s = time.thread_time()
            found: object = next(feed, None)
            yield found, time.thread_time() - started_s
            if found is None:
                break


@pytest.mark.parametrize("name", STREAMS)
def test_no_event_holds_up_the_loop(name: str) -> None:
    """A step takes up to 25 ms on a quiet machine; a busy one may need twice as long."""
    assert min(_slowest_step_s(name) for _ in range(3)) < 0.075  # the garbage of other tests may fall into one


@pytest.mark.parametrize("name", RESPONSES)
def test_no_event_of_the_responses_api_holds_up_the_loop(name: str) -> None:
    """A step takes up to 40 ms, one with a picture of 8 MB 55 ms."""
    assert min(_slowest_step_s(name, ResponsesReader()) for _ in range(3)) < 0.11


def _slowest_step_s(name: str, chunks: JsonReader | None = None) -> float:
    slowest_s = 0.0
    try:
        for _, took_s in steps_of(RESPONSES[name] if chunks else STREAMS[name], chunks):
            slowest_s = max(slowest_s, took_s)
    except ProviderError as error:
        assert error.message
    return slowest_s


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lines", "has more than 100000 lines"),
        ("other lines", "is larger than 8 MB"),
        ("one line", "is larger than 8 MB"),
    ],
)
def test_an_event_that_never_ends_is_named_as_that(name: str, reason: str) -> None:
    with pytest.raises(ProviderError, match=f"an event of the stream {reason}") as raised:
        list(steps_of(STREAMS[name]))
    assert raised.value.detail == "garbled"


def test_bytes_that_complete_no_event_are_a_sign_of_life() -> None:
    reader = ReplyReader("text/event-stream", ChunkReader())
    for part in (b"\n", b"data: ", b"AAAA", b"AAAA\n", b"data: AAAA\n"):
        assert list(reader.feed(part)) == [SignOfLife()]


@pytest.mark.parametrize("kind", ["signature", "text", "unknown"])
def test_small_pieces_of_a_block_take_time_in_proportion_to_their_number(kind: str) -> None:
    def took_s(pieces: int) -> float:
        reader = MessageReader()
        reader.read({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "odd": ""}})
        name = {"signature": "signature_delta", "text": "thinking_delta"}.get(kind, "odd_delta")
        field = {"signature": "signature", "text": "thinking"}.get(kind, "odd")
        started_s = time.thread_time()
        for _ in range(pieces):
            reader.read({"type": "content_block_delta", "index": 0, "delta": {"type": name, field: "x" * 50}})
        reader.read({"type": "content_block_stop", "index": 0})
        return time.thread_time() - started_s

    assert took_s(80_000) < 16 * max(took_s(10_000), 0.02)


@pytest.mark.parametrize("place", ["with the error", "after the error", "at the end"])
def test_usage_that_comes_with_an_error_is_taken(place: str) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    error = {"error": {"message": "it broke"}}
    chunks = {
        "with the error": [{**error, "usage": usage}],
        "after the error": [error, {"choices": [], "usage": usage}],
        "at the end": [error, {"choices": [{"delta": {}, "finish_reason": "error"}], "usage": usage}],
    }[place]
    reader = ReplyReader("text/event-stream", ChunkReader())
    reported = [found for chunk in chunks for found in reader.feed(event(chunk)) if isinstance(found, UsageReported)]
    assert [(found.usage.input_tokens, found.usage.output_tokens, found.is_final) for found in reported] == [
        (7, 3, True)
    ]
    with pytest.raises(ProviderError, match="it broke"):
        list(reader.end())
