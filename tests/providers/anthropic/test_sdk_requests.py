"""What goes to the server is what Anthropic's own SDK sends for the same parameters."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
import pytest

from tests.providers.anthropic.encoder import KEY, MODEL, encode, over_transport
from tests.providers.contract import SCRIPTS, collected, request
from tui_chat.core.conversation import Options
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.provider import Request
from tui_chat.core.tool import SERVER_TOOLS, Effect, Tool

OLD_API, OLD_MODEL = "2023-06-01", "claude-sonnet-4-5-20250929"
TEXT = encode(SCRIPTS["text"])
STREAM = httpx2.Response(200, content=TEXT, headers={"content-type": "text/event-stream"})
SCHEMA = '{"type": "object", "properties": {"word": {"type": "string"}}}'
LOOK_UP = Tool("look_up", "Looks a word up: “größer”.", SCHEMA, Effect.READ)
HEADERS = ("accept", "anthropic-version", "authorization", "content-type")


class Recorder:
    """A server that answers the same every time and keeps what was sent."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.requests: list[httpx2.Request] = []

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def _answer(self, sent: httpx2.Request) -> httpx2.Response:
        self.requests.append(sent)
        answer = self.response
        return httpx2.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))

    @property
    def sent(self) -> tuple[str, str, dict[str, str | None], Any]:
        """Method, URL, headers and body of the only request."""
        (only,) = self.requests
        headers = {name: only.headers.get(name) for name in HEADERS}
        return only.method, str(only.url), headers, json.loads(only.content) if only.content else None


@pytest.fixture
async def sdk() -> AsyncIterator[tuple[anthropic.AsyncAnthropic, Recorder]]:
    recorder = Recorder(STREAM)
    http = anthropic.DefaultAsyncHttpxClient(transport=recorder.transport)
    async with anthropic.AsyncAnthropic(
        auth_token=KEY, api_key=None, base_url="https://api.example", max_retries=0, http_client=http
    ) as client:
        yield client, recorder


def with_parts(*parts: Any) -> Request:
    asked = request(model=MODEL)
    return replace(asked, turns=(replace(asked.turns[0], parts=parts),))


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
REQUESTS = {
    "plain": (request("Grüße, 世界 🙂 \u2028", MODEL), {}),
    "system": (replace(request(model=MODEL), system="Be brief."), {}),
    "thinking": (replace(request(model=MODEL), options=Options(thinking=True, effort="high")), {}),
    "an old model": (replace(request(model=OLD_MODEL), options=Options(temperature=0.5)), {"api_version": OLD_API}),
    "tools": (replace(request(model=MODEL), tools=(LOOK_UP,), options=Options(tools=tuple(SERVER_TOOLS))), {}),
    "an image": (with_parts(TextPart("Look:"), AttachmentPart("a.png", "image/png", data=PNG)), {}),
}


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_prompt_is_sent_as_the_sdk_sends_it(
    name: str, sdk: tuple[anthropic.AsyncAnthropic, Recorder]
) -> None:
    asked, more = REQUESTS[name]
    ours = Recorder(STREAM)
    adapter = over_transport(ours.transport, **more)
    assert (await collected(adapter, asked))[1] is None
    await adapter.aclose()
    client, theirs = sdk
    body = dict(ours.sent[3])
    # The SDK has no parameter any more for what only old versions of the API take.
    extra = {"temperature": body.pop("temperature")} if "temperature" in body else {}
    version = {"anthropic-version": more["api_version"]} if more else {}
    create: Any = client.messages.create
    await create(**body, extra_body=extra, extra_headers=version)
    assert ours.sent == theirs.sent
    assert bool(extra) is (name == "an old model")


async def test_counting_and_listing_are_asked_for_as_the_sdk_does(
    sdk: tuple[anthropic.AsyncAnthropic, Recorder],
) -> None:
    client, theirs = sdk
    ours = Recorder(httpx2.Response(200, json={"input_tokens": 3}))
    theirs.response = ours.response
    adapter = over_transport(ours.transport)
    count: Any = client.messages.count_tokens
    assert await adapter.count_tokens(request(model=MODEL)) == 3
    assert (await count(**ours.sent[3])).input_tokens == 3
    assert ours.sent == theirs.sent
    ours.requests, theirs.requests = [], []
    ours.response = theirs.response = httpx2.Response(200, json={"data": [], "has_more": False})
    assert await adapter.models() == ()
    await client.models.list(limit=1000)
    assert ours.sent == theirs.sent
    await adapter.aclose()
