"""The `openai` package against the gateway: streams, errors, histories, retries."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.gateway.conftest import Gateway, MakeGateway
from tui_chat.core.error import KeyRejected, Overloaded, StreamCut
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta, UsageReported
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role
from tui_chat.core.usage import Usage
from tui_chat.gateway.backend import GatewayOptions

HELLO = (
    TextDelta("Hel"),
    TextDelta("lo"),
    UsageReported(Usage(3, cache_read_tokens=4, output_tokens=2, thinking_tokens=1)),
    Stopped("end_turn"),
)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 30).decode()
Messages = list[Any]


def client_for(gateway: Gateway, path: str = "/v1", **more: Any) -> openai.AsyncOpenAI:
    settings = {"base_url": gateway.url + path, "api_key": gateway.token, "max_retries": 0, **more}
    client = openai.AsyncOpenAI(**settings)
    gateway.stack.push_async_callback(client.close)
    return client


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def assistant(text: str) -> Any:
    return {"role": "assistant", "content": text}


async def ask(client: openai.AsyncOpenAI, *messages: Any, **more: Any) -> Any:
    return await client.chat.completions.create(model="demo/tour", messages=list(messages), **more)


async def test_a_stream_with_usage_is_the_stored_turn(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((ThinkingDelta("well"), PartEnd(), *HELLO))
    client = client_for(gateway)
    stream = await ask(client, user("hi"), stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    (stored,) = await gateway.conversations()
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == stored.turns[-1].text == "Hello"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    usage = chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details.cached_tokens) == (7, 2, 4)
    assert [chunk.choices[0].delta.reasoning_content for chunk in chunks[1:2]] == ["well"]
    assert chunks[0].id == f"chatcmpl-{stored.turns[-1].id}"


async def test_a_whole_answer_and_the_list_of_models(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    client = client_for(gateway)
    answer = await ask(client, {"role": "system", "content": "Be brief."}, user("hi"), max_tokens=50, temperature=0.5)
    assert answer.choices[0].message.content == "Hello"
    assert answer.usage.completion_tokens_details.reasoning_tokens == 1
    (stored,) = await gateway.conversations()
    assert stored.system == "Be brief."
    assert gateway.provider.requests[0].options.max_tokens == 50
    models = [model.id async for model in client.models.list()]
    assert models[:2] == ["default", "demo/tour"]
    assert (await client.models.retrieve("demo/tour")).owned_by == "demo"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_error_before_the_stream_is_a_status(stream: bool, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((KeyRejected("no", detail="rejected"),))
    with pytest.raises(openai.InternalServerError, match="rejected the API key") as refused:
        await ask(client_for(gateway), user("hi"), stream=stream)
    assert refused.value.status_code == 502
    with pytest.raises(openai.NotFoundError) as missing:
        await client_for(gateway).chat.completions.create(model="unknown", messages=[user("hi")])
    assert missing.value.code == "model_not_found"


async def test_an_error_within_the_stream_is_raised_by_the_client(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("half "), StreamCut("gone", detail="dropped")))
    stream, text = await ask(client_for(gateway), user("hi"), stream=True), ""
    with pytest.raises(openai.APIError, match="Connection lost"):
        async for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    assert text == "half "


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "f", "parameters": {}}}]),
        ("n", 2),
        ("stop", ["x"]),
        ("logprobs", True),
        ("response_format", {"type": "json_object"}),
        ("logit_bias", {"1": 1}),
    ],
)
async def test_a_field_that_cannot_be_obeyed_is_refused_by_name(
    name: str, value: object, make_gateway: MakeGateway
) -> None:
    gateway = await make_gateway(HELLO)
    with pytest.raises(openai.BadRequestError) as refused:
        await ask(client_for(gateway), user("hi"), **{name: value})
    assert refused.value.param == name
    assert await gateway.conversations() == []


async def test_fields_without_effect_are_named(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    answer = await client_for(gateway).chat.completions.with_raw_response.create(
        model="default", messages=[user("hi")], top_p=0.5, seed=3
    )
    assert answer.headers["x-ignored-fields"] == "top_p, seed"


async def test_an_image_by_data_url_is_an_attachment(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    content = [{"type": "text", "text": "what is it?"}, image]
    await ask(client_for(gateway), {"role": "user", "content": content})
    (stored,) = await gateway.conversations()
    (attached,) = [part for part in stored.turns[0].parts if isinstance(part, AttachmentPart)]
    assert (attached.media_type, attached.size) == ("image/png", 38)
    sent = [part for part in gateway.provider.requests[0].turns[0].parts if isinstance(part, AttachmentPart)]
    assert base64.b64encode(sent[0].data).decode() == PNG
    for url in ("https://example.com/a.png", "file:///etc/passwd", "data:image/png;base64,%%%"):
        with pytest.raises(openai.BadRequestError):
            await ask(
                client_for(gateway),
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
            )


async def test_a_history_sent_whole_each_time_makes_one_conversation(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    client, messages = client_for(gateway), list[Any]()
    for number in range(4):
        messages.append(user(f"question {number}"))
        messages.append(assistant((await ask(client, *messages)).choices[0].message.content))
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path] == [message["content"] for message in messages]
    assert len(stored.turns) == 8


async def test_a_changed_message_is_a_branch_and_the_same_history_a_sibling(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    client = client_for(gateway)
    await ask(client, user("one"))
    await ask(client, user("one"), assistant("Hello"), user("two"))
    await ask(client, user("one"), assistant("Hello"), user("two, changed"))
    await ask(client, user("one"), assistant("Hello"), user("two"))
    (stored,) = await gateway.conversations()
    first_reply = stored.turns[1]
    assert [turn.text for turn in stored.children_of(first_reply.id)] == ["two", "two, changed"]
    two = stored.children_of(first_reply.id)[0]
    assert [turn.role for turn in stored.children_of(two.id)] == [Role.ASSISTANT, Role.ASSISTANT]


async def test_messages_that_are_new_here_are_added(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    client = client_for(gateway)
    await ask(client, user("made elsewhere"), assistant("an answer"), user("and now?"))
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path] == ["made elsewhere", "an answer", "and now?", "Hello"]
    assert stored.title == "made elsewhere"
    more = (user("made elsewhere"), assistant("an answer"), user("other"), assistant("edited"), user("last"))
    await ask(client, *more)
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path] == [*(message["content"] for message in more), "Hello"]


async def test_a_named_conversation_is_found_by_its_name(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    client = client_for(gateway, default_headers={"x-conversation-id": "chat-7"})
    answer = await client.chat.completions.with_raw_response.create(model="default", messages=[user("one")])
    await ask(client, user("one"), assistant("Hello"), user("two"))
    (stored,) = await gateway.conversations()
    assert answer.headers["x-conversation-id"] == stored.id
    by_id = client_for(gateway, default_headers={"x-conversation-id": stored.id})
    await ask(by_id, user("one"), assistant("Hello"), user("two"), assistant("Hello"), user("three"))
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path][-2:] == ["three", "Hello"]


async def test_a_clients_history_is_not_matched_to_anothers(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    await ask(client_for(gateway), user("one"))
    guest = client_for(gateway, api_key=gateway.add_token("guest"))
    await ask(guest, user("one"), assistant("Hello"), user("two"))
    assert len(await gateway.conversations()) == 2
    theirs = (await gateway.conversations())[1]
    with pytest.raises(openai.NotFoundError):
        await ask(guest, user("x"), extra_headers={"x-conversation-id": theirs.id})


@pytest.mark.parametrize("way", ["store", "header", "address", "setting"])
async def test_what_is_not_to_be_saved_leaves_the_database_as_it_was(way: str, make_gateway: MakeGateway) -> None:
    options = GatewayOptions(port=0, save="named" if way == "setting" else "all")
    gateway = await make_gateway(HELLO, options=options)
    before = digest(gateway.folder)
    more: dict[str, Any] = {"store": {"store": False}, "header": {"extra_headers": {"x-save": "no"}}}.get(way, {})
    client = client_for(gateway, "/unsaved/v1" if way == "address" else "/v1")
    answer = await ask(client, user("a secret"), assistant("ok"), user("more"), **more)
    assert answer.choices[0].message.content == "Hello"
    assert [turn.text for turn in gateway.provider.requests[0].turns] == ["a secret", "ok", "more"]
    assert digest(gateway.folder) == before
    assert await gateway.conversations() == []


def digest(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("conversations.db*"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def test_retries_of_the_sdk_say_a_prompt_once(make_gateway: MakeGateway) -> None:
    """The first two answers are lost on their way, after the prompt was stored."""
    gateway = await make_gateway(HELLO)
    transport = LosesAnswers(2)
    client = client_for(gateway, max_retries=2, http_client=openai.DefaultAsyncHttpxClient(transport=transport))
    answer = await ask(client, user("only once"))
    assert answer.choices[0].message.content == "Hello"
    assert transport.sent == 3
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.turns] == ["only once", "Hello"]
    await ask(client, user("only once"))
    (stored,) = await gateway.conversations()
    assert len(stored.turns) == 3, "sent again on purpose, it is a sibling"


async def test_a_failed_reply_is_not_requested_again_by_the_sdk(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(*[(Overloaded("busy"),)] * 9)
    transport = LosesAnswers(0)
    client = client_for(gateway, max_retries=2, http_client=openai.DefaultAsyncHttpxClient(transport=transport))
    with pytest.raises(openai.InternalServerError):
        await ask(client, user("once"))
    assert transport.sent == 1
    (stored,) = await gateway.conversations()
    assert len(stored.turns) == 2


class LosesAnswers(httpx2.AsyncHTTPTransport):
    """Sends each request, and turns the first answers into a server's error."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self._lost = lost
        self.sent = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent += 1
        answer = await super().handle_async_request(request)
        if self.sent > self._lost:
            return answer
        await answer.aread()
        return httpx2.Response(500, request=request)


async def test_the_same_first_prompt_while_its_reply_streams_starts_another_conversation(
    make_gateway: MakeGateway,
) -> None:
    go_on = asyncio.Event()
    gateway = await make_gateway((TextDelta("x"), go_on, Stopped("end_turn")))
    client = client_for(gateway)
    streams = [await ask(client, user("same"), stream=True) for _ in range(3)]
    go_on.set()
    for stream in streams:
        assert [chunk async for chunk in stream][-1].choices[0].finish_reason == "stop"
    assert len(await gateway.conversations()) == 3
