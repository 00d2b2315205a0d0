"""Side requests: stored once, counted in the totals, deleted with their conversation."""

from decimal import Decimal

import pytest

from tests.storage.make import NOON, conversation, priced, prompt, reply, side_request
from tui_chat.core.conversation import TitleSource
from tui_chat.core.error import NotFound
from tui_chat.storage.store import Store


async def test_a_side_request_counts_in_the_list_and_in_usage(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("r", "p"), "1")))
    await store.record("c1", side_request("e1", "0.5"), "Named")
    (summary,) = await store.summaries()
    assert (summary.title, summary.cost_usd, summary.turns, summary.updated_at) == ("Named", Decimal("1.5"), 2, NOON)
    assert [(row.turn_id, row.title, row.usage.total_tokens) for row in await store.usage_rows()] == [
        ("r", "Named", 30),
        ("", "Named", 34),
    ]
    assert (await store.check()).is_healthy


async def test_a_side_request_of_unknown_cost_makes_the_total_incomplete(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("r", "p"), "1")))
    await store.record("c1", side_request("e1", None))
    found = await store.conversation("c1")
    assert (found.cost.total_usd, found.cost.unknown_replies) == (1, 1)
    assert (await store.summaries())[0].cost_estimated


async def test_a_title_that_a_person_gave_is_not_replaced(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.rename("c1", "Mine")
    await store.record("c1", side_request("e1", "0.5"), "Named")
    found = await store.conversation("c1")
    assert (found.title, found.title_source, len(found.side_requests)) == ("Mine", TitleSource.USER, 1)


async def test_the_same_side_request_is_stored_once(store: Store) -> None:
    made = conversation("c1", side_requests=(side_request("e1", "0.5"), side_request("e2", None)))
    await store.create(made)
    await store.save(made)
    await store.record("c1", side_request("e2", None))
    assert (await store.conversation("c1")).side_requests == made.side_requests
    assert (await store.check()).is_healthy


async def test_purging_a_conversation_deletes_its_side_requests(store: Store) -> None:
    await store.create(conversation("c1", side_requests=(side_request("e1", "0.5"),)))
    await store.delete("c1")
    await store.purge(NOON.replace(year=2100))
    assert await store.usage_rows() == []


async def test_a_side_request_of_an_unknown_conversation_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.record("missing", side_request("e1", "0.5"))


async def test_totals_that_lack_a_side_request_are_repaired(store: Store) -> None:
    await store.create(conversation("c1", side_requests=(side_request("e1", "0.5"),)))
    await store._write(lambda db: db.execute("UPDATE conversation SET cost_usd = '0', known_replies = 0"))
    assert (await store.check()).wrong_sums == 1
    await store.repair()
    assert (await store.summaries())[0].cost_usd == Decimal("0.5") and (await store.check()).is_healthy
