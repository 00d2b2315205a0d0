"""A reply whose program died is counted too, as an estimate."""

from dataclasses import replace
from datetime import timedelta

from tests.service.conftest import a_dollar_a_token
from tests.storage.make import NOON, conversation, priced, prompt, reply
from tui_chat.core.conversation import Origin
from tui_chat.core.part import TextPart
from tui_chat.core.turn import TurnStatus
from tui_chat.service.usage_meter import meter_interrupted
from tui_chat.storage.store import Store

HALF = replace(reply("r2", "p2", "Half of an answer, and then"), status=TurnStatus.INTERRUPTED)
TURNS = (prompt("p1"), priced(reply("r1", "p1"), "1"), prompt("p2", "r1"))


async def test_the_rest_of_the_usage_is_counted_from_the_last_true_figures() -> None:
    store = await Store.open(":memory:")
    await store.create(conversation("c1", *TURNS, HALF))
    assert await meter_interrupted(store, a_dollar_a_token) == 1
    found = (await store.conversation("c1")).turn("r2")
    assert found.usage is not None and found.usage.estimated and found.cost is not None and found.cost.estimated
    assert 30 < found.usage.input_tokens < 45 and 3 < found.usage.output_tokens < 12
    assert replace(found, usage=None, cost=None) == HALF
    assert await meter_interrupted(store, a_dollar_a_token) == 0
    (summary,) = await store.summaries()
    assert summary.cost_usd == 1 + found.usage.total_tokens and summary.cost_estimated
    await store.aclose()


async def test_an_empty_reply_an_ended_one_and_a_fork_s_copy_are_left_alone() -> None:
    store = await Store.open(":memory:")
    await store.create(conversation("c1", *TURNS, replace(HALF, parts=())))
    origin = Origin("c1", "r1")
    later = conversation("c3", *TURNS[:1], replace(HALF, parent_id="p1"), origin=origin)
    await store.create(replace(later, created_at=NOON + timedelta(days=1)))
    await store.create(conversation("c2", prompt("p"), replace(reply("r", "p"), parts=(TextPart("done"),))))
    await meter_interrupted(store, a_dollar_a_token)
    assert (await store.conversation("c1")).turn("r2").usage is None
    assert (await store.conversation("c2")).turn("r").usage is None
    assert (await store.conversation("c3")).turn("r2").usage is None
    await store.aclose()
