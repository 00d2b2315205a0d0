"""Two replies to one prompt at once: committed before their requests, stopped, saved and ended each by itself."""

import asyncio

import pytest

from tests.service.conftest import HELLO, MakeHarness
from tui_chat.core.error import ReplyInFlight, RequestRefused
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import TurnStatus


async def test_both_models_reply_as_siblings(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, HELLO)
    first, conversation = await harness.completed_reply()
    replies = await harness.service.retry_with_each(conversation.id, first.turn_id, ["demo/one", "demo/two"])
    for reply in replies:
        await reply.wait()
    stored = await harness.store.conversation(conversation.id)
    siblings = stored.siblings_of(first.turn_id)
    assert [turn.model for turn in siblings] == ["demo/tour", "demo/one", "demo/two"]
    assert [turn.text for turn in siblings] == ["Hello"] * 3 and not harness.service.replies


async def test_both_are_stored_before_a_request_leaves(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness(HELLO, [gate, *HELLO], [gate, *HELLO])
    first, conversation = await harness.completed_reply()
    replies = await harness.service.retry_with_each(conversation.id, first.turn_id, ["demo/one", "demo/two"])
    stored = await harness.store.conversation(conversation.id)
    assert [turn.status for turn in stored.turns[2:]] == [TurnStatus.STREAMING] * 2
    assert harness.service.replies_in(conversation.id) == replies
    with pytest.raises(ReplyInFlight):
        await harness.service.send(stored, "not now")
    gate.set()
    for reply in replies:
        await reply.wait()


async def test_one_of_two_is_stopped_and_the_other_goes_on(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    half = [TextDelta("half "), gate, *HELLO]
    harness = await make_harness(HELLO, half, half)
    first, conversation = await harness.completed_reply()
    left, right = await harness.service.retry_with_each(conversation.id, first.turn_id, ["demo/one", "demo/two"])
    while not (left.turn.text and right.turn.text):
        await asyncio.sleep(0)
    left.cancel()
    await left.wait()
    assert harness.service.reply_in(conversation.id) is right
    shown = await harness.service.open(conversation.id)
    assert shown.turn(right.turn_id).text == "half " and shown.turn(right.turn_id).is_live
    gate.set()
    await right.wait()
    stored = await harness.store.conversation(conversation.id)
    assert [(turn.status, turn.text) for turn in stored.turns[2:]] == [
        (TurnStatus.CANCELLED, "half "),
        (TurnStatus.COMPLETE, "half Hello"),
    ]


async def test_cancel_stops_both(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness(HELLO, [gate], [gate])
    first, conversation = await harness.completed_reply()
    replies = await harness.service.retry_with_each(conversation.id, first.turn_id, ["demo/one", "demo/two"])
    assert await harness.service.cancel(conversation.id)
    assert [(await reply.wait()).turn.status for reply in replies] == [TurnStatus.CANCELLED] * 2


async def test_a_prompt_is_no_reply_to_edit(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO)
    _, conversation = await harness.completed_reply()
    prompt = conversation.path[0]
    with pytest.raises(RequestRefused):
        await harness.service.edit_reply(conversation.id, prompt.id, "words")
