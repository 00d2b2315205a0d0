"""Lists, ids and titles."""

import pytest

from tests.storage.make import Clock, conversation, prompt
from tui_chat.core.conversation import Options, TitleSource
from tui_chat.core.error import NotFound
from tui_chat.storage.store import Store


async def filled(store: Store, count: int) -> list[str]:
    """Conversations, last used first."""
    names = [f"c{number}" for number in range(count)]
    for name in names:
        await store.create(conversation(name, title=f"About {name}"))
    return names[::-1]


async def test_the_list_is_paged_without_gap_or_repeat(store: Store) -> None:
    names = await filled(store, 7)
    seen: list[str] = []
    page = await store.summaries(limit=3)
    while True:
        seen += [summary.id for summary in page]
        if page.end is None:
            break
        page = await store.summaries(limit=3, after=page.end)
    assert seen == names
    assert await store.count() == 7


async def test_a_page_goes_on_where_it_was_though_one_was_used_meanwhile(store: Store) -> None:
    await filled(store, 4)
    page = await store.summaries(limit=2)
    await store.append("c3", [prompt("u1")], head="u1")
    assert [summary.id for summary in await store.summaries(limit=2, after=page.end)] == ["c1", "c0"]


async def test_titles_are_matched_by_all_words_in_any_script(store: Store) -> None:
    for name, title in {"c1": "Größe der ÄPFEL", "c2": "苹果的大小", "c3": "Apples 100%"}.items():
        await store.create(conversation(name, title=title))
    for matching, found in {
        "äpfel größe": ["c1"],
        "大小": ["c2"],
        "0%": ["c3"],
        "_": [],
        "": ["c3", "c2", "c1"],
    }.items():
        assert [summary.id for summary in await store.summaries(matching=matching)] == found
        assert await store.count(matching=matching) == len(found)


async def test_archive_and_trash_are_lists_of_their_own(store: Store) -> None:
    await filled(store, 3)
    await store.archive("c0")
    await store.delete("c1")
    assert [summary.id for summary in await store.summaries()] == ["c2"]
    assert [summary.id for summary in await store.summaries(archived=True)] == ["c0"]
    (deleted,) = await store.summaries(deleted=True)
    assert deleted.id == "c1" and deleted.deleted_at is not None
    assert await store.last_conversation() == "c2"
    await store.unarchive("c0")
    await store.restore("c1")
    assert [summary.id for summary in await store.summaries()] == ["c2", "c1", "c0"]


async def test_the_last_conversation_of_an_empty_library_is_none(store: Store) -> None:
    assert await store.last_conversation() is None
    assert await store.summaries() == []


async def test_an_id_may_be_shortened_to_any_unique_beginning(store: Store) -> None:
    for name in ("abc1", "abd2", "ab"):
        await store.create(conversation(name))
    assert await store.resolve("abc") == "abc1"
    assert await store.resolve("ab") == "ab"
    for wrong in ("a", "x", "", "%"):
        with pytest.raises(NotFound):
            await store.resolve(wrong)
    with pytest.raises(NotFound, match="ambiguous"):
        await store.resolve("a")


async def test_a_weaker_title_never_replaces_a_stronger(store: Store) -> None:
    await store.create(conversation("c1", title=""))
    assert await store.rename("c1", "by prompt", TitleSource.PROMPT)
    assert await store.rename("c1", "by model", TitleSource.MODEL)
    assert not await store.rename("c1", "by prompt", TitleSource.PROMPT)
    assert await store.rename("c1", "mine")
    assert not await store.rename("c1", "by model", TitleSource.MODEL)
    assert (await store.conversation("c1")).title == "mine"


async def test_what_the_next_prompt_uses_can_be_changed(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1")))
    await store.set_model("c1", "openai/gpt")
    await store.set_system("c1", "Be brief.")
    await store.set_options("c1", Options(effort="low"))
    await store.set_head("c1", None)
    found = await store.conversation("c1")
    assert (found.model, found.system, found.options, found.head) == (
        "openai/gpt",
        "Be brief.",
        Options(effort="low"),
        None,
    )
    with pytest.raises(NotFound):
        await store.set_head("c1", "nope")
    with pytest.raises(NotFound):
        await store.set_model("nope", "x")


async def test_using_a_conversation_brings_it_to_the_front(store: Store, clock: Clock) -> None:
    await filled(store, 3)
    await store.append("c0", [prompt("u1")], head="u1")
    assert [summary.id for summary in await store.summaries()] == ["c0", "c2", "c1"]
