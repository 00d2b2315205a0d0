"""A service with a store in memory, a provider that plays a script, and very short delays."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tui_chat.core.conversation import Conversation
from tui_chat.core.event import ReplyEvent, Stopped, TextDelta, TurnEnded, UsageReported
from tui_chat.core.tool import Toolbox
from tui_chat.core.usage import Cost, Usage
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import CostOf, Dependencies, Policy
from tui_chat.service.permissions import Permission
from tui_chat.service.reply import Reply
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.tool_limits import ToolLimits
from tui_chat.storage.store import Store

HELLO: Sequence[Step] = (
    TextDelta("Hel"),
    TextDelta("lo"),
    UsageReported(Usage(input_tokens=3, output_tokens=2)),
    Stopped("end_turn"),
)


@dataclass
class ServiceHarness:
    """Everything a service test works with."""

    store: Store
    provider: DemoProvider
    service: ChatService

    def new_conversation(self) -> Conversation:
        return self.service.new_conversation("demo/tour")

    async def completed_reply(self, text: str = "hi") -> tuple[Reply, Conversation]:
        """Send a prompt in a new conversation and wait for the end of its reply."""
        reply = await self.service.send(self.new_conversation(), text)
        await reply.wait()
        return reply, await self.service.open(reply.conversation_id)


async def a_dollar_a_token(model: str, usage: Usage, at: datetime) -> Cost | None:
    return Cost(Decimal(usage.total_tokens), usage.estimated)


MakeHarness = Callable[..., Awaitable[ServiceHarness]]


@pytest.fixture
async def make_harness() -> AsyncIterator[MakeHarness]:
    """Make a harness whose provider plays these scripts, one per request."""
    harnesses: list[ServiceHarness] = []

    async def make(
        *scripts: Sequence[Step],
        policy: Policy | None = None,
        store: Store | None = None,
        toolbox: Toolbox | None = None,
        rules: Mapping[str, Permission] | None = None,
        cost_of: CostOf = a_dollar_a_token,
        **more: Any,
    ) -> ServiceHarness:
        provider = DemoProvider.playing(*(scripts or (HELLO,)), pace=1.0)

        async def provider_for(model: str) -> DemoProvider:
            return provider

        limits = ToolLimits(max_usd=Decimal(10**9))
        quick = policy or Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, tools=limits)
        dependencies = Dependencies(provider_for, cost_of, quick, toolbox=toolbox, tool_rules=rules or {}, **more)
        used = store or await Store.open(":memory:")
        harness = ServiceHarness(used, provider, ChatService(used, dependencies))
        harnesses.append(harness)
        return harness

    yield make
    for harness in harnesses:
        await harness.service.aclose()
        await harness.store.aclose()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """An empty store in memory."""
    opened = await Store.open(":memory:")
    yield opened
    await opened.aclose()


async def heard(reply: Reply) -> list[ReplyEvent]:
    """All events that a reader gets, to the end."""
    return [event async for event in reply]


def end_of(events: list[ReplyEvent]) -> TurnEnded:
    """The one ending, which comes last."""
    endings = [event for event in events if isinstance(event, TurnEnded)]
    assert endings == [events[-1]]
    return endings[0]
