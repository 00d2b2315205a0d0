"""Drafts, prompts and small state."""

import pytest

from tests.storage.make import conversation
from tui_chat.core.error import NotFound
from tui_chat.storage.store import Store


async def test_a_draft_belongs_to_its_conversation_or_to_none(store: Store) -> None:
    await store.create(conversation("c1"))
    assert await store.draft("c1") == "" and await store.draft(None) == ""
    await store.set_draft("c1", "for this")
    await store.set_draft(None, "for a new one")
    assert await store.draft("c1") == "for this" and await store.draft(None) == "for a new one"
    await store.set_draft(None, "")
    assert await store.draft(None) == ""
    with pytest.raises(NotFound):
        await store.set_draft("nope", "x")


async def test_prompts_come_back_newest_first_each_once(store: Store) -> None:
    for text in ("one", "two", "two", "  ", "ONE more", "one"):
        await store.add_prompt(text)
    assert await store.prompts() == ["one", "ONE more", "two"]
    assert await store.prompts("one") == ["one", "ONE more"]
    assert await store.prompts(limit=1) == ["one"]


@pytest.mark.parametrize("damaged", [2**63 - 1, -(2**63)])
async def test_prompts_are_kept_after_a_number_that_cannot_grow(store: Store, damaged: int) -> None:
    for text in ("first", "second"):
        await store.add_prompt(text)
    await store._write(lambda db: db.execute("UPDATE prompt SET seq = ? WHERE text = 'second'", (damaged,)))
    await store.add_prompt("third")
    assert sorted(await store.prompts()) == ["first", "second", "third"]
    assert (await store.prompts())[0] == "third"


async def test_state_holds_what_json_can(store: Store) -> None:
    assert await store.state("theme") is None
    for value in ("dark", 3, {"a": [1, None]}, False):
        await store.set_state("theme", value)
        assert await store.state("theme") == value
    await store.set_state("theme", None)
    assert await store.state("theme") is None
