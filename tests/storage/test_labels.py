"""Pins and tags: kept with the conversation, in exports and imports too, and forgotten with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.make import NOON, conversation, prompt
from tui_chat.core.error import NotFound
from tui_chat.formats import native
from tui_chat.storage.labels import MOST_TAGS, NONE, Labels, clean_tags
from tui_chat.storage.store import Store

WORK = Labels(pinned=True, tags=("work", "später"))


async def test_labels_are_kept_and_shown_with_the_conversation(store: Store) -> None:
    await store.create(conversation("c1", prompt("p")))
    assert await store.labels("c1") == NONE
    await store.set_labels("c1", WORK)
    stored = await store.conversation("c1")
    assert (stored.pinned, stored.tags) == (True, ("work", "später"))
    await store.set_labels("c1", NONE)
    assert await store.labels("c1") == NONE


async def test_no_conversation_has_no_labels(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.set_labels("missing", WORK)


async def test_saving_an_older_copy_takes_no_label_away(store: Store) -> None:
    made = conversation("c1", prompt("p"))
    await store.create(made)
    await store.set_labels("c1", WORK)
    await store.save(made)
    assert await store.labels("c1") == WORK


async def test_labels_are_exported_and_imported(store: Store) -> None:
    made = replace(conversation("c1", prompt("p")), pinned=True, tags=("work",))
    text = native.dumps(made)
    assert native.loads(text) == made
    await store.save(native.loads(text))
    assert await store.labels("c1") == Labels(pinned=True, tags=("work",))
    plain = native.dumps(conversation("c2", prompt("p")))
    assert "pinned" not in plain and "tags" not in plain


async def test_labels_go_with_a_conversation_that_is_deleted_for_good(store: Store) -> None:
    await store.create(conversation("c1", prompt("p")))
    await store.set_labels("c1", WORK)
    await store.delete("c1")
    assert await store.purge(NOON + timedelta(days=9999)) == 1
    assert await store.state("labels:c1") is None


async def test_a_damaged_label_is_none(store: Store) -> None:
    await store.create(conversation("c1", prompt("p")))
    await store.set_state("labels:c1", ["odd"])
    assert await store.labels("c1") == NONE and (await store.conversation("c1")).tags == ()


def test_tags_are_words_in_lower_case() -> None:
    assert clean_tags(["#Work", "work", "  two words ", "", "#"]) == ("work", "two-words")
    assert len(clean_tags(map(str, range(100)))) == MOST_TAGS
