"""What a user means by a few words."""

from dataclasses import replace

import pytest

from tests.ui.library.test_data_source import made
from tui_chat.core.conversation import ConversationPosition
from tui_chat.core.error import NotFound
from tui_chat.service.resolve_conversation import resolve_conversation
from tui_chat.storage.store import Store


@pytest.fixture(autouse=True)
async def shelf(store: Store) -> None:
    titles = {1: "Rate limiter in Rust", 2: "rate limiter", 3: "Gardening", 4: "Limiter of rates, newest"}
    await store.save_all([replace(made(number), title=title) for number, title in titles.items()])


@pytest.mark.parametrize(
    ("words", "dependencies"),
    [
        ("c0003", ConversationPosition("c0003")),
        ("Rate Limiter", ConversationPosition("c0002")),
        ("limiter rust", ConversationPosition("c0001")),
        ("garden", ConversationPosition("c0003")),
    ],
)
async def test_an_id_goes_before_a_title_and_the_same_title_before_a_longer_one(
    store: Store, words: str, dependencies: ConversationPosition
) -> None:
    assert await resolve_conversation(store, words) == dependencies


async def test_the_one_last_used_goes_first_among_equals(store: Store) -> None:
    first = (await store.summaries(matching="limiter", limit=1))[0]
    assert await resolve_conversation(store, "limiter") == ConversationPosition(first.id)


async def test_a_query_that_no_title_contains_is_searched_in_the_messages(store: Store) -> None:
    found = await resolve_conversation(store, '"answer 3"')
    assert (found.conversation_id, found.turn_id) == ("c0003", "r3")
    assert " ".join(found.words) == "answer 3"


async def test_an_archived_one_is_found_and_one_in_the_trash_is_not(store: Store) -> None:
    await store.archive("c0003")
    assert (await resolve_conversation(store, "gardening")).conversation_id == "c0003"
    await store.delete("c0003")
    with pytest.raises(NotFound):
        await resolve_conversation(store, "gardening")


@pytest.mark.parametrize("words", ["", "   ", "zebra stripes", "role:", '"'])
async def test_a_query_without_a_match_raises_not_found(store: Store, words: str) -> None:
    with pytest.raises(NotFound, match="no title or message matches"):
        await resolve_conversation(store, words)
