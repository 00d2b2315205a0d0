"""The contract of every provider: the same events come out that went in, however the bytes were cut, and every fault
is one of ours. Add a wire to `WIRES` and every test here runs on it.
"""

import asyncio
import time
from contextlib import aclosing
from typing import Any

import pytest

from tests.providers.anthropic.encoder import ANTHROPIC
from tests.providers.contract import (
    SCRIPTS,
    ContractWire,
    collected,
    deltas,
    last_usage,
    parts,
    request,
    stops,
    text_of,
)
from tests.providers.openai.encoder import OPENAI
from tests.providers.openai.responses_encoder import RESPONSES
from tests.support.wire_server import Answer, Cut, End, Newline, Wire, pieces
from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.wording import explain

DEMO = ContractWire("demo", lambda url, script: DemoProvider.playing(script))
WIRES = (DEMO, ANTHROPIC, OPENAI, RESPONSES)
WITH_BYTES = tuple(wire for wire in WIRES if wire.encode is not None)
CUTS: tuple[tuple[Cut, Newline], ...] = (
    ("whole", "lf"),
    ("event", "lf"),
    ("byte", "lf"),
    ("utf8", "lf"),
    ("whole", "crlf"),
    ("byte", "crlf"),
)

every_wire = pytest.mark.parametrize("wire", WIRES, ids=str)
every_wire_of_bytes = pytest.mark.parametrize("wire", WITH_BYTES, ids=str)
every_script = pytest.mark.parametrize("name", SCRIPTS)


def body_of(wire: ContractWire, name: str) -> bytes:
    assert wire.encode is not None
    return wire.encode(SCRIPTS[name])


@every_script
@every_wire
@pytest.mark.parametrize(("by", "newline"), CUTS)
async def test_the_same_events_come_out(wire: ContractWire, name: str, by: Cut, newline: Newline) -> None:
    script = SCRIPTS[name]
    body = wire.encode(script) if wire.encode else b""
    async with Wire(Answer(pieces(body, by, newline))) as server:
        provider = wire.provider(server.url, script)
        events, error = await collected(provider, request(model=wire.model))
        await provider.aclose()
    assert error is None
    assert deltas(events) == deltas(script)
    assert parts(events) == parts(script)
    assert last_usage(events) == last_usage(script)
    reason = stops(script)[0].reason
    assert [stop.reason for stop in stops(events)] == [wire.stop_words.get(reason, reason)]
    assert isinstance(events[-1], Stopped)


@every_script
@every_wire_of_bytes
@pytest.mark.parametrize("end", [End.RESET, End.CLOSE, End.CUT])
async def test_a_cut_anywhere_gives_a_prefix_and_a_stream_cut(wire: ContractWire, name: str, end: End) -> None:
    events_of_wire = pieces(body_of(wire, name), "event")
    for kept in range(len(events_of_wire) - 1):
        async with Wire(Answer((*events_of_wire[:kept], 0.003, end))) as server:
            provider = wire.provider(server.url, SCRIPTS[name])
            events, error = await collected(provider, request(model=wire.model))
            await provider.aclose()
        seen, sent = deltas(events), deltas(SCRIPTS[name])
        assert seen == sent[: len(seen)]
        if not stops(events):
            assert isinstance(error, StreamCut), (kept, error)
            assert error.retryable
            assert error.message


@every_wire_of_bytes
async def test_garbage_in_the_middle_keeps_what_came_before(wire: ContractWire) -> None:
    before = pieces(body_of(wire, "text"), "event")[:6]
    whole = text_of(SCRIPTS["text"])
    for garbage in (b"data: {nonsense\n\n", b"data: \xff\xfe\n\n", b'data: {"a": "\xe6\x97"}\n\n'):
        async with Wire(Answer((b"".join(before) + garbage + b"".join(before), End.CUT))) as server:
            provider = wire.provider(server.url, ())
            events, error = await collected(provider, request(model=wire.model))
            await provider.aclose()
        assert isinstance(error, StreamCut)
        assert error.detail == "garbled"
        assert text_of(events)
        assert whole.startswith(text_of(events))


@every_wire
async def test_closing_the_iterator_closes_the_connection_within_100_ms(wire: ContractWire) -> None:
    start: tuple[Any, ...] = (pieces(wire.encode(SCRIPTS["text"]), "whole")[0],) if wire.encode else ()
    half = pieces(start[0], "event")[:6] if start else []
    async with Wire(Answer((*half, End.HANG))) as server:
        provider = wire.provider(server.url, SCRIPTS["text"])
        async with aclosing(provider.stream(request(model=wire.model))) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    break
            closed_at_s = time.monotonic()
        if wire.encode is not None:
            seen = server.requests[0]
            await asyncio.wait_for(seen.gone.wait(), 5)
            assert seen.client_left
            assert seen.gone_at_s is not None
            assert seen.gone_at_s - closed_at_s < 0.1
        await provider.aclose()


@every_wire_of_bytes
@pytest.mark.parametrize("wait_s", [0.0, 60.0], ids=["while_it_streams", "before_the_first_byte"])
async def test_cancelling_the_reader_closes_the_connection_within_100_ms(wire: ContractWire, wait_s: float) -> None:
    half = pieces(body_of(wire, "text"), "event")[:6]
    async with Wire(Answer((*half, End.HANG), wait_s=wait_s)) as server:
        provider = wire.provider(server.url, ())
        task = asyncio.create_task(collected(provider, request(model=wire.model)))
        while not server.requests or (not wait_s and len(server.requests[0].sent) < sum(map(len, half))):
            await asyncio.sleep(0.001)
        cancelled_at_s = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        seen = server.requests[0]
        await asyncio.wait_for(seen.gone.wait(), 5)
        assert seen.client_left
        assert seen.gone_at_s is not None
        assert seen.gone_at_s - cancelled_at_s < 0.1
        await provider.aclose()


@every_wire_of_bytes
@pytest.mark.parametrize(
    ("status", "kind", "sentences"),
    [
        (400, RequestRefused, ("The provider refused the request.",)),
        (401, KeyRejected, ("The provider rejected the API key.",)),
        (403, KeyRejected, ("The API key has no access to this model.",)),
        (404, RequestRefused, ("The provider has no such model.", "Nothing was found at the provider's address.")),
        (413, RequestRefused, ("The conversation is too long for this model.",)),
        (422, RequestRefused, ("The provider refused the request.",)),
        (429, RateLimited, ("Rate limited by the provider (429).",)),
        (500, Overloaded, ("The provider is overloaded (500).",)),
        (502, Overloaded, ("The provider's proxy has no answer from its server (502).",)),
        (503, Overloaded, ("The provider is overloaded (503).",)),
        (529, Overloaded, ("The provider is overloaded (529).",)),
    ],
)
async def test_each_status_is_one_of_our_errors_with_its_sentence_and_a_next_step(
    wire: ContractWire, status: int, kind: type[ProviderError], sentences: tuple[str, ...]
) -> None:
    answer = Answer.json(wire.error_body(status, "why it failed"), status=status)
    async with Wire(answer) as server:
        provider = wire.provider(server.url, ())
        events, error = await collected(provider, request(model=wire.model))
        await provider.aclose()
    assert type(error) is kind
    assert explain(error).sentence in sentences and explain(error).next_step
    assert error.status == status
    assert "why it failed" in error.message
    assert not deltas(events)
    assert len(server.requests) == 1, "the provider itself must not try again"


@every_wire_of_bytes
async def test_a_page_from_a_proxy_is_named_and_not_shown(wire: ContractWire) -> None:
    page = "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
    async with Wire(Answer.html(page, status=502), Answer.html(page)) as server:
        provider = wire.provider(server.url, ())
        _, refused = await collected(provider, request(model=wire.model))
        _, instead = await collected(provider, request(model=wire.model))
        await provider.aclose()
    assert isinstance(refused, Overloaded)
    assert isinstance(instead, ProtocolBroken)
    assert explain(instead).sentence == "Received a web page instead of a reply."
    for error in (refused, instead):
        assert "502 Bad Gateway" in error.message
        assert "<" not in error.message


@every_wire_of_bytes
async def test_a_redirect_is_not_followed(wire: ContractWire) -> None:
    async with Wire(Answer((b"x",))) as elsewhere:
        answer = Answer((b"",), 307, {"location": elsewhere.url + "/v1/messages"})
        async with Wire(answer) as server:
            provider = wire.provider(server.url, ())
            _, error = await collected(provider, request(model=wire.model))
            await provider.aclose()
        assert isinstance(error, ProtocolBroken)
        assert explain(error).sentence == "The provider's address has moved."
        assert not elsewhere.requests


@every_wire_of_bytes
async def test_a_refused_connection_is_unreachable(wire: ContractWire) -> None:
    async with Wire() as server:
        url = server.url
    provider = wire.provider(url, ())
    _, error = await collected(provider, request(model=wire.model))
    await provider.aclose()
    assert isinstance(error, Unreachable)
    assert error.detail == "refused"
    assert error.retryable


@every_wire_of_bytes
async def test_two_replies_at_once_do_not_mix(wire: ContractWire) -> None:
    bodies = [body_of(wire, name) for name in ("text", "thinking")]
    answers = [Answer([step for part in pieces(body, "event") for step in (0.001, part)]) for body in bodies]
    async with Wire(*answers) as server:
        provider = wire.provider(server.url, ())
        asked = request(model=wire.model)
        both = await asyncio.gather(collected(provider, asked), collected(provider, asked))
        await provider.aclose()
    assert {text_of(events) for events, _ in both} == {text_of(SCRIPTS["text"]), text_of(SCRIPTS["thinking"])}


@every_wire_of_bytes
async def test_a_second_request_goes_over_the_same_connection(wire: ContractWire) -> None:
    async with Wire(Answer(pieces(body_of(wire, "text"), "event"))) as server:
        provider = wire.provider(server.url, ())
        for _ in range(3):
            assert (await collected(provider, request(model=wire.model)))[1] is None
        await provider.aclose()
        assert server.connections == 1
