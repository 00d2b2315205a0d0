"""A service over a store in memory and a provider that plays what it is told, with waits too short to notice."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest

from tui_chat.core.conversation import Conversation
from tui_chat.core.event import ReplyEvent, Stopped, TextDelta, TurnEnded, UsageReported
from tui_chat.core.usage import Cost, Usage
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.reply import Reply
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.storage.store import Store

HELLO: Sequence[Step] = (
    TextDelta("Hel"),
    TextDelta("lo"),
    UsageReported(Usage(input_tokens=3, output_tokens=2)),
    Stopped("end_turn"),
)


@dataclass
class House:
    """Everything a service test works with."""

    store: Store
    provider: DemoProvider
    service: ChatService

    def blank(self) -> Conversation:
        return self.service.new_conversation("demo/tour")

    async def said(self, text: str = "hi") -> tuple[Reply, Conversation]:
        """A new conversation with one prompt, answered to the end."""
        reply = await self.service.send(self.blank(), text)
        await reply.wait()
        return reply, await self.service.open(reply.conversation_id)


async def a_dollar_a_token(model: str, usage: Usage, at: datetime) -> Cost | None:
    return Cost(Decimal(usage.total_tokens), usage.estimated)


MakeHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def make_house() -> AsyncIterator[MakeHouse]:
    """Make a house whose provider plays these scripts, one a request."""
    houses: list[House] = []

    async def make(*scripts: Sequence[Step], policy: Policy | None = None, store: Store | None = None) -> House:
        provider = DemoProvider.playing(*(scripts or (HELLO,)), pace=1.0)

        async def provider_for(model: str) -> DemoProvider:
            return provider

        quick = policy or Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02)
        dependencies = Dependencies(provider_for, a_dollar_a_token, quick)
        used = store or await Store.open(":memory:")
        house = House(used, provider, ChatService(used, dependencies))
        houses.append(house)
        return house

    yield make
    for house in houses:
        await house.service.aclose()
        await house.store.aclose()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """An empty store in memory."""
    opened = await Store.open(":memory:")
    yield opened
    await opened.aclose()


async def heard(reply: Reply) -> list[ReplyEvent]:
    """Everything a reader is told, to the end."""
    return [event async for event in reply]


def end_of(events: list[ReplyEvent]) -> TurnEnded:
    """The one ending, which comes last."""
    endings = [event for event in events if isinstance(event, TurnEnded)]
    assert endings == [events[-1]]
    return endings[0]
