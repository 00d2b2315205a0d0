"""Any part of a long list loads at once; words that no title has are searched in the messages."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.ui.turns import BEGAN, conversation, prompt, reply
from tui_chat.core.conversation import Conversation
from tui_chat.storage.labels import Labels
from tui_chat.storage.store import Store
from tui_chat.ui.library.data_source import PAGE, Hits, ListFilter, Shelf, Titles, load_rows


def made(number: int) -> Conversation:
    one = prompt(0, f"question {number} about gears")
    answer = reply(1, f"answer {number}", parent_id=f"p{number}")
    both = replace(one, id=f"p{number}"), replace(answer, id=f"r{number}")
    return replace(
        conversation(*both), id=f"c{number:04}", title=f"Title {number}", created_at=BEGAN, updated_at=BEGAN
    )


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made_store = await Store.open(":memory:")
    await made_store.save_all([made(number) for number in range(300)])
    yield made_store
    await made_store.aclose()


async def test_only_the_pages_in_sight_are_fetched_and_they_fit_together(store: Store) -> None:
    rows = Titles(store, ListFilter())
    await rows.load(0, 10)
    assert rows.count == 300 and rows.total == 301, "a heading and its conversations"
    assert rows.heading(0) and rows.at(0) is None
    assert rows.at(PAGE + 1) is None, "it was not looked at"
    await rows.load(291, 300)
    assert rows.at(300) is not None and rows.at(121) is None
    await rows.load(0, 300)
    ids = [one.id for number in range(301) if (one := rows.at(number)) is not None]
    assert len(set(ids)) == 300
    assert ids == [one.id for one in await store.summaries(limit=300)]


async def test_titles_are_looked_in_first(store: Store) -> None:
    wanted, rows = await load_rows(store, ListFilter("title 29"), 0)
    assert isinstance(rows, Titles) and not wanted.full_text
    assert rows.count == 13
    first = rows.target(1)
    assert first is not None and first.turn_id is None and "29" in first.title


async def test_a_query_that_no_title_contains_is_searched_in_the_messages(store: Store) -> None:
    wanted, rows = await load_rows(store, ListFilter("gears"), 0)
    assert isinstance(rows, Hits) and wanted.full_text
    found = rows.target(0)
    assert found is not None and found.words == ("gears",) and found.turn_id is not None


@pytest.mark.parametrize("text", ['"question 7"', "role:user title", "model:demo title", "after:2020 title"])
async def test_quotes_and_filters_mean_full_text_search(text: str) -> None:
    assert ListFilter(text).needs_full_text


async def test_hits_are_fetched_on_as_they_come_near_and_each_stands_once(store: Store) -> None:
    rows = Hits(store, ListFilter("gears", full_text=True))
    await rows.load(0, 10)
    assert 0 < rows.total < 300
    while rows.total < 300:
        before = rows.total
        await rows.load(before - 1, before)
        assert rows.total > before
    await rows.load(299, 310)
    assert rows.total == 300
    assert len({found.turn_id for number in range(300) if (found := rows.target(number)) is not None}) == 300


async def test_the_trash_and_the_archive_are_lists_of_their_own(store: Store) -> None:
    await store.delete("c0003")
    await store.archive("c0004")
    for shelf, only in ((Shelf.TRASH, "c0003"), (Shelf.ARCHIVED, "c0004")):
        _, rows = await load_rows(store, ListFilter(shelf=shelf), 0)
        found = rows.target(1)
        assert rows.count == 1 and found is not None and found.conversation_id == only
    _, rows = await load_rows(store, ListFilter("gears", Shelf.TRASH), 0)
    assert rows.total == 0, "messages are not searched in the trash"


async def test_pinned_ones_come_first_and_once(store: Store) -> None:
    for name in ("c0003", "c0299"):
        await store.set_labels(name, Labels(pinned=True))
    rows = Titles(store, ListFilter())
    await rows.load(0, 310)
    assert rows.heading(0) == "Pinned" and rows.count == 300 and rows.total == 302
    shown = [one.id for number in range(302) if (one := rows.at(number)) is not None]
    assert set(shown[:2]) == {"c0003", "c0299"} and len(set(shown)) == len(shown) == 300
    assert rows.heading(3) and rows.target(3) is None


async def test_a_sorted_list_is_one_group_with_every_conversation_in_its_order(store: Store) -> None:
    await store.set_labels("c0003", Labels(pinned=True))
    _, rows = await load_rows(store, ListFilter("sort:oldest"), 0)
    assert isinstance(rows, Titles) and rows.heading(0) == "Sorted: oldest" and rows.total == 301
    await rows.load(0, 300)
    oldest_first = [one.id for number in range(301) if (one := rows.at(number)) is not None]
    assert oldest_first == [f"c{number:04}" for number in range(300)]


async def test_tags_narrow_the_titles_and_the_messages(store: Store) -> None:
    await store.set_labels("c0007", Labels(tags=("work",)))
    wanted, rows = await load_rows(store, ListFilter("tag:work"), 0)
    assert isinstance(rows, Titles) and rows.count == 1 and not wanted.full_text
    wanted, rows = await load_rows(store, ListFilter("tag:work gears"), 0)
    assert isinstance(rows, Hits) and {rows.target(row).conversation_id for row in range(rows.total)} == {"c0007"}  # type: ignore[union-attr]
    _, rows = await load_rows(store, ListFilter("tag:home gears"), 0)
    assert rows.total == 0


async def test_nothing_is_nothing(store: Store) -> None:
    wanted, rows = await load_rows(store, ListFilter("nobody ever said this"), 0)
    assert rows.total == 0 and not wanted.full_text and rows.target(0) is None
