"""What every finished reply used, read without its text."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.storage.make import NOON, PRICE, conversation, live, priced, prompt, reply
from tui_chat.core.usage import Cost, Usage
from tui_chat.core.usage_report import UsageRow
from tui_chat.storage.store import Store


async def test_usage_rows_hold_all_figures_of_a_finished_reply(store: Store) -> None:
    usage = Usage(1, 2, 3, 4, 9, 5, 6, True, Decimal("0.5"))
    cost = Cost(Decimal("0.25"), True, PRICE, billed=True)
    measured = replace(reply("r", "p"), usage=usage, cost=cost, ttft_ms=120, duration_ms=900)
    await store.create(conversation("c1", prompt("p"), measured, title="Ships"))
    assert await store.usage_rows() == [UsageRow("c1", "Ships", "r", NOON, "demo/tour", usage, cost, 120, 900)]


async def test_every_branch_was_paid_for_also_in_archive_and_trash(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), "1"), priced(reply("b", "p"), "2")))
    await store.create(conversation("c2", prompt("p"), priced(reply("c", "p"), None)))
    await store.archive("c1")
    await store.delete("c2")
    rows = await store.usage_rows()
    assert [(row.turn_id, row.cost and row.cost.total_usd) for row in rows] == [("a", 1), ("b", 2), ("c", None)]


async def test_replies_in_flight_and_those_without_figures_are_left_out(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), reply("a", "p"), live("b", "p")))
    assert await store.usage_rows() == []


async def test_usage_rows_since_a_moment_ignore_the_time_zone(store: Store) -> None:
    turns = [
        priced(replace(reply(name, "p"), created_at=NOON + timedelta(hours=hours)), "1")
        for name, hours in (("old", -1), ("new", 0))
    ]
    await store.create(conversation("c1", prompt("p"), *turns))
    since = NOON.astimezone().replace(microsecond=0)
    assert [row.turn_id for row in await store.usage_rows(since)] == ["new"]
