"""The budget holds for everything that sends, and refuses before anything is stored."""

from datetime import datetime
from decimal import Decimal

import pytest

from tests.service.conftest import HELLO, MakeHarness
from tests.support.tools import ScriptedToolbox, answer, calls
from tui_chat.core.budget import Budget, Limit, Span
from tui_chat.core.conversation import Options
from tui_chat.core.error import BudgetReached, NotFound
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.usage import Cost, Usage

BIG = (TextDelta("Hello"), UsageReported(Usage(1000, output_tokens=2)), Stopped("end_turn"))


def tokens(count: int) -> Limit:
    return Limit(tokens=count)


async def test_a_request_over_the_limit_is_not_sent_and_nothing_is_stored(make_harness: MakeHarness) -> None:
    harness = await make_harness(budget=Budget({Span.REQUEST: tokens(3)}))
    new = harness.new_conversation()
    with pytest.raises(BudgetReached) as refused:
        await harness.service.send(new, "word " * 100)
    assert "of 3 tokens in this request" in refused.value.message
    assert harness.provider.requests == []
    with pytest.raises(NotFound):
        await harness.store.conversation(new.id)


async def test_the_limit_of_a_conversation_holds_for_retry_edit_continue_and_compact(
    make_harness: MakeHarness,
) -> None:
    harness = await make_harness(BIG, budget=Budget({Span.CONVERSATION: tokens(1002)}))
    reply, conversation = await harness.completed_reply()
    service, prompt = harness.service, conversation.path[0].id
    for send in (
        lambda: service.send(conversation, "again"),
        lambda: service.retry(conversation.id, reply.turn_id),
        lambda: service.edit(conversation.id, prompt, "edited"),
        lambda: service.continue_(conversation.id, reply.turn_id),
        lambda: service.compact(conversation),
        lambda: service.retry_with_each(conversation.id, reply.turn_id, ["demo/one", "demo/two"]),
    ):
        with pytest.raises(BudgetReached):
            await send()
    assert len(harness.provider.requests) == 1
    assert (await service.open(conversation.id)).turns == conversation.turns


async def test_two_requests_that_leave_together_count_together(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, BIG, budget=Budget({Span.CONVERSATION: tokens(1200)}))
    reply, conversation = await harness.completed_reply("word " * 100)
    models = ["demo/one", "demo/two"]
    with pytest.raises(BudgetReached):
        await harness.service.retry_with_each(conversation.id, reply.turn_id, models)
    assert len(harness.provider.requests) == 1
    again = await harness.service.retry_with_each(conversation.id, reply.turn_id, models[:1])
    await again[0].wait()
    assert len(harness.provider.requests) == 2


async def test_the_day_counts_every_conversation(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, budget=Budget({Span.DAY: Limit(usd=Decimal(1500))}))
    await harness.completed_reply()
    await harness.completed_reply()
    with pytest.raises(BudgetReached, match="today"):
        await harness.service.send(harness.new_conversation(), "hi")


async def test_the_day_counts_a_store_that_was_dropped(make_harness: MakeHarness) -> None:
    harness, temporary = await make_harness(budget=Budget({Span.DAY: tokens(500)})), await make_harness(BIG)
    gate = harness.service.gate
    gate.add_store(temporary.store)
    await temporary.completed_reply()
    standing = await gate.standing()
    assert standing is not None and standing.spent.tokens == 1002
    await gate.drop_store(temporary.store)
    await temporary.store.aclose()
    assert await gate.standing() == standing
    with pytest.raises(BudgetReached, match="today"):
        await harness.service.send(harness.new_conversation(), "hi")


async def test_a_limit_is_lifted_for_one_request(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, budget=Budget({Span.DAY: tokens(500)}))
    _, conversation = await harness.completed_reply()
    harness.service.gate.lift_once()
    await (await harness.service.send(conversation, "again")).wait()
    with pytest.raises(BudgetReached):
        await harness.service.send(await harness.service.open(conversation.id), "and again")


async def test_a_soft_limit_warns_once_and_first_where_someone_can_answer(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, budget=Budget(warnings={Span.DAY: tokens(500)}))
    _, conversation = await harness.completed_reply()
    reply = await harness.service.send(conversation, "again")
    await reply.wait()
    assert len(reply.notes) == 1 and "of 500 tokens today" in reply.notes[0]
    asking = await make_harness(BIG, budget=Budget(warnings={Span.DAY: tokens(500)}))
    asking.service.gate.asks_first = True
    _, conversation = await asking.completed_reply()
    with pytest.raises(BudgetReached) as warning:
        await asking.service.send(conversation, "again")
    assert warning.value.detail == "warning"
    await (await asking.service.send(conversation, "again")).wait()
    assert len(asking.provider.requests) == 2


async def test_tool_rounds_stop_at_the_budget(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    budget = Budget({Span.CONVERSATION: tokens(150)})
    looks = calls(("c1", "look", "{}"), usage=Usage(140, output_tokens=5))
    harness = await make_harness(looks, answer(), toolbox=toolbox, budget=budget)
    new = harness.service.new_conversation("demo/tour", options=Options(tools=("look",)))
    turn = (await (await harness.service.send(new, "hi")).wait()).turn
    assert turn.stop_reason == "budget" and toolbox.ran == [] and len(harness.provider.requests) == 1


async def test_tokens_count_where_dollars_are_unknown(make_harness: MakeHarness) -> None:
    async def unknown(model: str, usage: Usage, at: datetime) -> Cost | None:
        return None

    harness = await make_harness(BIG, cost_of=unknown, budget=Budget({Span.DAY: Limit(Decimal(1), 2009)}))
    _, conversation = await harness.completed_reply()
    assert "1 reply without a price counts by tokens only" in await harness.service.gate.report()
    await (await harness.service.send(conversation, "again")).wait()
    with pytest.raises(BudgetReached, match=r"2\.01k tokens today"):
        await harness.service.send(harness.new_conversation(), "and again")


async def test_without_a_budget_nothing_is_refused(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO)
    await harness.completed_reply()
    assert await harness.service.gate.standing() is None and await harness.service.gate.report() == ""
