"""A reply of 10,000 tokens cut at any byte and joined again, in every dialect that can come back.

The server is the whole program over a real socket. A client of the native stream resumes where it was; all others get
the reply from its start.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import API
from tests.gateway.served import Served, served
from tests.gateway.test_dialects import READ
from tests.gateway.test_event_routes import whole_events
from tests.gateway.test_serve_command import until

pytestmark = pytest.mark.slow

PROMPT = "long 10000"
Request = tuple[str, str, Any, dict[str, str]]
"""Method, path, body and headers."""


@dataclass
class Dialect:
    """How a client starts a reply and comes back to it."""

    read: str
    start: Callable[[str], Request]
    join: Callable[[str, str], Request]
    """Given the client's own key and the id of the conversation."""


def openai(key: str) -> Request:
    messages = [{"role": "user", "content": PROMPT}]
    body = {"model": "demo/tour", "messages": messages, "stream": True}
    return "POST", "/v1/chat/completions", body, {"idempotency-key": key}


def anthropic(key: str) -> Request:
    _, _, body, headers = openai(key)
    return "POST", "/v1/messages", body | {"max_tokens": 100_000}, headers


def use_chat(protocol: str) -> Dialect:
    def start(key: str) -> Request:
        body = {"id": key, "messages": [{"role": "user", "content": PROMPT}]}
        return "POST", f"/api/chat?protocol={protocol}", body, {}

    return Dialect(protocol, start, lambda key, _: ("GET", f"/api/chat/{key}/stream?protocol={protocol}", None, {}))


def simple(read: str, query: str) -> Dialect:
    return Dialect(
        read,
        lambda key: ("POST", f"/api/v1/stream{query}", {"message": PROMPT}, {}),
        lambda _, conversation: ("GET", f"/api/v1/stream/{conversation}{query}", None, {}),
    )


DIALECTS = {
    "openai": Dialect("openai", openai, lambda key, _: openai(key)),
    "anthropic": Dialect("anthropic", anthropic, lambda key, _: anthropic(key)),
    "ui": use_chat("ui"),
    "data": use_chat("data"),
    "text": use_chat("text"),
    "content": use_chat("content"),
    "chunk": simple("chunk", ""),
    "plain": simple("plain chunk", "?form=plain"),
}
MOST, ENDING = 10**9, 200_000
"""Bytes: more than any answer has, and more than its last event."""
CUTS = st.lists(st.integers(1, 300_000), min_size=1, max_size=4)
few = settings(
    max_examples=4,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served"), "--demo", TUI_CHAT_DEMO_PACE="0.01") as running:
        yield running


@pytest.fixture(scope="module")
def http(server: Served) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


def read_until(http: httpx2.Client, request: Request, cut: int = MOST) -> tuple[bytes, httpx2.Headers, int]:
    """Read so many bytes of an answer, or all of them; a native stream goes on after the end of a reply."""
    method, path, body, headers = request
    data = bytearray()
    with http.stream(method, path, json=body, headers=headers) as answer:
        for piece in answer.iter_raw():
            data += piece
            if len(data) >= cut or (data.endswith(b"\n\n") and b"event: ended" in data[-ENDING:]):
                break
    return bytes(data[:cut]), answer.headers, answer.status_code


def stored(http: httpx2.Client, conversation: str) -> str:
    """Return the text of the reply at its end."""
    turn: Any = None

    def has_ended() -> bool:
        nonlocal turn
        turn = http.get(f"{API}/{conversation}").json()["turns"][-1]
        return bool(turn["status"] == "complete")

    until(has_ended)
    return str(turn["text"])


@pytest.mark.parametrize("name", DIALECTS)
def test_a_reader_that_comes_back_ends_with_the_stored_text(name: str, http: httpx2.Client) -> None:
    dialect, count = DIALECTS[name], iter(range(1_000_000))

    @few
    @given(CUTS)
    def check(cuts: list[int]) -> None:
        key = f"{name}-{next(count)}"
        data, headers, _ = read_until(http, dialect.start(key), cuts[0])
        conversation = headers["x-conversation-id"]
        for cut in (*cuts[1:], MOST):
            data, _, status = read_until(http, dialect.join(key, conversation), cut)
            if status == 204:
                return
        text = stored(http, conversation)
        assert READ[dialect.read][1](data) == text
        assert len(text) > 30_000

    check()


def test_a_native_reader_resumes_where_it_was(http: httpx2.Client) -> None:
    @few
    @given(CUTS)
    def check(cuts: list[int]) -> None:
        request: Request = ("POST", API, {"text": PROMPT}, {"accept": "text/event-stream"})
        text = last_id = conversation = ""
        for cut in cuts:
            data, headers, _ = read_until(http, request, cut)
            conversation = conversation or headers["x-conversation-id"]
            text, last_id = taken(data, text, last_id)
            request = ("GET", f"{API}/{conversation}/events", None, {"last-event-id": last_id})
        data, _, _ = read_until(http, request)
        text, _ = taken(data, text, last_id)
        assert text == stored(http, conversation)

    check()


def taken(data: bytes, text: str, last_id: str) -> tuple[str, str]:
    """Return the text and the last id after the events that arrived whole."""
    for event in whole_events(data):
        if event.name == "snapshot":
            text = event.data["turn"]["text"]
        elif event.name == "text":
            text += event.data["text"]
        last_id = event.event_id or last_id
    return text, last_id
