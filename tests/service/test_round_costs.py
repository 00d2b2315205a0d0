"""Property: the costs of the requests add up to that of the reply, the conversation and the usage report, exactly.

Across tiers, charges that a provider reported, retries, cancelled replies and programs that were killed.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.make import DEAD
from tests.support.tools import ScriptedToolbox, answer, calls, until
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import Overloaded
from tui_chat.core.event import TextDelta
from tui_chat.core.part import TextPart
from tui_chat.core.rounds import rounds_of
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.tool_limits import ToolLimits
from tui_chat.service.usage_meter import meter_interrupted
from tui_chat.service.usage_report import usage_report
from tui_chat.storage.store import Store

LONG = 200_000
CHEAP = replace(Price.of(Decimal("3"), Decimal("15"), Decimal("0.3")), request_usd=Decimal("0.01"))
DEAR = replace(Price.of(Decimal("6"), Decimal("22.5"), Decimal("0.6")), request_usd=Decimal("0.01"))


async def cost_of(model: str, usage: Usage, at: datetime) -> Cost | None:
    """A price with two tiers and a fee for each request; what a provider billed takes precedence."""
    price = DEAR if usage.total_input_tokens > LONG else CHEAP
    if usage.billed_usd is not None:
        return Cost(usage.billed_usd, usage.estimated, price, billed=True)
    return Cost(price.total_usd(usage), usage.estimated, price)


@dataclass(frozen=True)
class Plan:
    """The requests of one reply, how many of them fail first, and how it ends."""

    usages: tuple[Usage, ...]
    failing: int
    ending: str

    @property
    def scripts(self) -> list[Sequence[Step]]:
        made: list[Sequence[Step]] = []
        for number, usage in enumerate(self.usages):
            made += [[Overloaded("busy")]] if number == self.failing else []
            call = (f"c{number}", "look", f'{{"path": "{number}"}}')
            is_last = number == len(self.usages) - 1
            made.append(answer(usage=usage) if is_last else calls(call, usage=usage))
        if self.ending != "complete":
            made[-1] = [TextDelta("half of an answer"), asyncio.Event()]
        return made

    @property
    def finished(self) -> tuple[Usage, ...]:
        return self.usages if self.ending == "complete" else self.usages[:-1]


COUNT = st.integers(1, 150_000)
USAGES = st.builds(
    Usage,
    COUNT,
    COUNT,
    output_tokens=COUNT,
    billed_usd=st.none() | st.decimals(0, 5, places=7, allow_nan=False),
)
PLANS = st.builds(
    Plan,
    st.lists(USAGES, min_size=1, max_size=4).map(tuple),
    st.integers(-1, 3),
    st.sampled_from(["complete", "cancel", "kill"]),
)


def a_service(store: Store, plan: Plan) -> ChatService:
    provider = DemoProvider.playing(*plan.scripts, pace=1.0)

    async def provider_for(model: str) -> DemoProvider:
        return provider

    limits = ToolLimits(max_usd=Decimal(10**9))
    policy = Policy(RetryPolicy(first_delay_s=0.0), save_interval_s=0.005, tools=limits)
    return ChatService(store, Dependencies(provider_for, cost_of, policy, toolbox=ScriptedToolbox()))


async def outcome(plan: Plan, folder: Path) -> tuple[Conversation, Turn, Decimal | None]:
    """Play the plan; return the stored conversation, its reply, and the dollars of the usage report."""
    store = await Store.open(":memory:", owner=DEAD if plan.ending == "kill" else None)
    service = a_service(store, plan)
    conversation = service.new_conversation("demo/tour", options=Options(tools=("look",)))
    reply = await service.send(conversation, "hi")
    if plan.ending != "complete":
        await until(lambda: reply.turn.text.endswith("half of an answer") and not reply.unsaved)
    if plan.ending == "kill":
        await store.backup(folder / "b.db")
    if plan.ending != "complete":
        reply.cancel()
    await reply.wait()
    if plan.ending == "kill":
        await service.aclose()
        await store.aclose()
        store = await Store.open(folder / "b.db")
        await meter_interrupted(store, cost_of)
        service = a_service(store, plan)
    stored = await store.conversation(conversation.id)
    report = await usage_report(store)
    await service.aclose()
    await store.aclose()
    return stored, stored.turn(reply.turn_id), report.total.cost.total_usd


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
def test_the_costs_of_requests_add_up_to_reply_conversation_and_usage(plan: Plan) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            stored, turn, reported = await outcome(plan, Path(folder))
        rounds = rounds_of(turn)
        exact = [await cost_of("", usage, turn.created_at) for usage in plan.finished]
        assert turn.cost is not None and TextPart("half of an answer") not in turn.parts[:-2]
        if len(plan.usages) > 1:
            assert [part.cost for part in rounds[: len(exact)]] == exact
            costs = [part.cost.total_usd for part in rounds if part.cost is not None]
            assert turn.cost.total_usd == sum(costs, Decimal(0)) and len(costs) == len(plan.usages)
        elif plan.ending == "complete":
            assert [turn.cost] == exact
        assert stored.cost.total_usd == turn.cost.total_usd == reported
        assert turn.cost.estimated is (plan.ending != "complete")
        expected = {"complete": TurnStatus.COMPLETE, "cancel": TurnStatus.CANCELLED, "kill": TurnStatus.INTERRUPTED}
        assert turn.status is expected[plan.ending]

    asyncio.run(play())
