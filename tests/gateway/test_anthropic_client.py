"""The `anthropic` package against the gateway."""

import base64
from typing import Any

import anthropic
import pytest

from tests.gateway.conftest import Gateway, MakeGateway
from tests.gateway.test_openai_client import LosesAnswers
from tui_chat.core.error import KeyRejected, StreamCut
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta, UsageReported
from tui_chat.core.part import AttachmentPart
from tui_chat.core.usage import Usage

REPLY = (
    ThinkingDelta("well "),
    ThinkingDelta("then"),
    PartEnd(),
    TextDelta("Hel"),
    TextDelta("lo"),
    PartEnd(),
    UsageReported(Usage(3, cache_read_tokens=4, output_tokens=5, thinking_tokens=2)),
    Stopped("end_turn"),
)


def client_for(gateway: Gateway, **more: Any) -> anthropic.AsyncAnthropic:
    settings = {"base_url": gateway.url, "api_key": gateway.token, "max_retries": 0, **more}
    client = anthropic.AsyncAnthropic(**settings)
    gateway.stack.push_async_callback(client.close)
    return client


def asked(text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"model": "demo/tour", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


async def test_the_final_message_of_a_stream_is_the_stored_turn(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    async with client_for(gateway).messages.stream(**asked(system="Be brief.")) as stream:
        texts = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    (stored,) = await gateway.conversations()
    turn = stored.turns[-1]
    assert texts == ["Hel", "lo"]
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert (final.content[0].thinking, final.content[1].text) == (turn.thinking, turn.text) == ("well then", "Hello")
    assert (final.stop_reason, final.id) == ("end_turn", f"msg_{turn.id}")
    usage = final.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (3, 4, 5)
    assert stored.system == "Be brief."


async def test_a_whole_message_a_count_and_the_models(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    client = client_for(gateway)
    message = await client.messages.create(**asked())
    assert message.content[-1].text == "Hello"
    count = await client.messages.count_tokens(model="default", messages=[{"role": "user", "content": "hi"}])
    assert count.input_tokens > 0
    assert [model.id async for model in client.models.list()] == ["default", "demo/tour"]
    assert len(await gateway.conversations()) == 1


async def test_an_error_before_and_within_the_stream(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((KeyRejected("no"),), (TextDelta("half"), StreamCut("gone", detail="dropped")))
    with pytest.raises(anthropic.APIStatusError, match="rejected the API key"):
        async with client_for(gateway).messages.stream(**asked("one")):
            pass
    texts = []
    with pytest.raises(anthropic.APIStatusError, match="Connection lost"):
        async with client_for(gateway).messages.stream(**asked("two")) as stream:
            async for text in stream.text_stream:
                texts.append(text)
    assert texts == ["half"]


async def test_thinking_and_images_are_passed_on(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    data = base64.b64encode(b"%PDF-1.4 " + b"0" * 20).decode()
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    content = [document, {"type": "text", "text": "what is in it?"}]
    messages = [{"role": "user", "content": content}]
    await client_for(gateway).messages.create(**asked(messages=messages, thinking={"type": "adaptive"}))
    (request,) = gateway.provider.requests
    assert request.options.thinking is True
    (attached,) = [part for part in request.turns[0].parts if isinstance(part, AttachmentPart)]
    assert (attached.media_type, base64.b64encode(attached.data).decode()) == ("application/pdf", data)


@pytest.mark.parametrize("name", ["tools", "stop_sequences"])
async def test_a_field_that_cannot_be_obeyed_is_refused_by_name(name: str, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    value = ["x"] if name == "stop_sequences" else [{"name": "f", "input_schema": {"type": "object"}}]
    with pytest.raises(anthropic.BadRequestError, match=name):
        await client_for(gateway).messages.create(**asked(**{name: value}))
    assert await gateway.conversations() == []


async def test_a_history_with_thinking_blocks_continues_its_conversation(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    client = client_for(gateway)
    first = await client.messages.create(**asked("one"))
    history: list[Any] = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "two"},
    ]
    await client.messages.create(**asked(messages=history))
    (stored,) = await gateway.conversations()
    assert [turn.text for turn in stored.path] == ["one", "Hello", "two", "Hello"]


async def test_retries_of_the_sdk_say_a_prompt_once(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(REPLY)
    http = anthropic.DefaultAsyncHttpxClient(transport=LosesAnswers(2))
    message = await client_for(gateway, max_retries=2, http_client=http).messages.create(**asked("only once"))
    assert message.content[-1].text == "Hello"
    (stored,) = await gateway.conversations()
    assert len(stored.turns) == 2
