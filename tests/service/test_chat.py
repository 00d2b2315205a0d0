"""Send, edit, retry, continue, fork: always new turns, never an overwritten one."""

import asyncio
import gc
from weakref import ref

import pytest

from tests.service.conftest import HELLO, MakeHarness
from tui_chat.core.attachment import without_bytes
from tui_chat.core.error import NotFound, ReplyInFlight, RequestRefused
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import CONTINUE_PROMPT
from tui_chat.core.turn import Role, TurnStatus


async def test_a_new_conversation_is_not_stored_before_its_first_prompt(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    blank = harness.new_conversation()
    with pytest.raises(NotFound):
        await harness.store.conversation(blank.id)


async def test_the_first_prompt_gives_the_title(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    _, conversation = await harness.completed_reply("## How do *queues* work?\nTell me all.")
    assert conversation.title == "How do *queues* work?"


async def test_a_second_prompt_goes_under_the_first_reply(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    _, conversation = await harness.completed_reply("one")
    await (await harness.service.send(conversation, "two")).wait()
    path = (await harness.service.open(conversation.id)).path
    assert [(turn.role, turn.text) for turn in path] == [
        (Role.USER, "one"),
        (Role.ASSISTANT, "Hello"),
        (Role.USER, "two"),
        (Role.ASSISTANT, "Hello"),
    ]
    assert [turn.text for turn in harness.provider.requests[1].turns] == ["one", "Hello", "two"]


async def test_a_stored_conversation_without_turns_takes_a_first_prompt(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    empty = harness.new_conversation()
    await harness.store.create(empty)
    complaints: list[object] = []
    harness.service.save_queue.watch(complaints.append)
    await (await harness.service.send(empty, "one")).wait()
    assert complaints == [] and len((await harness.store.conversation(empty.id)).turns) == 2


async def test_sending_from_a_stale_conversation_keeps_newer_turns(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    _, stale = await harness.completed_reply("one")
    await (await harness.service.send(stale, "two")).wait()
    await (await harness.service.send(stale, "three")).wait()
    conversation = await harness.service.open(stale.id)
    assert len(conversation.turns) == 6
    assert [turn.text for turn in conversation.path] == ["one", "Hello", "three", "Hello"]


async def test_retry_makes_a_sibling_and_keeps_the_first_reply(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, (TextDelta("Again"), Stopped("end_turn")))
    first, conversation = await harness.completed_reply()
    second = await harness.service.retry(conversation.id, first.turn_id)
    await second.wait()
    conversation = await harness.service.open(conversation.id)
    assert [turn.text for turn in conversation.siblings_of(second.turn_id)] == ["Hello", "Again"]
    assert conversation.head == second.turn_id


async def test_retry_may_ask_another_model(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    first, conversation = await harness.completed_reply()
    second = await harness.service.retry(conversation.id, first.turn_id, model="demo/other")
    await second.wait()
    conversation = await harness.service.open(conversation.id)
    assert [turn.model for turn in conversation.siblings_of(second.turn_id)] == ["demo/tour", "demo/other"]
    assert harness.provider.requests[1].model == "other"


async def test_edit_makes_another_branch_with_the_same_attachments(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    photo = AttachmentPart("cat.png", "image/png", b"png")
    reply = await harness.service.send(harness.new_conversation(), "one", (photo,))
    await reply.wait()
    conversation = await harness.service.open(reply.conversation_id)
    edited = await harness.service.edit(conversation.id, conversation.path[0].id, "uno")
    await edited.wait()
    conversation = await harness.service.open(conversation.id)
    assert [turn.text for turn in conversation.children_of(None)] == ["one", "uno"]
    assert conversation.path[0].parts[1] == without_bytes(photo)
    assert [turn.text for turn in conversation.path] == ["uno", "Hello"]


async def test_a_reply_cannot_be_edited_nor_a_prompt_continued(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, conversation = await harness.completed_reply()
    with pytest.raises(RequestRefused):
        await harness.service.edit(conversation.id, reply.turn_id, "no")
    with pytest.raises(RequestRefused):
        await harness.service.continue_(conversation.id, conversation.path[0].id)


async def test_a_cancelled_reply_is_continued_as_a_sibling(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("Hel"), asyncio.Event()), (TextDelta("lo"), Stopped("end_turn")))
    first = await harness.service.send(harness.new_conversation(), "hi")
    async for event in first:
        if isinstance(event, TextDelta):
            first.cancel()
    second = await harness.service.continue_(first.conversation_id, first.turn_id)
    await second.wait()
    conversation = await harness.service.open(first.conversation_id)
    assert [turn.text for turn in conversation.siblings_of(second.turn_id)] == ["Hel", "Hello"]
    assert [turn.text for turn in harness.provider.requests[1].turns] == ["hi", "Hel"]


async def test_a_cancelled_reply_of_which_nothing_arrived_is_regenerated(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness((asyncio.Event(),), (TextDelta("Hello"), Stopped("end_turn")))
    monkeypatch.setattr(harness.provider, "can_continue", lambda model: False)
    first = await harness.service.send(harness.new_conversation(), "hi")
    first.cancel()
    await first.wait()
    second = await harness.service.continue_(first.conversation_id, first.turn_id)
    await second.wait()
    conversation = await harness.service.open(first.conversation_id)
    assert [turn.text for turn in conversation.path] == ["hi", "Hello"]
    assert [turn.text for turn in conversation.siblings_of(second.turn_id)] == ["", "Hello"]


async def test_where_a_model_cannot_write_on_the_rest_is_asked_for_in_sight(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness((TextDelta("Hel"), Stopped("max_tokens")), (TextDelta("lo"), Stopped("end_turn")))
    monkeypatch.setattr(harness.provider, "can_continue", lambda model: False)
    first, conversation = await harness.completed_reply()
    second = await harness.service.continue_(conversation.id, first.turn_id)
    await second.wait()
    conversation = await harness.service.open(conversation.id)
    assert [turn.text for turn in conversation.path] == ["hi", "Hel", CONTINUE_PROMPT, "lo"]


@pytest.mark.parametrize("can_extend", [True, False])
async def test_an_edited_reply_is_continued_as_a_sibling(
    can_extend: bool, make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness((TextDelta("Hello"), Stopped("end_turn")), (TextDelta(" you"), Stopped("end_turn")))
    monkeypatch.setattr(harness.provider, "can_continue", lambda model: can_extend)
    first, conversation = await harness.completed_reply()
    second = await harness.service.continue_(conversation.id, first.turn_id, text="Good day")
    await second.wait()
    conversation = await harness.service.open(conversation.id)
    texts = [turn.text for turn in conversation.path]
    assert texts == (["hi", "Good day you"] if can_extend else ["hi", "Good day", CONTINUE_PROMPT, " you"])
    assert conversation.turn(first.turn_id).text == "Hello"
    assert [turn.text for turn in conversation.children_of(conversation.path[0].id)] == ["Hello", texts[1]]
    edited = conversation.path[1]
    assert can_extend or (edited.usage, edited.cost, edited.stop_reason) == (None, None, "edited")


async def test_a_second_send_while_a_reply_comes_in_is_refused(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((gate, *HELLO))
    reply = await harness.service.send(harness.new_conversation(), "one")
    conversation = await harness.service.open(reply.conversation_id)
    with pytest.raises(ReplyInFlight):
        await harness.service.send(conversation, "two")
    gate.set()
    await reply.wait()
    assert len((await harness.service.open(reply.conversation_id)).turns) == 2


async def test_of_two_sends_at_the_same_moment_one_is_refused(make_harness: MakeHarness) -> None:
    harness = await make_harness((asyncio.Event(),))
    blank = harness.new_conversation()
    outcomes = await asyncio.gather(
        harness.service.send(blank, "one"), harness.service.send(blank, "two"), return_exceptions=True
    )
    assert sum(isinstance(outcome, ReplyInFlight) for outcome in outcomes) == 1
    assert len(harness.service.replies) == 1


async def test_two_conversations_are_answered_at_once(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("a"), gate, *HELLO))
    replies = [await harness.service.send(harness.new_conversation(), text) for text in ("one", "two")]
    assert len(harness.service.replies) == 2
    gate.set()
    assert [(await reply.wait()).turn.text for reply in replies] == ["aHello", "aHello"]


async def test_opening_a_conversation_shows_what_is_arriving(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"), asyncio.Event()))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    turn = (await harness.service.open(reply.conversation_id)).turn(reply.turn_id)
    assert (turn.text, turn.status) == ("half", TurnStatus.STREAMING)


async def test_a_fork_begins_with_the_path_and_remembers_where_it_came_from(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, source = await harness.completed_reply("one")
    fork = await harness.service.fork(source.id, reply.turn_id)
    stored = await harness.store.conversation(fork.id)
    assert [turn.text for turn in stored.path] == ["one", "Hello"]
    assert stored.origin is not None
    assert (stored.origin.conversation_id, stored.origin.turn_id) == (source.id, reply.turn_id)
    assert not {turn.id for turn in stored.turns} & {turn.id for turn in source.turns}
    assert stored.cost.total_usd == 0, "what was paid for once is not counted twice"


async def test_a_fork_of_a_reply_that_is_coming_in_ends_where_it_was(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"), asyncio.Event()))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    fork = await harness.service.fork(reply.conversation_id, reply.turn_id)
    stored = await harness.store.conversation(fork.id)
    assert [(turn.text, turn.status) for turn in stored.path][1:] == [("half", TurnStatus.INTERRUPTED)]


async def test_closing_keeps_what_arrived_as_interrupted(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"), asyncio.Event()))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    await harness.service.aclose()
    turn = (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id)
    assert (turn.text, turn.status) == ("half", TurnStatus.INTERRUPTED)


async def test_text_that_is_no_valid_unicode_is_mended_before_it_is_kept(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    _, conversation = await harness.completed_reply("a\udcffb")
    assert conversation.path[0].text == "a\ufffdb"


async def test_of_replies_that_have_ended_only_the_last_is_held(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    held = []
    for number in range(3):
        reply, _ = await harness.completed_reply(f"prompt {number}")
        held.append(ref(reply))
    del reply
    gc.collect()
    assert [one() is not None for one in held] == [False, False, True]
