"""Conversations go in and come out the same, in whole steps."""

import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import NOON, PRICE, Clock, as_stored, conversation, live, priced, prompt, reply
from tui_chat.core.conversation import Options, Origin, TitleSource
from tui_chat.core.error import Fault, NotFound, ReplyInFlight, StorageError
from tui_chat.core.event import TextDelta
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.storage.search_index import words_of
from tui_chat.storage.store import Store

BLOCK = Opaque("anthropic", '{"signature": "xyz"}')
EVERY_PART = (
    ThinkingPart("hm", BLOCK),
    TextPart("first 🎉 "),
    ToolCallPart("t1", "search", '{"q": 1', True, BLOCK),
    ToolResultPart("t1", "found\x00nothing", True),
    TextPart("second", BLOCK),
    AttachmentPart("a.png", "image/png", b"\x00\xff"),
    OtherPart("video", BLOCK),
    TextPart(""),
)


async def test_a_conversation_comes_back_equal(store: Store) -> None:
    full = conversation(
        "c1",
        prompt("u1"),
        replace(
            priced(reply("a1", "u1"), "0.000123450"),
            parts=EVERY_PART,
            stop_reason="end_turn",
            stop_detail="said enough",
            fault=Fault("stream_cut", "broke", "req_1", "dropped"),
            request_id="req_1",
            ttft_ms=12,
            duration_ms=3400,
        ),
        title_source=TitleSource.USER,
        system="Be brief.",
        options=Options(max_tokens=100, temperature=0.25, effort="high", thinking=False),
        archived_at=NOON,
        origin=Origin("c0", "u0", "chatgpt", "x-1"),
    )
    await store.create(full)
    assert await store.conversation("c1") == as_stored(full)


async def test_an_empty_conversation_comes_back_equal(store: Store) -> None:
    empty = conversation("c1", origin=Origin())
    await store.create(empty)
    assert await store.conversation("c1") == empty


async def test_an_unknown_conversation_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.conversation("nope")


async def test_creating_twice_fails_and_changes_nothing(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1")))
    with pytest.raises(StorageError):
        await store.create(conversation("c1", prompt("u1", text="other")))
    assert (await store.conversation("c1")).turn("u1").text == "Why?"


async def test_append_adds_turns_moves_the_head_and_gives_a_title(store: Store) -> None:
    await store.create(conversation("c1", title=""))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1", title="Why?")
    found = await store.conversation("c1")
    assert [turn.id for turn in found.path] == ["u1", "a1"]
    assert found.title == "Why?" and found.title_source is TitleSource.PROMPT
    assert found.turn("a1").is_live


async def test_append_under_a_turn_that_is_not_there_changes_nothing(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1")))
    with pytest.raises(NotFound):
        await store.append("c1", [prompt("u2", "u1"), live("a1", "elsewhere")], head="a1")
    with pytest.raises(NotFound):
        await store.append("c1", [prompt("u2", "u1")], head="elsewhere")
    assert [turn.id for turn in (await store.conversation("c1")).turns] == ["u1"]


async def test_append_leaves_a_renamed_title_alone(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.rename("c1", "Mine", TitleSource.USER)
    await store.append("c1", [prompt("u1")], head="u1", title="Why?")
    assert (await store.conversation("c1")).title == "Mine"


async def test_a_branch_being_answered_takes_no_second_prompt(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    with pytest.raises(ReplyInFlight):
        await store.append("c1", [prompt("u2", "a1"), live("a2", "u2")], head="a2")
    await store.append("c1", [prompt("u3"), live("a3", "u3")], head="a3")
    await store.finish(reply("a1", "u1"))
    await store.append("c1", [prompt("u2", "a1"), live("a2", "u2")], head="a2")
    assert len((await store.conversation("c1")).turns) == 6


async def test_finish_replaces_the_partial_by_the_final_turn(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("Beca")])
    final = priced(reply("a1", "u1", status=TurnStatus.CANCELLED), "0.5")
    await store.finish(final)
    assert (await store.conversation("c1")).turn("a1") == final


async def test_finishing_an_unknown_turn_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.finish(reply("a1", None))


async def test_the_summary_follows_every_change(store: Store, clock: Clock) -> None:
    await store.create(conversation("c1", prompt("u0"), priced(reply("a0", "u0"), "0.1")))
    await store.append("c1", [prompt("u1", "a0"), live("a1", "u1")], head="a1")
    (live_one,) = await store.summaries()
    assert live_one.is_live and live_one.turns == 4 and live_one.cost_usd == Decimal("0.1")
    await store.finish(priced(reply("a1", "u1"), "0.2", estimated=True))
    (summary,) = await store.summaries()
    assert not summary.is_live and summary.turns == 4
    assert summary.cost_usd == Decimal("0.3") and summary.cost_estimated
    assert summary.updated_at > live_one.updated_at


async def test_an_unknown_price_is_neither_nothing_nor_the_whole(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1"), priced(reply("a1", "u1"), None)))
    (summary,) = await store.summaries()
    assert summary.cost_usd is None
    await store.append("c1", [priced(reply("a2", "u1"), "0.2")], head="a2")
    (summary,) = await store.summaries()
    assert summary.cost_usd == Decimal("0.2") and summary.cost_estimated


async def test_save_is_an_upsert_of_the_whole_tree(store: Store) -> None:
    first = conversation("c1", prompt("u1"), reply("a1", "u1"))
    await store.save(first)
    second = replace(
        first, title="New", head="a2", turns=(prompt("u1"), reply("a1", "u1", "Other"), reply("a2", "u1"))
    )
    await store.save(second)
    await store.save(second)
    assert await store.conversation("c1") == second
    assert (await store.summaries())[0].turns == 3


async def test_many_are_saved_together_or_not_at_all(store: Store) -> None:
    await store.save_all([conversation("c1", prompt("u1")), conversation("c2", prompt("u1"))])
    assert await store.count() == 2
    with pytest.raises(StorageError):
        await store.save_all([conversation("c3"), conversation("c4", prompt("u1", text="\ud800"))])
    assert await store.count() == 2


@pytest.mark.parametrize("are_words_known", [False, True])
async def test_a_long_conversation_is_saved_whole_and_indexed(store: Store, are_words_known: bool) -> None:
    asked = [prompt(f"u{number}", f"a{number - 1}" if number else None, f"say word{number}") for number in range(50)]
    replied = [reply(f"a{number}", f"u{number}", f"readFile{number}Name") for number in range(50)]
    turns = [turn for pair in zip(asked, replied, strict=True) for turn in pair]
    made = [conversation("c1", *turns), conversation("c2", prompt("u1", text="say word7"))]
    await store.save_all(made, words_of(turns) if are_words_known else {})
    assert await store.conversation("c1") == made[0]
    for number in (10, 31, 49):
        assert [hit.turn_id for hit in await store.search(f"word{number}")] == [f"u{number}"]
        assert [hit.turn_id for hit in await store.search(f"file{number}name")] == [f"a{number}"]
    assert {hit.conversation_id for hit in await store.search('"say word7"')} == {"c1", "c2"}


async def test_save_keeps_the_order_it_is_given(store: Store) -> None:
    u1, a1, a2, a3 = prompt("u1"), reply("a1", "u1"), reply("a2", "u1"), reply("a3", "u1")
    await store.save(conversation("c1", u1, a1, a3))
    await store.save(conversation("c1", u1, a3, a2, a1))
    assert [turn.id for turn in (await store.conversation("c1")).turns] == ["u1", "a3", "a2", "a1"]
    assert (await store.conversation("c1")).head == "a1"


async def test_save_keeps_turns_that_only_the_store_has(store: Store) -> None:
    await store.save(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await store.save(conversation("c1", prompt("u1"), reply("a2", "u1")))
    assert {turn.id for turn in (await store.conversation("c1")).turns} == {"u1", "a1", "a2"}


async def test_save_takes_a_child_before_its_parent(store: Store) -> None:
    odd = conversation("c1", reply("a1", "u1"), prompt("u1"), head="a1")
    await store.save(odd)
    assert await store.conversation("c1") == odd


async def test_a_glimpse_of_a_reply_never_replaces_its_end(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    glimpse = await store.conversation("c1")
    await store.finish(reply("a1", "u1"))
    await store.save(glimpse)
    assert (await store.conversation("c1")).turn("a1").status is TurnStatus.COMPLETE


async def test_saving_a_live_reply_does_not_double_its_text(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("Beca")])
    await store.save(await store.conversation("c1"))
    await store.checkpoint("a1", [TextDelta("use")])
    assert (await store.conversation("c1")).turn("a1").text == "Because"


async def test_saving_does_not_take_over_another_process_reply(open_store: Open, clock: Clock) -> None:
    mine, other = await open_store(), await open_store()
    await mine.create(conversation("c1"))
    await mine.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    await mine.checkpoint("a1", [TextDelta("Beca")])
    await other.save(replace(await other.conversation("c1"), title="Seen"))
    await mine.checkpoint("a1", [TextDelta("use")])
    assert (await mine.conversation("c1")).turn("a1").text == "Because"


async def test_two_conversations_may_hold_turns_by_the_same_id(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1", text="one")))
    await store.create(conversation("c2", prompt("u1", text="two")))
    assert (await store.conversation("c1")).turn("u1").text == "one"
    assert (await store.conversation("c2")).turn("u1").text == "two"


async def test_half_a_character_is_refused_in_words(store: Store) -> None:
    with pytest.raises(StorageError, match="half of a character"):
        await store.create(conversation("c1", prompt("u1", text="\ud83d")))


async def test_the_order_of_use_survives_a_clock_set_back(store: Store, clock: Clock) -> None:
    for name in ("c1", "c2"):
        await store.create(conversation(name))
    clock.now = clock.now.replace(year=1999)
    await store.append("c1", [prompt("u1")], head="u1")
    await store.append("c1", [reply("a1", "u1")], head="a1")
    assert [summary.id for summary in await store.summaries()] == ["c1", "c2"]
    assert [turn.id for turn in (await store.conversation("c1")).turns] == ["u1", "a1"]


async def test_an_import_stands_where_it_was_last_used(store: Store) -> None:
    await store.create(conversation("new"))
    await store.save(replace(conversation("old"), updated_at=NOON.replace(year=2020)))
    assert [summary.id for summary in await store.summaries()] == ["new", "old"]


async def test_purge_destroys_old_trash_only(store: Store, clock: Clock) -> None:
    for name in ("kept", "young", "old"):
        await store.create(conversation(name, prompt("u1"), reply("a1", "u1")))
    await store.delete("old")
    between = clock()
    await store.delete("young")
    assert await store.purge(between) == 1
    with pytest.raises(NotFound):
        await store.conversation("old")
    assert {"kept", "young"} == {s.id for s in [*await store.summaries(), *await store.summaries(deleted=True)]}


async def test_what_was_purged_is_no_longer_in_the_file(open_store: Open, path: Path, clock: Clock) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1", text="the secret plan " * 2000), reply("a1", "u1")))
    await store.create(conversation("c2", prompt("u1")))
    await store.delete("c1")
    await store.purge(clock())
    await store.aclose()
    assert b"secret plan" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_a_head_may_move_without_new_turns(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await store.append("c1", [], head="u1")
    assert (await store.conversation("c1")).head == "u1"


async def test_a_person_can_read_the_tree_with_sqlite(open_store: Open, path: Path) -> None:
    store = await open_store()
    turns = (
        prompt("u1", text="one\ntwo"),
        reply("a1", "u1"),
        prompt("u2", "a1", "left"),
        reply("a2", "u2", status=TurnStatus.CANCELLED),
        prompt("u3", "a1", "right"),
        reply("a3", "u3"),
        prompt("u4", None, "again"),
    )
    await store.create(conversation("c1", *turns))
    db = sqlite3.connect(path)
    ((title, text),) = db.execute("SELECT title, text FROM tree WHERE conversation = 'c1'").fetchall()
    db.close()
    assert title == "Hello" and text.splitlines() == [
        "user: one two",
        "assistant demo/tour: Because.",
        "    user: left",
        "    assistant demo/tour (cancelled): Because.",
        "    user: right",
        "    assistant demo/tour: Because.",
        "user: again",
    ]


async def test_every_figure_of_usage_and_cost_comes_back_as_it_was(store: Store) -> None:
    price = replace(PRICE, thinking_usd=Decimal("3.50"), request_usd=Decimal("0.005"))
    usage = Usage(1, 2, 3, 4, 9, 5, 6, True, Decimal("0.00044968"))
    turns = (prompt("p"), replace(reply("r", "p"), usage=usage, cost=Cost(Decimal("1E-9"), True, price, billed=True)))
    await store.create(conversation("c1", *turns))
    assert (await store.conversation("c1")).turns == turns
