"""LiteLLM's proxy, with replies made up by itself, on both of its wires."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image, pdf
from tests.providers.contract import NOW, SCRIPTS, collected, last_usage, parts, request, stops, text_of
from tests.providers.openai.responses_encoder import encode
from tests.providers.real import environment_with, free_port, running
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import KeyRejected, ProviderError, RateLimited, RequestRefused
from tui_chat.core.event import ReplyOpened, Stopped
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.provider import Model, Provider
from tui_chat.core.secret import Secret
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import make_provider
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies
from tui_chat.storage.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

KEY = "sk-canary-0123456789abcdef"
TEXT = "Two words — über 👩‍🚀 and 日本語, in several pieces, so that it streams."
UPSTREAM_PORT = free_port()
SETTINGS = f"""
model_list:
  - model_name: first
    litellm_params: {{model: openai/gpt-4o, api_key: none, mock_response: "{TEXT}"}}
  - model_name: second
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_key: none, mock_response: "{TEXT}"}}
  - model_name: limited
    litellm_params: {{model: openai/gpt-4o, api_key: none, mock_response: "litellm.RateLimitError"}}
  - model_name: passed-on
    litellm_params: {{model: openai/gpt-5, api_key: none, api_base: "http://127.0.0.1:{UPSTREAM_PORT}/v1"}}
general_settings: {{master_key: {KEY}}}
router_settings: {{num_retries: 0}}
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running proxy."""
    installed = environment_with("litellm", ["litellm[proxy]>=1.80"])
    folder = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(SETTINGS)
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        str(installed / "bin" / "litellm"),
        "--config",
        "config.yaml",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(folder), "NO_PROXY": "*"}
    with running([*command, "--telemetry", "False"], Path(folder), f"{url}/health/liveliness", offline):
        yield url


def provider(kind: str, url: str, key: str = KEY, api: str = "auto") -> Provider:
    return make_provider(ProviderConfig(kind, kind, url, find_key=lambda: Secret(key), has_key=True, api=api))


async def test_a_reply_streams_with_its_usage_and_its_price(proxy: str) -> None:
    made = provider("litellm", proxy)
    events, error = await collected(made, request(model="first"))
    await made.aclose()
    assert error is None
    assert text_of(events) == TEXT
    assert len(events) > 10
    assert parts(events) == (TextPart(TEXT),)
    assert isinstance(events[0], ReplyOpened)
    assert events[0].request_id
    assert stops(events) == [Stopped("stop")]
    usage = last_usage(events)
    assert usage is not None
    assert usage.total_input_tokens > 0
    assert usage.output_tokens > 5
    assert usage.billed_usd is None or usage.billed_usd > Decimal(0)


async def test_the_other_wire_reads_the_same_reply(proxy: str) -> None:
    made = provider("anthropic", proxy)
    events, error = await collected(made, request(model="second"))
    await made.aclose()
    assert error is None
    assert text_of(events) == TEXT
    assert [stop.reason for stop in stops(events)] == ["end_turn"]
    assert last_usage(events) is not None


@pytest.mark.parametrize(("kind", "model"), [("litellm", "first"), ("anthropic", "second")])
async def test_files_of_every_kind_are_taken(proxy: str, kind: str, model: str) -> None:
    contents = {f"a.{name}": image(name.upper()) for name in ("png", "jpeg", "gif", "webp")}
    files = [attachment_from_bytes(*named) for named in (contents | {"b.pdf": pdf(), "c.md": b"# Notes"}).items()]
    asking = request(model=model)
    turn = asking.turns[-1]
    with_files = replace(turn, parts=(*turn.parts, *files))
    made = provider(kind, proxy)
    events, error = await collected(made, replace(asking, turns=(*asking.turns[:-1], with_files)))
    await made.aclose()
    assert error is None
    assert text_of(events) == TEXT


async def test_its_models_are_listed_with_their_context(proxy: str) -> None:
    made = provider("litellm", proxy)
    models = {model.ref: model for model in await made.models()}
    await made.aclose()
    assert set(models) == {"litellm/first", "litellm/second", "litellm/limited", "litellm/passed-on"}
    first = models["litellm/first"]
    assert first == Model("litellm/first", "", 128_000, 16_384, first.can_think, (), first.can_see, True)


@pytest.mark.parametrize(
    ("model", "key", "kind"),
    [
        ("unknown", KEY, RequestRefused),
        ("first", "sk-wrong-0123456789abcdef", KeyRejected),
        ("limited", KEY, RateLimited),
    ],
)
async def test_its_refusals_are_understood(proxy: str, model: str, key: str, kind: type[ProviderError]) -> None:
    made = provider("litellm", proxy, key)
    events, error = await collected(made, request(model=model))
    await made.aclose()
    assert events == []
    assert type(error) is kind
    assert key not in error.message


async def test_a_reply_that_is_left_leaves_the_proxy_well(proxy: str) -> None:
    made = provider("litellm", proxy)
    for _ in range(5):
        stream = made.stream(request(model="first"))
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]
    events, error = await collected(made, request(model="first"))
    await made.aclose()
    assert error is None
    assert text_of(events) == TEXT


@asynccontextmanager
async def upstream(body: bytes) -> AsyncIterator[list[Any]]:
    """The server behind the proxy, which refuses images and answers all else with this stream; what it was sent."""
    seen: list[Any] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
        seen.append(json.loads(asked := await reader.readexactly(length)))
        if b"input_image" in asked:
            refusal = b'{"error": {"message": "Invalid image.", "code": "invalid_image"}}'
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n")
            writer.write(b"content-length: %d\r\n\r\n" % len(refusal) + refusal)
            await writer.drain()
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + body)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", UPSTREAM_PORT):
        yield seen


async def test_three_turns_over_the_responses_api_with_a_cancel_and_a_retry(proxy: str) -> None:
    """LiteLLM cannot make up such a reply itself, so it passes on one; it renames the items, and keeps the rest."""
    made, asking = provider("litellm", proxy, api="responses"), request(model="passed-on")
    async with upstream(encode(SCRIPTS["thinking"])) as seen:
        for number in range(3):
            stream = made.stream(asking)
            async for _ in stream:
                break
            await stream.aclose()  # type: ignore[attr-defined]
            events, error = await collected(made, asking)
            assert error is None
            assert parts(events) == parts(SCRIPTS["thinking"])
            usage, expected = last_usage(events), last_usage(SCRIPTS["thinking"])
            assert usage is not None and expected is not None and usage.counts == expected.counts
            assert usage.billed_usd is not None, "the proxy adds what it charges"
            assert isinstance(events[-1], Stopped)
            built = TurnBuilder(Turn(f"r{number}", "t1", Role.ASSISTANT, (), TurnStatus.COMPLETE, NOW))
            for event in events:
                built.add(event)
            reply = replace(built.turn, model="litellm/passed-on")
            asking = replace(asking, turns=(*asking.turns, reply, replace(asking.turns[0], id=f"p{number}")))
    await made.aclose()
    reasoning = [item for item in seen[-1]["input"] if item.get("type") == "reasoning"]
    assert [item["encrypted_content"] for item in reasoning] == ["gAAAAABx", "gAAAAABx"]


async def test_a_prompt_whose_image_is_refused_is_sent_without_the_image(proxy: str) -> None:
    store = await Store.open(":memory:")
    made = provider("litellm", proxy, api="responses")

    async def get(ref: str) -> Provider:
        return made

    service = ChatService(store, Dependencies(get))
    conversation = service.new_conversation("litellm/passed-on")
    async with upstream(encode(SCRIPTS["thinking"])) as seen:
        picture = AttachmentPart("shot.png", "image/png", image())
        refused = (await (await service.send(conversation, "Look.", (picture,))).wait()).turn
        assert refused.fault is not None and "Invalid image" in refused.fault.message
        assert (refused.fault.kind, refused.fault.detail) == ("request_refused", "bad_file")
        ended = await (await service.send_without_attachments(conversation.id, refused.id)).wait()
    assert ended.error is None and ended.turn.status is TurnStatus.COMPLETE
    assert "input_image" in json.dumps(seen[0]) and "input_image" not in json.dumps(seen[-1])
    await service.aclose()
    await made.aclose()
    await store.aclose()
