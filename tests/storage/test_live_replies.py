"""Replies that are coming in: kept as they come, found again after a death, left alone while they live."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import DEAD, HERE, Clock, conversation, live, prompt, reply
from tui_chat.core.error import NotFound, ReplyInFlight
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    ReplyOpened,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.part import Opaque, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.storage.store import Store

ALL_KINDS: list[ProviderEvent] = [
    ReplyOpened("req_1"),
    ThinkingDelta("h"),
    ThinkingDelta("m"),
    PartEnd(Opaque("anthropic", "{}")),
    TextDelta("Be"),
    TextDelta("cause"),
    PartEnd(),
    ToolCallDelta("t1", "search", '{"q"'),
    ToolCallDelta("t1", "", ":1}"),
    ToolCallDelta("t2", "open", "{}", True),
    PartEnd(None, "t1"),
    PartDelta(ToolResultPart("t1", "found")),
    UsageReported(Usage(input_tokens=5, output_tokens=1)),
    TextDelta("."),
]
AS_PARTS = (
    ThinkingPart("hm", Opaque("anthropic", "{}")),
    TextPart("Because"),
    ToolCallPart("t1", "search", '{"q":1}'),
    ToolCallPart("t2", "open", "{}", True),
    ToolResultPart("t1", "found"),
    TextPart("."),
)


async def begin(store: Store, conversation_id: str = "c1", turn_id: str = "a1") -> None:
    await store.create(conversation(conversation_id))
    await store.append(conversation_id, [prompt("u1"), live(turn_id, "u1")], head=turn_id)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_what_has_arrived_is_read_back_however_it_was_cut(store: Store, size: int) -> None:
    await begin(store)
    for at in range(0, len(ALL_KINDS), size):
        await store.checkpoint("a1", ALL_KINDS[at : at + size])
    turn = (await store.conversation("c1")).turn("a1")
    assert turn.parts == AS_PARTS
    assert turn.is_live and turn.request_id == "req_1" and turn.usage == Usage(input_tokens=5, output_tokens=1)


async def test_a_continued_reply_goes_on_from_what_it_had(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1")))
    await store.append("c1", [replace(live("a1", "u1"), parts=(TextPart("Beca"),))], head="a1")
    await store.checkpoint("a1", [TextDelta("use")])
    assert (await store.conversation("c1")).turn("a1").text == "Because"


async def test_a_reply_that_has_ended_takes_no_more(store: Store) -> None:
    await begin(store)
    await store.finish(reply("a1", "u1"))
    with pytest.raises(NotFound):
        await store.checkpoint("a1", [TextDelta("more")])


async def test_a_reply_whose_program_died_is_interrupted_at_the_next_start(open_store: Open) -> None:
    dying = await open_store(owner=DEAD)
    await begin(dying)
    await dying.checkpoint("a1", ALL_KINDS)
    store = await open_store()
    assert store.opening.interrupted == ("a1",)
    turn = (await store.conversation("c1")).turn("a1")
    assert turn.status is TurnStatus.INTERRUPTED and turn.parts == AS_PARTS
    assert turn.usage == Usage(input_tokens=5, output_tokens=1)
    assert (await open_store()).opening.interrupted == ()


async def test_a_dead_reply_whose_prompt_lies_elsewhere_does_not_keep_the_library_closed(open_store: Open) -> None:
    dying = await open_store(owner=DEAD)
    await dying.create(conversation("c2"))
    await begin(dying)
    await dying._write(lambda db: db.execute("UPDATE turn SET conversation = 1 WHERE id = 'u1'"))
    store = await open_store()
    assert store.opening.interrupted == ("a1",)
    await store.repair()
    assert (await store.check()).is_healthy
    assert (await store.conversation("c1")).turn("a1").status is TurnStatus.INTERRUPTED


async def test_a_living_reply_of_another_program_is_left_alone(open_store: Open) -> None:
    await begin(await open_store())
    other = await open_store(owner=replace(HERE, pid=HERE.pid + 1))
    assert other.opening.interrupted == ()
    assert (await other.conversation("c1")).turn("a1").is_live
    assert (await other.summaries())[0].is_live


async def test_a_program_that_dies_meanwhile_is_noticed_by_the_other(open_store: Open) -> None:
    store, dying = await open_store(), await open_store(owner=DEAD)
    await begin(dying)
    assert (await store.conversation("c1")).turn("a1").status is TurnStatus.INTERRUPTED
    assert not (await store.summaries())[0].is_live
    await store.append("c1", [prompt("u2", "a1"), live("a2", "u2")], head="a2")
    assert (await store.conversation("c1")).turn("a1").status is TurnStatus.INTERRUPTED


async def test_a_stale_prompt_of_another_program_is_refused(open_store: Open) -> None:
    mine, other = await open_store(), await open_store(owner=replace(HERE, pid=HERE.pid + 1))
    await mine.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await mine.append("c1", [prompt("u2", "a1"), live("a2", "u2")], head="a2")
    with pytest.raises(ReplyInFlight):
        await other.append("c1", [prompt("u3", "a1"), live("a3", "u3")], head="a3")
    with pytest.raises(ReplyInFlight):
        await other.append("c1", [live("a3", "u2")], head="a3")
    await other.append("c1", [prompt("u3"), live("a3", "u3")], head="a3")


async def test_a_process_on_another_machine_is_believed_for_a_while(open_store: Open, clock: Clock) -> None:
    far = await open_store(owner=replace(HERE, host="elsewhere"))
    await begin(far)
    near = await open_store()
    assert (await near.conversation("c1")).turn("a1").is_live
    clock.now = clock.now.replace(hour=23)
    assert (await near.conversation("c1")).turn("a1").status is TurnStatus.INTERRUPTED


async def test_checkpoints_are_gone_after_the_end(open_store: Open, path: Path) -> None:
    store = await open_store()
    await begin(store)
    for _ in range(5):
        await store.checkpoint("a1", [TextDelta("x")])
    await store.finish(reply("a1", "u1"))
    count = await store._read(lambda db: db.execute("SELECT count(*) FROM checkpoint").fetchone()[0])
    assert count == 0
