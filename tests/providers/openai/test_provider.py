"""The provider over a real connection: what it sends, what it makes of answers, and how it lets go."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.wire_server import COMMENT, Answer, End, Wire, pieces
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import (
    ChatError,
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RateLimited,
    RequestRefused,
    SettingsError,
    StreamCut,
    Unreachable,
)
from tui_chat.core.event import ProviderEvent, ReplyOpened, SignOfLife, Stopped, TextDelta
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.provider import Model, Provider, Request
from tui_chat.core.secret import Secret
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.provider import OpenAICompatibleProvider

T = TypeVar("T", bound=ChatError)
FIXTURES = Path(__file__).parents[2] / "fixtures" / "openai"
KEY = "canary-0123456789-canary-wxyz"
HELLO = (FIXTURES / "openai.sse").read_bytes()


def turn(role: Role, text: str) -> Turn:
    return Turn("t", None, role, (TextPart(text),), TurnStatus.COMPLETE, datetime.now(UTC))


ASK = Request("m", (turn(Role.USER, "hi"),))


@asynccontextmanager
async def provider(
    base_url: str,
    *,
    kind: str = "openai",
    key: str | None = KEY,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> AsyncIterator[OpenAICompatibleProvider]:
    config = ProviderConfig(
        "p",
        kind,
        base_url,
        find_key=lambda: Secret(key) if key else None,
        find_headers=lambda: headers or {},
        key_source="P_API_KEY",
        **more,
    )
    made = OpenAICompatibleProvider(config)
    try:
        yield made
    finally:
        await made.aclose()


async def read(made: Provider, request: Request = ASK) -> list[ProviderEvent]:
    return [event async for event in made.stream(request)]


async def fails(made: Provider, kind: type[T], request: Request = ASK) -> T:
    with pytest.raises(kind) as raised:
        await read(made, request)
    assert KEY not in f"{raised.value} {raised.value.fault} {raised.value.__cause__!r} {raised.value.__context__!r}"
    return raised.value


async def test_a_reply_streams_over_a_connection() -> None:
    answer = Answer(pieces(HELLO, "event"), headers={"x-request-id": "req_7"})
    async with Wire(answer) as wire, provider(wire.url) as made:
        assert isinstance(made, OpenAICompatibleProvider)
        protocol: Provider = made
        events = await read(protocol)
        seen = wire.requests[0]
    assert events[0] == ReplyOpened("req_7")
    assert isinstance(events[-1], Stopped)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Two words — über 👩‍🚀."
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.json["messages"] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("kind", "auth", "header", "value"),
    [
        ("openai", "", "authorization", f"Bearer {KEY}"),
        ("azure", "", "api-key", KEY),
        ("openai", "x-api-key", "x-api-key", KEY),
        ("cloudflare", "", "cf-aig-authorization", f"Bearer {KEY}"),
        ("openai", "none", "", ""),
    ],
)
async def test_the_key_goes_where_the_server_looks_for_it(kind: str, auth: str, header: str, value: str) -> None:
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url, kind=kind, auth=auth, api="chat") as made:
        await read(made)
        sent = {name: text for name, text in wire.requests[0].headers.items() if KEY in text}
    assert sent == ({header: value} if header else {})


async def test_extra_headers_are_sent_and_may_replace_the_key() -> None:
    headers = {"X-Team": "a", "Authorization": "Basic abc"}
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url, headers=headers) as made:
        await read(made)
        seen = wire.requests[0].headers
    assert (seen["x-team"], seen["authorization"]) == ("a", "Basic abc")


@pytest.mark.parametrize("headers", [{"X-A": f"{KEY}\n"}, {"X-A": f"{KEY}“"}, {"X A": "b"}, {"": "b"}])
async def test_a_header_that_cannot_be_sent_is_reported_without_its_value(headers: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        async with provider("http://127.0.0.1:1", headers=headers):
            raise AssertionError("it was made")
    assert raised.value.detail == "bad_header"
    assert KEY not in str(raised.value)


async def test_without_a_key_the_message_reports_where_to_put_it() -> None:
    async with provider("", kind="groq", key=None) as made:
        error = await fails(made, KeyRejected)
        assert (error.detail, error.message) == ("no_key", "p needs a key: set P_API_KEY")
        with pytest.raises(KeyRejected):
            await made.models()


async def test_a_server_of_ones_own_needs_no_key() -> None:
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url, key=None) as made:
        await read(made)
        assert "authorization" not in wire.requests[0].headers


async def test_a_key_does_not_go_over_plain_http_unless_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider("http://llm.example.com") as made:
        assert (await fails(made, SettingsError)).detail == "plain_http"
    async with provider("http://llm.example.com", headers={"x-api-key": "a"}, key=None) as made:
        assert (await fails(made, SettingsError)).detail == "plain_http"
    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    async with provider("http://llm.example.com", allow_http=True) as made:
        await fails(made, Unreachable)


STATUSES = [
    (400, RequestRefused, "bad_request"),
    (401, KeyRejected, "rejected"),
    (403, KeyRejected, "forbidden"),
    (404, RequestRefused, "not_found"),
    (408, Unreachable, "timeout"),
    (413, RequestRefused, "too_long"),
    (422, RequestRefused, "bad_request"),
    (429, RateLimited, ""),
    (500, Overloaded, ""),
    (502, Overloaded, "gateway"),
    (503, Overloaded, ""),
    (529, Overloaded, ""),
]


@pytest.mark.parametrize(("status", "kind", "detail"), STATUSES)
async def test_every_status_is_its_error_and_quotes_no_key(
    status: int, kind: type[ProviderError], detail: str
) -> None:
    answer = Answer.json({"error": {"message": f"no: {KEY}"}}, status=status, headers={"x-request-id": "r"})
    async with Wire(answer) as wire, provider(wire.url) as made:
        error = await fails(made, kind)
        assert (error.detail, error.status, error.request_id, error.message) == (detail, status, "r", "no: …")
        assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("12", 12.0), ("420", 420.0), ("date", 100.0), (None, None)],
)
async def test_a_limit_reports_when_to_come_back(written: str | None, seconds: float | None) -> None:
    if written == "date":
        written = formatdate(time.time() + 100, usegmt=True)
    headers = {"retry-after": written} if written else {}
    async with Wire(Answer.json({}, status=429, headers=headers)) as wire, provider(wire.url) as made:
        error = await fails(made, RateLimited)
    assert error.retry_after_s == (None if seconds is None else pytest.approx(seconds, abs=5))


async def test_a_page_of_a_proxy_in_the_way_is_reported_by_its_title() -> None:
    page = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
    async with Wire(Answer.html(page, status=502)) as wire, provider(wire.url) as made:
        assert (await fails(made, Overloaded)).message == "502 Bad Gateway"
    async with Wire(Answer.html("<title>Sign in</title>")) as wire, provider(wire.url) as made:
        assert (await fails(made, ProtocolBroken)).message == "the answer was a web page: Sign in"


async def test_a_local_server_that_fails_on_files_is_not_asked_the_same_again() -> None:
    picture = AttachmentPart("shot.png", "image/png", b"\x89PNG")
    with_file = Request("m", (replace(ASK.turns[0], parts=(*ASK.turns[0].parts, picture)),))
    broken = Answer.json({"error": {"message": "TypeError"}}, status=500)
    async with Wire(broken, broken) as wire, provider(wire.url) as made:
        assert (await fails(made, RequestRefused, with_file)).detail == "fails_with_files"
        assert (await fails(made, Overloaded)).detail == ""


async def test_a_redirect_on_the_same_server_is_followed() -> None:
    moved = Answer.json({}, status=308, headers={"location": "/v2/chat/completions"})
    async with Wire(moved, Answer((HELLO,))) as wire, provider(wire.url) as made:
        await read(made)
        assert [seen.path for seen in wire.requests] == ["/v1/chat/completions", "/v2/chat/completions"]
        assert wire.requests[1].json == wire.requests[0].json


async def test_a_redirect_to_another_server_is_not_followed() -> None:
    async with Wire(Answer((HELLO,))) as other:
        moved = Answer.json({}, status=307, headers={"location": f"{other.url}/v1/chat/completions"})
        async with Wire(moved) as wire, provider(wire.url) as made:
            assert (await fails(made, ProtocolBroken)).detail == "redirect"
            assert other.requests == []


async def test_redirects_without_end_come_to_an_end() -> None:
    round_again = Answer.json({}, status=307, headers={"location": "/v1/chat/completions"})
    async with Wire(round_again) as wire, provider(wire.url) as made:
        assert (await fails(made, ProtocolBroken)).detail == "redirect"
        assert len(wire.requests) < 10


async def test_a_server_that_knows_no_stream_options_is_asked_once_more_without() -> None:
    refusal = Answer.json(
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, status=422
    )
    async with Wire(refusal, Answer((HELLO,))) as wire, provider(wire.url) as made:
        await read(made)
        await read(made)
        asked = ["stream_options" in seen.json for seen in wire.requests]
    assert asked == [True, False, False]


async def test_a_refusal_of_anything_else_is_not_tried_again() -> None:
    refusal = Answer.json({"error": {"message": "stream_options is a fine thing but no"}}, status=400)
    async with Wire(refusal) as wire, provider(wire.url) as made:
        await fails(made, RequestRefused)
        assert len(wire.requests) == 1


def no_such_host(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_an_unknown_host_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    async with provider("https://llm.example.com") as made:
        error = await fails(made, Unreachable)
    assert (error.detail, error.message) == ("dns", "llm.example.com is not known")


async def test_a_refused_connection_is_reported() -> None:
    async with Wire() as wire:
        url = wire.url
    async with provider(url) as made:
        assert (await fails(made, Unreachable)).detail == "refused"


async def test_a_server_that_speaks_no_tls_is_reported() -> None:
    async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with provider(f"https://127.0.0.1:{port}") as made:
            assert (await fails(made, Unreachable)).detail == "tls"


async def test_a_proxy_that_refuses_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Wire(Answer((), status=407, framing="close")) as wire:
        monkeypatch.setenv("HTTPS_PROXY", wire.url)
        async with provider("https://llm.example.com") as made:
            assert (await fails(made, Unreachable)).detail == "proxy"
            assert wire.requests[0].method == "CONNECT"
            assert KEY not in str(wire.requests[0].headers)


@pytest.mark.parametrize(
    ("variable", "value", "detail"),
    [
        ("SSL_CERT_FILE", "/no/such/file", "tls"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:1", "proxy"),
        ("HTTPS_PROXY", "socks5://127.0.0.1:1", "proxy"),
    ],
)
async def test_what_the_environment_has_wrong_is_reported(
    variable: str, value: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        async with provider("https://llm.example.com"):
            raise AssertionError("it was made")
    assert raised.value.detail == detail


async def test_this_machine_is_reached_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url) as made:
        assert isinstance((await read(made))[-1], Stopped)


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async with Wire(Answer((HELLO,), wait_s=30)) as wire, provider(wire.url, timeout_s=0.2) as made:
        assert (await fails(made, Unreachable)).detail == "timeout"


HALF = HELLO[: HELLO.index(b"words") + 400]


@pytest.mark.parametrize(
    ("steps", "framing", "kind", "detail"),
    [
        ((HALF, 0.02, End.RESET), "chunked", StreamCut, "dropped"),
        ((HALF, 0.02, End.CLOSE), "chunked", StreamCut, "dropped"),
        ((HALF[:-200], b"\n\n"), "close", StreamCut, "garbled"),
        ((HALF, 0.02, End.CLOSE), "short", StreamCut, "dropped"),
        ((HALF, End.HANG), "chunked", StreamCut, "stalled"),
        ((End.RESET,), "chunked", StreamCut, "dropped"),
        ((), "chunked", StreamCut, "dropped"),
        ((COMMENT,), "chunked", StreamCut, "dropped"),
    ],
)
async def test_each_way_to_break_off_is_distinguished(
    steps: tuple[Any, ...], framing: Any, kind: type[ProviderError], detail: str
) -> None:
    answer = Answer(steps, framing=framing)
    async with Wire(answer) as wire, provider(wire.url, timeout_s=0.5) as made:
        built = TurnBuilder(turn(Role.ASSISTANT, ""))
        with pytest.raises(kind) as raised:
            async for event in made.stream(ASK):
                built.add(event)
    assert raised.value.detail == detail
    assert built.turn.text in ("", "Two ", "Two words — über 👩‍🚀.")


async def test_cancelling_closes_the_connection_at_once() -> None:
    async with Wire(Answer((HALF, End.HANG))) as wire, provider(wire.url) as made:
        arrived = asyncio.Event()

        async def follow() -> None:
            async for event in made.stream(ASK):
                if isinstance(event, TextDelta):
                    arrived.set()

        task = asyncio.create_task(follow())
        await asyncio.wait_for(arrived.wait(), 5)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 0.1
        await asyncio.wait_for(wire.requests[0].gone.wait(), 5)
        assert wire.requests[0].client_left


async def test_closing_the_stream_closes_the_connection() -> None:
    async with Wire(Answer((HALF, End.PING), ping=COMMENT)) as wire, provider(wire.url) as made:
        stream = made.stream(ASK)
        async for event in stream:
            if isinstance(event, SignOfLife):
                break
        await stream.aclose()
        await asyncio.wait_for(wire.requests[0].gone.wait(), 5)
        assert wire.requests[0].client_left


async def test_cancelling_before_the_answer_closes_the_connection() -> None:
    async with Wire(Answer((HELLO,), wait_s=30)) as wire, provider(wire.url) as made:
        task = asyncio.create_task(read(made))
        while not wire.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(wire.requests[0].gone.wait(), 5)


async def test_a_hundred_cancels_leave_nothing_behind() -> None:
    async with Wire(Answer((HALF, End.HANG))) as wire, provider(wire.url) as made:
        for _ in range(100):
            stream = made.stream(ASK)
            await anext(stream)
            await stream.aclose()
        for seen in wire.requests:
            await asyncio.wait_for(seen.gone.wait(), 5)
        assert len(asyncio.all_tasks()) == 1


async def test_a_connection_is_used_again_after_a_whole_reply() -> None:
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url) as made:
        for _ in range(3):
            await read(made)
        assert wire.connections == 1


async def test_a_server_that_has_finished_and_does_not_hang_up_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_chat.providers.openai.http._END_TIMEOUT_S", 0.05)
    without_end = HELLO[: HELLO.index(b"data: [DONE]")]
    async with Wire(Answer((without_end, End.HANG))) as wire, provider(wire.url) as made:
        assert (await read(made))[-1] == Stopped("stop")


async def test_a_partial_reply_is_continued_where_the_server_can() -> None:
    request = Request("m", (*ASK.turns, turn(Role.ASSISTANT, "half")))
    async with Wire(Answer((HELLO,))) as wire, provider(wire.url, kind="deepseek") as made:
        assert made.can_continue("m")
        await read(made, request)
        assert wire.requests[0].path == "/beta/chat/completions"
        assert wire.requests[0].json["messages"][-1]["prefix"] is True
    async with provider("http://127.0.0.1:1") as made:
        assert not made.can_continue("m")
        assert await made.count_tokens(ASK) is None


async def test_models_are_listed_by_the_providers_own_name() -> None:
    routes = {"/openai/v1/models": Answer.json({"data": [{"id": "a", "context_window": 7}, {"id": "whisper-1"}]})}
    async with Wire(routes=routes) as wire, provider(wire.url, kind="groq") as made:
        made_models = await made.models()
        assert [seen.method for seen in wire.requests] == ["GET"]
    assert made_models == (Model("p/a", context_window=7),)


async def test_the_next_place_is_asked_where_the_first_has_no_list() -> None:
    routes = {"/v1/models": Answer.json({"data": [{"id": "a"}]})}
    async with Wire(routes=routes) as wire, provider(wire.url, kind="lmstudio") as made:
        assert await made.models() == (Model("p/a"),)
        assert [seen.path for seen in wire.requests] == ["/api/v0/models", "/v1/models"]


async def test_ollamas_models_show_their_context_one_by_one() -> None:
    routes = {
        "/api/tags": Answer.json({"models": [{"name": "a:1b", "model": "a:1b"}]}),
        "/api/show": Answer.json({"model_info": {"llama.context_length": 99}, "capabilities": ["completion"]}),
    }
    async with Wire(routes=routes) as wire, provider(wire.url, kind="ollama") as made:
        assert await made.models() == (
            Model("p/a:1b", context_window=99, can_think=False, can_see=False, can_use_tools=False),
        )
        assert [(seen.method, seen.path) for seen in wire.requests[1:]] == [("POST", "/api/show"), ("GET", "/api/ps")]
        assert wire.requests[1].json == {"model": "a:1b"}


@pytest.mark.parametrize("props", [Answer((End.RESET,)), Answer.html("<p>"), Answer.json([])])
async def test_a_model_is_listed_even_where_more_cannot_be_reported(props: Answer) -> None:
    routes = {"/v1/models": Answer.json({"data": [{"id": "q", "meta": {"n_ctx_train": 7}}]}), "/props": props}
    async with Wire(routes=routes) as wire, provider(wire.url, kind="llamacpp") as made:
        assert await made.models() == (Model("p/q", context_window=7),)
        assert wire.requests[-1].path == "/props"


async def test_nothing_of_a_request_is_logged_but_to_those_who_look_for_it(caplog: pytest.LogCaptureFixture) -> None:
    async with Wire(Answer((HELLO,))) as wire:
        with caplog.at_level(logging.DEBUG):
            async with provider(wire.url.replace("//", f"//me:{KEY}@"), auth="x-api-key") as made:
                await read(made)
    assert KEY not in caplog.text
    assert "hi" not in caplog.text.split()


async def test_models_named_by_hand_need_no_network() -> None:
    async with provider("http://127.0.0.1:1", models=("x", "y/z")) as made:
        assert await made.models() == (Model("p/x"), Model("p/y/z"))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer.json({"error": {"message": KEY}}, status=401), KeyRejected),
        (Answer.html("<title>x</title>"), ProtocolBroken),
        (Answer.json({"hello": 1}), ProtocolBroken),
    ],
)
async def test_a_list_that_cannot_be_loaded_reports_why(answer: Answer, kind: type[ProviderError]) -> None:
    async with Wire(answer) as wire, provider(wire.url) as made:
        with pytest.raises(kind) as raised:
            await made.models()
        assert KEY not in str(raised.value)
