"""Search finds the text of messages, in any script, ranked, with its place."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.conftest import Open
from tests.storage.make import NOON, conversation, live, prompt, reply
from tui_chat.core.conversation import SearchHit
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import Role
from tui_chat.storage import search_index
from tui_chat.storage.store import Store

TEXTS = {
    "u1": "How do I rename user_name to getUserName in C++?",
    "a1": "Use std::string and HTTPServer; the servers are re\u0301sume\u0301d. Done.",
    "u2": "用GPT模型搜索全文，可以吗？",
    "a2": "日本語の全文検索です。ストリーミング！",
    "u3": "Ein Größenvergleich der Äpfel 🎉 ok",
    "a3": "The quick brown fox\njumps over 100% of the lazy dogs.",
}


@pytest.fixture
async def full(store: Store) -> Store:
    turns, parent = [], None
    for turn_id, text in TEXTS.items():
        turns.append(prompt(turn_id, parent, text) if turn_id[0] == "u" else reply(turn_id, parent, text))
        parent = turn_id
    await store.create(conversation("c1", *turns, title="About everything"))
    return store


def marked(hit: SearchHit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.marks]


@pytest.mark.parametrize(
    ("query", "found", "marks"),
    [
        ("user_name", ["u1"], ["user_name"]),
        ("getusername", ["u1"], ["getUserName"]),
        ("UserName", ["u1"], ["UserName"]),
        ("renam", ["u1"], ["renam"]),
        ("c++", ["u1"], ["C++"]),
        ("++", ["u1"], ["++"]),
        ("std::string", ["a1"], ["std::string"]),
        ("httpserver", ["a1"], ["HTTPServer"]),
        ("resumed", ["a1"], ["re\u0301sume\u0301d"]),
        ("server done", ["a1"], ["server", "Done"]),
        ("模型", ["u2"], ["模型"]),
        ("模", ["u2"], ["模"]),
        ("全文", ["a2", "u2"], ["全文"]),
        ("搜索全文", ["u2"], ["搜索全文"]),
        ("gpt模", ["u2"], ["GPT模"]),
        ("型搜", ["u2"], ["型搜"]),
        ("ストリー", ["a2"], ["ストリー"]),
        ("です", ["a2"], ["です"]),
        ("größen", ["u3"], ["Größen"]),
        ("aepfel", [], []),
        ("äpfel", ["u3"], ["Äpfel"]),
        ("apfel", ["u3"], ["Äpfel"]),
        ("🎉", ["u3"], ["🎉"]),
        ("o", ["a3", "u3"], ["o"]),
        ("qu", ["a3"], ["qu"]),
        ('"brown fox jumps"', ["a3"], ["brown fox\njumps"]),
        ('"fox brown"', [], []),
        ("fox quick", ["a3"], ["quick", "fox"]),
        ("100%", ["a3"], ["100%"]),
        ("uick", ["a3"], ["uick"]),
        ("nothing of this", [], []),
        ('""', [], []),
        ("   ", [], []),
    ],
)
async def test_search_finds_messages_and_marks_the_terms(
    full: Store, query: str, found: list[str], marks: list[str]
) -> None:
    hits = await full.search(query)
    assert {hit.turn_id for hit in hits} == set(found)
    assert {mark.casefold() for hit in hits for mark in marked(hit)} == {mark.casefold() for mark in marks}


async def test_a_hit_knows_its_place(full: Store) -> None:
    (hit,) = await full.search("httpserver")
    assert hit.conversation_id == "c1" and hit.title == "About everything"
    assert hit.role is Role.ASSISTANT and hit.model == "demo/tour" and hit.created_at == NOON
    assert hit.snippet == TEXTS["a1"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("role:user", 3),
        ("role:assistant the", 2),
        ("model:tour", 3),
        ("model:DEMO the", 2),
        ("model:gpt the", 0),
        ("title:every", 6),
        ("title:nothing", 0),
        ('title:"about every" 全文', 2),
        ("after:2025-06-01", 6),
        ("after:2025-06-03", 0),
        ("before:2025-05-30", 0),
        ("before:2025-06-03 fox", 1),
        ("after:2024 before:2026 fox", 1),
        ("after:1000 before:9000 fox", 1),
        ("after:2026 before:2024 fox", 0),
    ],
)
async def test_filters_narrow_the_search(full: Store, query: str, count: int) -> None:
    assert len(await full.search(query)) == count


async def test_a_moment_is_compared_exactly(store: Store) -> None:
    turns = [replace(prompt(f"u{n}", text="same"), created_at=NOON + timedelta(hours=n)) for n in range(4)]
    await store.create(conversation("c1", *turns))
    at = (NOON + timedelta(hours=2)).isoformat()
    assert {hit.turn_id for hit in await store.search(f"same after:{at}")} == {"u2", "u3"}
    assert {hit.turn_id for hit in await store.search(f"same before:{at}")} == {"u0", "u1"}


async def test_the_better_match_stands_first(store: Store) -> None:
    texts = [
        "docker docker docker compose docker",
        "much else is said here and only at the very end of it all somebody says dockerized" + " and so on" * 50,
        "dock and harbour",
    ]
    await store.create(conversation("c1", *(prompt(f"u{n}", text=text) for n, text in enumerate(texts))))
    assert [hit.turn_id for hit in await store.search("docker")] == ["u0", "u1"]


async def test_pages_never_shift_or_repeat(store: Store) -> None:
    turns = [prompt(f"u{n}", text=f"word {'word ' * (n % 7)} {n}") for n in range(400)]
    await store.create(conversation("c1", *turns))
    everything = [hit.turn_id for hit in await store.search("word", limit=1000)]
    paged = [hit.turn_id for at in range(0, 450, 50) for hit in await store.search("word", limit=50, offset=at)]
    assert paged == everything and len(set(paged)) == 400


async def test_every_turn_with_a_word_is_found_however_common(store: Store) -> None:
    turns = [prompt(f"u{n}", text="common " + ("needle" if n % 50 == 3 else "straw")) for n in range(3000)]
    await store.create(conversation("c1", *turns))
    for query in ("needle", "needl", "common needle", '"common needle"', "ne"):
        assert len(await store.search(query, limit=100)) == 60, query


async def test_the_index_follows_finish_edit_and_purge(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1", text="first"), live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("unfinished")])
    assert await store.search("unfinished") == []
    await store.finish(reply("a1", "u1", "finished"))
    assert [hit.turn_id for hit in await store.search("finished")] == ["a1"]
    await store.save(conversation("c1", prompt("u1", text="changed"), reply("a1", "u1", "finished")))
    assert await store.search("first") == []
    assert [hit.turn_id for hit in await store.search("changed")] == ["u1"]
    await store.delete("c1")
    assert await store.search("finished") == []
    await store.restore("c1")
    assert len(await store.search("finished")) == 1
    await store.delete("c1")
    await store.purge(NOON.replace(year=2100))
    assert await store.search("finished") == []


async def test_an_archived_conversation_is_still_found(full: Store) -> None:
    await full.archive("c1")
    assert len(await full.search("fox")) == 1 and len(await full.search("title:about fox")) == 1


async def test_search_works_without_full_text_search(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "is_possible", lambda: False)
    store = await open_store()
    await store.create(conversation("c1", prompt("u1", text="plain words, 全文"), title="T"))
    for query in ("wor", "全", "role:user", "title:t words"):
        assert [hit.turn_id for hit in await store.search(query)] == ["u1"], query
    await store.aclose()
    monkeypatch.undo()
    store = await open_store()
    assert [hit.turn_id for hit in await store.search("words")] == ["u1"]
    assert await store._read(search_index.is_complete)


async def test_the_index_is_rebuilt_after_a_time_without_it(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1", text="before")))
    with monkeypatch.context() as without:
        without.setattr(search_index, "is_possible", lambda: False)
        await store.create(conversation("c2", prompt("u2", text="while")))
    assert [hit.turn_id for hit in await store.search("while")] == ["u2"]
    await store.aclose()
    store = await open_store()
    assert await store._read(search_index.is_complete)
    assert [hit.turn_id for hit in await store.search("while")] == ["u2"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("ab \"':*()-+^{}~\\/\n模型の\x00é.,%_&|!NEAR AND OR NOT"), max_size=40))
async def test_no_query_is_an_error(full: Store, query: str) -> None:
    for hit in await full.search(query):
        assert all(0 <= start < end <= len(hit.snippet) for start, end in hit.marks)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(alphabet="abcAB éß模型索引ん _-.\n", min_size=1, max_size=30), min_size=1, max_size=8),
    st.text(alphabet="abc模型索", min_size=1, max_size=3),
)
async def test_every_turn_with_a_word_that_begins_so_is_found(texts: list[str], wanted: str) -> None:
    store = await Store.open(":memory:")
    await store.create(conversation("c1", *(prompt(f"u{n}", text=text) for n, text in enumerate(texts))))
    found = {hit.turn_id for hit in await store.search(wanted, limit=100)}
    await store.aclose()
    begins = "" if wanted[0] > "\u3000" else "(?<![a-zA-Zéß])"
    expected = {f"u{n}" for n, text in enumerate(texts) if re.search(begins + wanted, text, re.IGNORECASE)}
    assert expected <= found
