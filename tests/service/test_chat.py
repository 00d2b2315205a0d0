"""Send, edit, retry, continue, fork: always new turns, never an overwritten one."""

import asyncio
import gc
from weakref import ref

import pytest

from tests.service.conftest import HELLO, MakeHouse
from tui_chat.core.error import NotFound, ReplyInFlight, RequestRefused
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.service.chat import CONTINUE_PROMPT


async def test_a_blank_conversation_is_not_stored_until_something_is_said(make_house: MakeHouse) -> None:
    house = await make_house()
    blank = house.blank()
    with pytest.raises(NotFound):
        await house.store.conversation(blank.id)


async def test_the_first_prompt_gives_the_title(make_house: MakeHouse) -> None:
    house = await make_house()
    _, conversation = await house.said("## How do *queues* work?\nTell me all.")
    assert conversation.title == "How do *queues* work?"


async def test_a_second_prompt_goes_under_the_first_reply(make_house: MakeHouse) -> None:
    house = await make_house()
    _, conversation = await house.said("one")
    await (await house.service.send(conversation, "two")).wait()
    path = (await house.service.open(conversation.id)).path
    assert [(turn.role, turn.text) for turn in path] == [
        (Role.USER, "one"),
        (Role.ASSISTANT, "Hello"),
        (Role.USER, "two"),
        (Role.ASSISTANT, "Hello"),
    ]
    assert [turn.text for turn in house.provider.requests[1].turns] == ["one", "Hello", "two"]


async def test_a_stored_conversation_without_turns_takes_a_first_prompt(make_house: MakeHouse) -> None:
    house = await make_house()
    empty = house.blank()
    await house.store.create(empty)
    complaints: list[object] = []
    house.service.save_queue.watch(complaints.append)
    await (await house.service.send(empty, "one")).wait()
    assert complaints == [] and len((await house.store.conversation(empty.id)).turns) == 2


async def test_a_stale_value_does_not_lose_what_was_said_since(make_house: MakeHouse) -> None:
    house = await make_house()
    _, stale = await house.said("one")
    await (await house.service.send(stale, "two")).wait()
    await (await house.service.send(stale, "three")).wait()
    conversation = await house.service.open(stale.id)
    assert len(conversation.turns) == 6
    assert [turn.text for turn in conversation.path] == ["one", "Hello", "three", "Hello"]


async def test_retry_makes_a_sibling_and_keeps_the_first_reply(make_house: MakeHouse) -> None:
    house = await make_house(HELLO, (TextDelta("Again"), Stopped("end_turn")))
    first, conversation = await house.said()
    second = await house.service.retry(conversation.id, first.turn_id)
    await second.wait()
    conversation = await house.service.open(conversation.id)
    assert [turn.text for turn in conversation.siblings_of(second.turn_id)] == ["Hello", "Again"]
    assert conversation.head == second.turn_id


async def test_retry_may_ask_another_model(make_house: MakeHouse) -> None:
    house = await make_house()
    first, conversation = await house.said()
    second = await house.service.retry(conversation.id, first.turn_id, model="demo/other")
    await second.wait()
    conversation = await house.service.open(conversation.id)
    assert [turn.model for turn in conversation.siblings_of(second.turn_id)] == ["demo/tour", "demo/other"]
    assert house.provider.requests[1].model == "other"


async def test_edit_makes_another_branch_with_the_same_attachments(make_house: MakeHouse) -> None:
    house = await make_house()
    photo = AttachmentPart("cat.png", "image/png", b"png")
    reply = await house.service.send(house.blank(), "one", (photo,))
    await reply.wait()
    conversation = await house.service.open(reply.conversation_id)
    edited = await house.service.edit(conversation.id, conversation.path[0].id, "uno")
    await edited.wait()
    conversation = await house.service.open(conversation.id)
    assert [turn.text for turn in conversation.children_of(None)] == ["one", "uno"]
    assert conversation.path[0].parts[1] == photo
    assert [turn.text for turn in conversation.path] == ["uno", "Hello"]


async def test_a_reply_cannot_be_edited_nor_a_prompt_continued(make_house: MakeHouse) -> None:
    house = await make_house()
    reply, conversation = await house.said()
    with pytest.raises(RequestRefused):
        await house.service.edit(conversation.id, reply.turn_id, "no")
    with pytest.raises(RequestRefused):
        await house.service.continue_(conversation.id, conversation.path[0].id)


async def test_a_cancelled_reply_is_written_on_beside_the_first(make_house: MakeHouse) -> None:
    house = await make_house((TextDelta("Hel"), asyncio.Event()), (TextDelta("lo"), Stopped("end_turn")))
    first = await house.service.send(house.blank(), "hi")
    async for event in first:
        if isinstance(event, TextDelta):
            first.cancel()
    second = await house.service.continue_(first.conversation_id, first.turn_id)
    await second.wait()
    conversation = await house.service.open(first.conversation_id)
    assert [turn.text for turn in conversation.siblings_of(second.turn_id)] == ["Hel", "Hello"]
    assert [turn.text for turn in house.provider.requests[1].turns] == ["hi", "Hel"]


async def test_where_a_model_cannot_write_on_the_rest_is_asked_for_in_sight(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await make_house((TextDelta("Hel"), Stopped("max_tokens")), (TextDelta("lo"), Stopped("end_turn")))
    monkeypatch.setattr(house.provider, "can_continue", lambda model: False)
    first, conversation = await house.said()
    second = await house.service.continue_(conversation.id, first.turn_id)
    await second.wait()
    conversation = await house.service.open(conversation.id)
    assert [turn.text for turn in conversation.path] == ["hi", "Hel", CONTINUE_PROMPT, "lo"]


async def test_a_second_send_while_a_reply_comes_in_is_refused(make_house: MakeHouse) -> None:
    gate = asyncio.Event()
    house = await make_house((gate, *HELLO))
    reply = await house.service.send(house.blank(), "one")
    conversation = await house.service.open(reply.conversation_id)
    with pytest.raises(ReplyInFlight):
        await house.service.send(conversation, "two")
    gate.set()
    await reply.wait()
    assert len((await house.service.open(reply.conversation_id)).turns) == 2


async def test_of_two_sends_at_the_same_moment_one_is_refused(make_house: MakeHouse) -> None:
    house = await make_house((asyncio.Event(),))
    blank = house.blank()
    outcomes = await asyncio.gather(
        house.service.send(blank, "one"), house.service.send(blank, "two"), return_exceptions=True
    )
    assert sum(isinstance(outcome, ReplyInFlight) for outcome in outcomes) == 1
    assert len(house.service.replies) == 1


async def test_two_conversations_are_answered_at_once(make_house: MakeHouse) -> None:
    gate = asyncio.Event()
    house = await make_house((TextDelta("a"), gate, *HELLO))
    replies = [await house.service.send(house.blank(), text) for text in ("one", "two")]
    assert len(house.service.replies) == 2
    gate.set()
    assert [(await reply.wait()).turn.text for reply in replies] == ["aHello", "aHello"]


async def test_opening_a_conversation_shows_what_is_arriving(make_house: MakeHouse) -> None:
    house = await make_house((TextDelta("half"), asyncio.Event()))
    reply = await house.service.send(house.blank(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    turn = (await house.service.open(reply.conversation_id)).turn(reply.turn_id)
    assert (turn.text, turn.status) == ("half", TurnStatus.STREAMING)


async def test_a_fork_begins_with_the_path_and_remembers_where_it_came_from(make_house: MakeHouse) -> None:
    house = await make_house()
    reply, source = await house.said("one")
    fork = await house.service.fork(source.id, reply.turn_id)
    stored = await house.store.conversation(fork.id)
    assert [turn.text for turn in stored.path] == ["one", "Hello"]
    assert stored.origin is not None
    assert (stored.origin.conversation_id, stored.origin.turn_id) == (source.id, reply.turn_id)
    assert not {turn.id for turn in stored.turns} & {turn.id for turn in source.turns}
    assert stored.cost.total_usd == 0, "what was paid for once is not counted twice"


async def test_a_fork_of_a_reply_that_is_coming_in_ends_where_it_was(make_house: MakeHouse) -> None:
    house = await make_house((TextDelta("half"), asyncio.Event()))
    reply = await house.service.send(house.blank(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    fork = await house.service.fork(reply.conversation_id, reply.turn_id)
    stored = await house.store.conversation(fork.id)
    assert [(turn.text, turn.status) for turn in stored.path][1:] == [("half", TurnStatus.INTERRUPTED)]


async def test_closing_keeps_what_arrived_as_interrupted(make_house: MakeHouse) -> None:
    house = await make_house((TextDelta("half"), asyncio.Event()))
    reply = await house.service.send(house.blank(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    await house.service.aclose()
    turn = (await house.store.conversation(reply.conversation_id)).turn(reply.turn_id)
    assert (turn.text, turn.status) == ("half", TurnStatus.INTERRUPTED)


async def test_text_that_is_no_valid_unicode_is_mended_before_it_is_kept(make_house: MakeHouse) -> None:
    house = await make_house()
    _, conversation = await house.said("a\udcffb")
    assert conversation.path[0].text == "a\ufffdb"


async def test_of_replies_that_have_ended_only_the_last_is_held(make_house: MakeHouse) -> None:
    house = await make_house()
    held = []
    for number in range(3):
        reply, _ = await house.said(f"prompt {number}")
        held.append(ref(reply))
    del reply
    gc.collect()
    assert [one() is not None for one in held] == [False, False, True]
