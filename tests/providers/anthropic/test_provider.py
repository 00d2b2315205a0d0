"""The adapter against a server: what it sends, what it makes of models and counts, and what each trouble becomes."""

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic._error_classes import ERROR_CLASSES

from tests.providers.anthropic.encoder import ANTHROPIC, KEY, MODEL, config, encode, over_transport, provider, sse
from tests.providers.contract import SCRIPTS, collected, request, stops, text_of
from tests.support.wire_server import Answer, End, Wire, pieces
from tui_chat.core.error import (
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
from tui_chat.core.event import ReplyOpened, SignOfLife
from tui_chat.core.provider import Model
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.providers.config import ProviderConfig

TEXT = encode(SCRIPTS["text"])
HALF = b"".join(pieces(TEXT, "event")[:5])


async def asked(server: Wire, **more: Any) -> tuple[list[Any], ProviderError | None]:
    """One request with a provider of its own."""
    adapter = provider(server.url, **more)
    try:
        return await collected(adapter, request(model=MODEL))
    finally:
        await adapter.aclose()


async def test_a_request_carries_the_key_once_and_the_api_version() -> None:
    async with Wire(Answer((TEXT,))) as server:
        await asked(server)
    [seen] = server.requests
    assert (seen.method, seen.path) == ("POST", "/v1/messages")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["anthropic-version"] == "2026-10-21"
    assert "x-api-key" not in seen.headers
    assert seen.json["stream"] is True
    assert seen.json["model"] == MODEL


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/messages"])
async def test_a_base_url_may_end_as_it_likes_and_have_a_path(ending: str) -> None:
    async with Wire(Answer((TEXT,))) as server:
        adapter = provider(f"{server.url}/gateway/anthropic{ending}")
        await collected(adapter, request(model=MODEL))
        await adapter.aclose()
    assert server.requests[0].path == "/gateway/anthropic/v1/messages"


async def test_a_gateway_gets_its_headers_its_key_header_and_its_version() -> None:
    headers = {"X-Team": "blue", "cf-aig-authorization": "Bearer gateway-secret-1"}
    async with Wire(Answer((TEXT,))) as server:
        await asked(server, auth="x-api-key", api_version="2023-06-01", find_headers=lambda: headers)
    seen = server.requests[0].headers
    assert seen["x-api-key"] == KEY
    assert "authorization" not in seen
    assert seen["anthropic-version"] == "2023-06-01"
    assert seen["x-team"] == "blue"
    assert seen["cf-aig-authorization"] == "Bearer gateway-secret-1"


async def test_headers_of_ones_own_may_stand_for_the_key() -> None:
    async with Wire(Answer((TEXT,))) as server:
        await asked(server, find_key=lambda: None, find_headers=lambda: {"Authorization": "Bearer from-a-header"})
        _, error = await asked(server, find_key=lambda: None, auth="none")
    assert error is None
    assert server.requests[0].headers["authorization"] == "Bearer from-a-header"
    assert "authorization" not in server.requests[1].headers


def test_a_missing_key_is_reported_before_anything_is_sent() -> None:
    with pytest.raises(KeyRejected) as raised:
        AnthropicProvider(ProviderConfig("anthropic", "anthropic", key_source="ANTHROPIC_API_KEY"))
    assert raised.value.detail == "no_key"
    assert "ANTHROPIC_API_KEY" in raised.value.message


async def test_a_key_in_the_environment_is_not_used_where_the_settings_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-from-the-environment")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-from-the-environment")
    async with Wire(Answer((TEXT,))) as server:
        await asked(server)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_request_id_is_reported_at_the_start_and_with_every_error() -> None:
    named = {"request-id": "req_42"}
    answers = (
        Answer((TEXT,), headers=named),
        Answer((HALF, End.CUT), headers=named),
        Answer.json({"error": {"message": "no"}}, status=400, headers=named),
    )
    async with Wire(*answers) as server:
        events, _ = await asked(server)
        _, cut = await asked(server)
        _, refused = await asked(server)
    assert events[0] == ReplyOpened("req_42")
    assert cut is not None
    assert refused is not None
    assert cut.request_id == refused.request_id == "req_42"


@pytest.mark.parametrize(
    ("word", "kind", "detail"),
    [
        ("overloaded_error", Overloaded, ""),
        ("api_error", Overloaded, ""),
        ("timeout_error", Overloaded, "timeout"),
        ("rate_limit_error", RateLimited, ""),
        ("authentication_error", KeyRejected, "rejected"),
        ("permission_error", KeyRejected, "forbidden"),
        ("billing_error", RateLimited, "quota"),
        ("invalid_request_error", RequestRefused, "bad_request"),
        ("never_heard_of_error", StreamCut, "error"),
    ],
)
async def test_an_error_in_the_stream_goes_by_its_word(word: str, kind: type[ProviderError], detail: str) -> None:
    body = HALF + sse({"type": "error", "error": {"type": word, "message": "so it goes"}})
    async with Wire(Answer((body,), headers={"request-id": "req_7"})) as server:
        events, error = await asked(server)
    assert text_of(events)
    assert type(error) is kind
    assert (error.detail, error.message, error.request_id) == (detail, "so it goes", "req_7")


@pytest.mark.parametrize("data", [b"Overloaded", b'"Overloaded"', b"{}", b'{"type": "error"}'])
async def test_an_error_in_the_stream_may_be_badly_formed(data: bytes) -> None:
    async with Wire(Answer((HALF + b"event: error\ndata: " + data + b"\n\n",))) as server:
        events, error = await asked(server)
    assert text_of(events)
    assert isinstance(error, StreamCut)


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (404, {"type": "not_found_error", "message": "model: claude-nobody"}, RequestRefused, "no_such_model"),
        (404, {"type": "not_found_error", "message": "no such page"}, RequestRefused, "not_found"),
        (400, {"message": "prompt is too long: 9 tokens > 8 maximum"}, RequestRefused, "too_long"),
        (400, {"type": "invalid_request_error", "message": "max_tokens: bad"}, RequestRefused, "bad_request"),
        (413, {"type": "request_too_large", "message": "Request exceeds the size"}, RequestRefused, "too_long"),
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low"}, RateLimited, "quota"),
        (402, {"message": "pay first"}, RateLimited, "quota"),
        (429, {"details": {"error_code": "contract_spend_limit_reached"}, "message": "no"}, RateLimited, "quota"),
        (408, {"message": "slow"}, Unreachable, "timeout"),
        (409, {"type": "conflict_error", "message": "again"}, RequestRefused, "bad_request"),
        (418, {"message": "tea"}, RequestRefused, "bad_request"),
        (504, {"type": "timeout_error", "message": "slow"}, Overloaded, "timeout"),
    ],
)
async def test_an_error_answer_has_the_finer_word(
    status: int, body: dict[str, Any], kind: type[ProviderError], detail: str
) -> None:
    async with Wire(Answer.json({"type": "error", "error": body}, status=status)) as server:
        _, error = await asked(server)
    assert type(error) is kind
    assert (error.detail, error.status) == (detail, status)


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7.0), ("420", 420.0), (None, None)])
async def test_how_long_to_wait_is_passed_on_and_not_obeyed_in_silence(
    header: str | None, wait_s: float | None
) -> None:
    headers = {"retry-after": header} if header else {}
    async with Wire(Answer.json({"error": {"message": "slow down"}}, status=429, headers=headers)) as server:
        _, error = await asyncio.wait_for(asked(server), 5)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait_s


async def test_silence_ends_by_the_time_limit_before_and_after_the_first_byte() -> None:
    async with Wire(Answer((TEXT,), wait_s=60)) as server:
        _, before = await asked(server, timeout_s=0.05)
    async with Wire(Answer((HALF, End.HANG))) as server:
        events, after = await asked(server, timeout_s=0.1)
    assert isinstance(before, Unreachable)
    assert before.detail == "timeout"
    assert text_of(events)
    assert isinstance(after, StreamCut)
    assert after.detail == "stalled"


@pytest.mark.parametrize("ping", [b'event: ping\ndata: {"type": "ping"}\n\n', b": hm\n\n", b"event: ping\ndata:\n\n"])
async def test_pings_and_comments_are_signs_of_life(ping: bytes) -> None:
    async with Wire(Answer((HALF, End.PING), ping=ping)) as server:
        adapter = provider(server.url, timeout_s=5)
        alive = 0
        async for event in adapter.stream(request(model=MODEL)):
            alive += isinstance(event, SignOfLife)
            if alive > 5:
                break
        await adapter.aclose()
    assert alive == 6


async def test_a_server_that_sends_rubbish_for_a_status_line_is_unreachable() -> None:
    for steps in ((b"\x16\x03\x01 not http at all\r\n\r\n",), (End.RESET,), (End.CLOSE,)):
        async with Wire(Answer(steps, silent=True)) as server:
            _, error = await asked(server)
        assert isinstance(error, Unreachable), steps
        assert error.message


async def test_a_name_that_does_not_exist_is_a_matter_of_dns() -> None:
    adapter = provider("https://no-such-host.invalid")
    _, error = await collected(adapter, request(model=MODEL))
    await adapter.aclose()
    assert isinstance(error, Unreachable)
    assert error.detail == "dns"


async def test_a_server_without_tls_is_a_matter_of_tls() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, no handshake here\r\n")
        await reader.read()
        writer.close()
        left.set()

    left = asyncio.Event()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        adapter = provider(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        _, error = await collected(adapter, request(model=MODEL))
        await adapter.aclose()
        await asyncio.wait_for(left.wait(), 5)
    assert isinstance(error, Unreachable)
    assert error.detail == "tls"


async def test_a_proxy_that_refuses_is_a_matter_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Wire(Answer.json({}, status=407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        adapter = provider("https://api.example")
        _, error = await collected(adapter, request(model=MODEL))
        await adapter.aclose()
    assert isinstance(error, Unreachable)
    assert error.detail == "proxy"
    assert proxy.requests[0].method == "CONNECT"
    assert KEY not in str(proxy.requests[0].headers)


async def test_an_answer_in_one_piece_of_json_is_read_all_the_same() -> None:
    message = {
        "type": "message",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Whole."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 5},
    }
    async with Wire(Answer.json(message)) as server:
        events, error = await asked(server)
    assert error is None
    assert text_of(events) == "Whole."
    assert [stop.reason for stop in stops(events)] == ["end_turn"]


@pytest.mark.parametrize("answer", [{"hello": 1}, [], "x", 3])
async def test_json_that_is_no_message_is_not_understood(answer: object) -> None:
    async with Wire(Answer.json(answer)) as server:
        _, error = await asked(server)
    assert isinstance(error, ProtocolBroken)


async def test_an_error_as_json_with_status_200_is_that_error() -> None:
    async with Wire(
        Answer.json({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    ) as server:
        _, error = await asked(server)
    assert isinstance(error, Overloaded)


async def test_an_empty_answer_was_cut() -> None:
    async with Wire(Answer(())) as server:
        _, error = await asked(server)
    assert isinstance(error, StreamCut)


async def test_what_follows_the_end_of_the_message_does_no_harm() -> None:
    for after in ((b"event: error\ndata: late\n\n",), (End.RESET,), (b"\xff\xff\n\n", End.CLOSE), (End.HANG,)):
        async with Wire(Answer((TEXT, *after))) as server:
            events, error = await asyncio.wait_for(asked(server), 5)
        assert error is None
        assert text_of(events) == text_of(SCRIPTS["text"])


async def test_an_event_without_end_is_not_collected_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_chat.providers.sse.LARGEST_EVENT_BYTES", 100_000)
    async with Wire(Answer((b"data: ", *[b"x" * 10_000] * 50))) as server:
        _, error = await asked(server)
    assert isinstance(error, StreamCut)
    assert error.detail == "garbled"


@pytest.mark.parametrize(("status", "code"), sorted(ERROR_CLASSES, key=str))
async def test_every_error_that_the_sdk_knows_has_a_class(status: int, code: str | None) -> None:
    by_status = {400: RequestRefused, 401: KeyRejected, 402: RateLimited, 403: KeyRejected, 404: RequestRefused}
    by_status |= {408: Unreachable, 409: RequestRefused, 412: RequestRefused, 413: RequestRefused}
    by_status |= {422: RequestRefused, 429: RateLimited, 431: RequestRefused, 499: RequestRefused}
    by_status |= dict.fromkeys((500, 501, 503, 504, 529), Overloaded)
    body = {"error": {"message": "no", "details": {"error_code": code}}}
    adapter = over_transport(httpx2.MockTransport(lambda _: httpx2.Response(status, json=body)))
    _, error = await collected(adapter, request(model=MODEL))
    assert type(error) is by_status[status]


async def test_an_error_does_not_hold_the_key() -> None:
    body = {"error": {"message": f"Incorrect API key provided: {KEY}. Or sk-ant-other-secret-key-1?"}}
    async with Wire(Answer.json(body, status=401)) as server:
        adapter = provider(server.url)
        with pytest.raises(KeyRejected) as raised:
            async for _ in adapter.stream(request(model=MODEL)):
                pass
        await adapter.aclose()
    printed = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + str(raised.value.fault)
    assert "canary" not in printed
    assert "other-secret" not in printed
    assert "Incorrect API key provided: …" in raised.value.message


async def test_a_key_in_the_stream_or_in_a_header_of_ones_own_is_masked_too() -> None:
    error = {"type": "error", "error": {"type": "api_error", "message": f"bad {KEY} and gateway-secret-1"}}
    async with Wire(Answer((HALF + sse(error),))) as server:
        _, masked = await asked(server, find_headers=lambda: {"X-Gateway-Token": "gateway-secret-1"})
    assert masked is not None
    assert masked.message == "bad … and …"


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_neither_prompt_nor_key_is_logged(level: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx2").setLevel(level.upper())
    with caplog.at_level(logging.DEBUG, logger="root"):
        async with Wire(Answer((TEXT,))) as server:
            await asked(server)
    assert "Hello?" not in caplog.text
    assert "canary" not in caplog.text


async def test_models_come_with_what_they_can_do_and_retired_ones_are_left_out() -> None:
    yes, no = {"supported": True}, {"supported": False}
    known = {
        "type": "model",
        "id": "claude-a",
        "display_name": "Claude A",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {
            "thinking": {"supported": True},
            "effort": {"supported": True, "low": yes, "medium": yes, "high": yes, "xhigh": no, "max": yes},
        },
    }
    pages = {
        "data": [known, {**known, "id": "claude-old", "lifecycle": "retired"}, {"id": "bare"}],
        "has_more": False,
    }
    async with Wire(Answer((TEXT,)), routes={"/v1/models": Answer.json(pages)}) as server:
        adapter = provider(server.url)
        models = await adapter.models()
        await collected(adapter, request(model="claude-a"))
        await adapter.aclose()
    assert models == (
        Model("anthropic/claude-a", "Claude A", 1_000_000, 128_000, True, ("low", "medium", "high", "max")),
        Model("anthropic/bare"),
    )
    assert server.requests[-1].json["max_tokens"] == 128_000


async def test_models_named_in_the_settings_need_no_network() -> None:
    adapter = AnthropicProvider(config("https://api.example", models=("a", "b")))
    assert [model.ref for model in await adapter.models()] == ["anthropic/a", "anthropic/b"]
    await adapter.aclose()


async def test_models_that_cannot_be_listed_are_one_of_our_errors() -> None:
    async with Wire(Answer.json({"error": {"message": "no"}}, status=401)) as server:
        adapter = provider(server.url)
        with pytest.raises(KeyRejected):
            await adapter.models()
        await adapter.aclose()


async def test_tokens_are_counted_where_the_server_counts() -> None:
    counted = {"/v1/messages/count_tokens": Answer.json({"input_tokens": 321})}
    async with Wire(routes=counted) as server:
        adapter = provider(server.url)
        assert await adapter.count_tokens(request(model=MODEL)) == 321
        await adapter.aclose()
    async with Wire(Answer.json({"error": {"message": "no such page"}}, status=404)) as server:
        adapter = provider(server.url)
        assert await adapter.count_tokens(request(model=MODEL)) is None
        await adapter.aclose()


def test_it_can_be_made_in_a_thread_and_used_on_the_loop() -> None:
    async def use() -> str:
        async with Wire(Answer((TEXT,))) as server:
            adapter = await asyncio.to_thread(provider, server.url)
            events, _ = await collected(adapter, request(model=MODEL))
            await adapter.aclose()
        return text_of(events)

    assert asyncio.run(use()) == text_of(SCRIPTS["text"])


def test_the_file_of_a_broken_certificate_store_is_one_of_our_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(broken))
    with pytest.raises(SettingsError):
        provider("https://api.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(SettingsError) as raised:
        provider("https://api.example")
    assert raised.value.detail == "tls"


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "nonsense://x"])
def test_a_proxy_that_cannot_be_used_is_one_of_our_errors(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(SettingsError):
        provider("https://api.example")


def test_only_old_models_can_go_on_with_a_partial_reply() -> None:
    adapter = provider("https://api.example")
    assert adapter.can_continue("claude-sonnet-4-5")
    assert not adapter.can_continue("claude-sonnet-5-5")
    assert ANTHROPIC.name == adapter.name
