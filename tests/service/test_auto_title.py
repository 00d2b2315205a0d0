"""Titles that models give: requested once, metered, and never blocking."""

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.service.conftest import HELLO, MakeHarness, ServiceHarness
from tui_chat.core.conversation import TITLE, Conversation, TitleSource
from tui_chat.core.error import Overloaded
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.title import TITLE_INSTRUCTION
from tui_chat.core.usage import Usage
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.storage.store import Store

ASKING = Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, titles_by_model=True)
USED = Usage(input_tokens=30, output_tokens=4)
NAMED: tuple[Step, ...] = (
    TextDelta('"A friendly'),
    TextDelta(' greeting."'),
    UsageReported(USED),
    Stopped("end_turn"),
)


async def titled(harness: ServiceHarness, conversation_id: str) -> Conversation:
    """The conversation after its title was asked for."""
    reported = asyncio.Event()
    stop = harness.service.auto_title.watch(lambda one: reported.set() if one == conversation_id else None)
    if not (await harness.store.conversation(conversation_id)).side_requests:
        await asyncio.wait_for(reported.wait(), 5)
    stop()
    return await harness.store.conversation(conversation_id)


async def test_the_model_names_a_conversation_after_its_first_reply(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, NAMED, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi there")
    found = await titled(harness, reply.conversation_id)
    assert (found.title, found.title_source) == ("A friendly greeting", TitleSource.MODEL)
    (asked,) = harness.provider.requests[1].turns
    assert asked.text.startswith(TITLE_INSTRUCTION) and "hi there" in asked.text and "Hello" in asked.text


async def test_what_a_title_used_is_counted_everywhere(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, NAMED, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    found = await titled(harness, reply.conversation_id)
    (side_request,) = found.side_requests
    assert (side_request.purpose, side_request.model, side_request.usage) == (TITLE, "demo/tour", USED)
    assert found.cost.total_usd == found.path_cost.total_usd == Decimal(5 + 34)
    assert found.usage.total_tokens == 5 + 34
    assert (await harness.store.summaries())[0].cost_usd == Decimal(39)
    assert sum(row.usage.total_tokens for row in await harness.store.usage_rows()) == 39
    assert (await harness.store.check()).is_healthy


async def test_only_the_first_reply_asks_for_a_title(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, NAMED, HELLO, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    found = await titled(harness, reply.conversation_id)
    again = await harness.service.send(found, "and?")
    await again.wait()
    await harness.service.aclose()
    assert len(harness.provider.requests) == 3


async def test_without_the_setting_no_title_is_requested(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, NAMED)
    _, found = await harness.completed_reply("hi there")
    await harness.service.aclose()
    assert found.title == "hi there" and len(harness.provider.requests) == 1


async def test_a_title_that_a_person_gave_meanwhile_stays(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness(HELLO, (gate, *NAMED), policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    await asked_twice(harness)
    await harness.store.rename(reply.conversation_id, "Mine")
    gate.set()
    found = await titled(harness, reply.conversation_id)
    assert found.title == "Mine" and found.side_requests[0].usage == USED


async def test_a_renamed_conversation_is_not_asked_about(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((gate, *HELLO), NAMED, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    await harness.store.rename(reply.conversation_id, "Mine")
    gate.set()
    await reply.wait()
    await harness.service.aclose()
    assert len(harness.provider.requests) == 1


async def test_a_failed_request_is_only_logged(make_harness: MakeHarness, caplog: pytest.LogCaptureFixture) -> None:
    harness = await make_harness(HELLO, (Overloaded("Overloaded"),), policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi there")
    with caplog.at_level(logging.WARNING):
        found = await conversation_after(harness, reply.conversation_id)
    assert found.title == "hi there" and found.side_requests == () and "Overloaded" in caplog.text


async def asked_twice(harness: ServiceHarness) -> None:
    """The request for a title has left."""
    async with asyncio.timeout(5):
        while len(harness.provider.requests) < 2:
            await asyncio.sleep(0)


async def conversation_after(harness: ServiceHarness, conversation_id: str) -> Conversation:
    """The conversation when the request for its title is over, whatever its end."""
    reported = asyncio.Event()
    harness.service.auto_title.watch(lambda _: reported.set())
    await asyncio.wait_for(reported.wait(), 5)
    return await harness.store.conversation(conversation_id)


async def test_the_next_prompt_does_not_wait_for_the_title(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness(HELLO, (gate, *NAMED), HELLO, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    await reply.wait()
    await asked_twice(harness)
    second = await harness.service.send(await harness.service.open(reply.conversation_id), "and?")
    assert (await second.wait()).turn.text == "Hello"
    gate.set()
    assert (await titled(harness, reply.conversation_id)).title == "A friendly greeting"


async def test_quitting_ends_the_request_and_keeps_what_it_used(make_harness: MakeHarness) -> None:
    never, usage_so_far = asyncio.Event(), UsageReported(Usage(input_tokens=30))
    harness = await make_harness(HELLO, (usage_so_far, TextDelta("A fri"), never), policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    await asked_twice(harness)
    for _ in range(20):
        await asyncio.sleep(0)
    await asyncio.wait_for(harness.service.aclose(), 5)
    found = await harness.store.conversation(reply.conversation_id)
    assert harness.provider.closed_early == 1 and found.title == "hi"
    assert found.side_requests[0].usage.estimated and found.side_requests[0].usage.input_tokens == 30


async def test_a_cancelled_reply_and_a_fork_ask_for_no_title(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, NAMED, HELLO, policy=ASKING)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    found = await titled(harness, reply.conversation_id)
    forked = await harness.service.fork(found.id, reply.turn_id)
    assert forked.side_requests == ()
    await (await harness.service.send(forked, "and?")).wait()
    cancelled = await harness.service.send(harness.new_conversation(), "stop")
    cancelled.cancel()
    await cancelled.wait()
    await harness.service.aclose()
    assert all(len(request.turns) > 1 or "stop" in request.turns[0].text for request in harness.provider.requests[2:])


async def test_the_demo_names_a_conversation_offline() -> None:
    provider, store = DemoProvider(pace=0), await Store.open(":memory:")

    async def provider_for(model: str) -> DemoProvider:
        return provider

    service = ChatService(store, Dependencies(provider_for, policy=replace(ASKING, save_interval_s=0.2)))
    reported = asyncio.Event()
    service.auto_title.watch(lambda _: reported.set())
    reply = await service.send(service.new_conversation("demo/tour"), "code a rate limiter, please")
    await asyncio.wait_for(reported.wait(), 20)
    assert (await store.conversation(reply.conversation_id)).title == "About code a rate limiter, please"
    await service.aclose()
    await store.aclose()
