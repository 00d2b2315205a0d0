"""The list by tag, model, state and cost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from sqlite3 import Connection

import pytest

from tests.storage.make import conversation, priced, prompt, reply
from tui_chat.core.turn import TurnStatus
from tui_chat.storage.conversation_list import ListQuery
from tui_chat.storage.labels import Labels
from tui_chat.storage.list_filter import filter_help, parse_filter
from tui_chat.storage.store import Store


def test_filters_are_taken_out_of_the_words() -> None:
    wanted = parse_filter("rate tag:Work model:gpt state:fail cost:>0.5 is:pinned limiter")
    assert wanted.words == "rate limiter" and wanted.has_any
    assert (wanted.tags, wanted.models, wanted.states) == (("work",), ("gpt",), ("failed",))
    assert wanted.costs == ((">", Decimal("0.5")),) and wanted.pinned


@pytest.mark.parametrize("text", ["tag:", "cost:", "cost:x", "state:zebra", "is:other", "rate", ""])
def test_a_filter_that_is_still_typed_filters_nothing(text: str) -> None:
    assert not parse_filter(text).has_any


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate sort:", "sort: takes cost, messages, title, created or oldest"),
        ("sort:zebra", "sort: takes cost, messages, title, created or oldest"),
        ("state:zebra", "state: takes failed, stopped, interrupted, streaming or unfinished"),
        ("is:other", "is: takes pinned"),
        ("cost:x", "cost: takes dollars, as in cost:>0.5"),
        ("rate sort:co tag:any model:any state:fail is:pinned cost:>1", ""),
    ],
)
def test_an_unknown_value_names_those_that_a_filter_takes(text: str, words: str) -> None:
    assert filter_help(text) == words


async def library(store: Store) -> None:
    good = priced(reply("r1", "p1", "So."), "0.5")
    bad = reply("r2", "p2", "", status=TurnStatus.FAILED)
    await store.create(conversation("good", prompt("p1"), good, model="anthropic/opus"))
    await store.create(conversation("bad", prompt("p2"), bad, model="openai/gpt-6"))
    await store.create(conversation("new", model="openai/gpt-6"))
    await store.set_labels("new", Labels(pinned=True, tags=("work", "later")))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("model:gpt", {"bad", "new"}),
        ("state:failed", {"bad"}),
        ("state:unfinished", {"bad"}),
        ("cost:>0.1", {"good"}),
        ("cost:<0.1", set()),
        ("tag:work", {"new"}),
        ("tag:work tag:later", {"new"}),
        ("tag:work tag:home", set()),
        ("is:pinned", {"new"}),
        ("model:gpt state:failed", {"bad"}),
    ],
)
async def test_the_list_has_what_passes_every_filter(store: Store, text: str, ids: set[str]) -> None:
    await library(store)
    query = ListQuery(wanted=parse_filter(text), has_details=True)
    assert {summary.id for summary in await store.page(query)} == ids
    assert sum(await store.counts_since(query, [])) == len(ids)


async def test_details_have_labels_branches_and_how_it_ended(store: Store) -> None:
    await library(store)
    shown = {summary.id: summary for summary in await store.page(ListQuery(has_details=True))}
    assert shown["bad"].status is TurnStatus.FAILED and shown["new"].status is None
    assert shown["new"].pinned and shown["new"].tags == ("work", "later")
    assert shown["good"].branches == 1


@pytest.mark.parametrize("damaged", [2**63 - 1, -(2**63)])
async def test_the_days_count_a_conversation_with_a_damaged_time_of_use(store: Store, damaged: int) -> None:
    await store.create(conversation("odd", prompt("p1")))
    await store._write(lambda db: db.execute("UPDATE conversation SET used = ?", (damaged,)))
    days = [datetime.now(UTC), datetime.now(UTC) - timedelta(days=1)]
    assert await store.counts_since(ListQuery(), days) == ([1, 0, 0] if damaged > 0 else [0, 0, 1])


async def test_the_start_of_the_list_has_the_pinned_apart_and_counts_the_others(store: Store) -> None:
    await library(store)
    await store.create(conversation("more", prompt("p-more")))
    days = [datetime.now(UTC) - timedelta(days=1)]
    query = ListQuery(limit=2, has_details=True)
    start = await store.list_start(query, days, 10)
    assert [summary.id for summary in start.pinned] == ["new"]
    others = await store.page(replace(query, pinned=False))
    assert start.page == others and "new" not in {summary.id for summary in others}
    assert start.counts == await store.counts_since(replace(query, pinned=False), days)
    assert sum(start.counts) == await store.count() - 1


async def test_the_start_of_the_list_does_not_read_each_of_many_conversations(store: Store) -> None:
    """It is shown at a key; SQLite reports its work in steps of its virtual machine."""
    await library(store)
    await store.save_all([conversation(f"many-{number}") for number in range(2_000)])
    await store.save_all([conversation(f"gone-{number}") for number in range(5)])
    await store.archive("gone-0")
    await store.delete("gone-1")
    query, days = ListQuery(limit=2, pinned=False, has_details=True), [datetime.now(UTC) - timedelta(days=1)]
    matching = replace(query, matching="a")
    steps = 0

    def count_steps(db: Connection) -> None:
        def step() -> None:
            nonlocal steps
            steps += 100

        db.set_progress_handler(step, 100)

    await store._read(count_steps)
    start = await store.list_start(query, days, 10)
    assert sum(start.counts) == await store.count() - 1
    assert steps < 10_000
    assert sum(await store.counts_since(matching, days)) < sum(start.counts)
    assert steps > 20_000, "reading each of them would be seen"


async def test_the_list_is_sorted_by_the_order_of_the_filter(store: Store) -> None:
    for name, dollars, title in (("a", "0.5", "Zebra"), ("b", "12", "apple"), ("c", "2", "Mango")):
        priced_reply = priced(reply(f"r{name}", f"p{name}", "So."), dollars)
        await store.create(conversation(name, prompt(f"p{name}"), priced_reply, title=title))
    await store.create(conversation("d", title="without a price"))
    for text, order in (("sort:cost", "bcad"), ("sort:ti", "bcda"), ("sort:oldest", "abcd"), ("", "dcba")):
        query = ListQuery(wanted=parse_filter(text))
        assert "".join([summary.id for summary in await store.page(query)]) == order, text
    assert parse_filter("rate sort:cost").words == "rate" and not parse_filter("sort:zebra").sort
