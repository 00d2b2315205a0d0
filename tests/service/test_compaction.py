"""Compact a conversation and leave turns out: what the model reads, and that nothing is lost."""

import pytest

from tests.service.conftest import HELLO, MakeHarness, ServiceHarness
from tui_chat.core.compaction import counted_turns, is_left_out
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import RequestRefused
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.prompt_forecast import context_use
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.formats import native

SUMMARY = (TextDelta("We said hello."), UsageReported(Usage(90_000, output_tokens=4)), Stopped("end_turn"))
BIG = (TextDelta("Hello"), UsageReported(Usage(80_000, output_tokens=2)), Stopped("end_turn"))


async def two_exchanges(harness: ServiceHarness) -> Conversation:
    """A conversation of two prompts with their replies."""
    _, conversation = await harness.completed_reply("one")
    await (await harness.service.send(conversation, "two")).wait()
    return await harness.service.open(conversation.id)


def last_request(harness: ServiceHarness) -> list[str]:
    return [turn.text for turn in harness.provider.requests[-1].turns]


async def test_compact_sends_everything_and_later_prompts_only_the_summary(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY, HELLO)
    before = await two_exchanges(harness)
    ended = await (await harness.service.compact(before, "Keep all names.")).wait()
    sent = last_request(harness)
    assert sent[:4] == ["one", "Hello", "two", "Hello"] and sent[4].endswith("Keep all names.")
    assert ended.turn.cost is not None and ended.turn.text == "We said hello."

    compacted = await harness.service.open(before.id)
    await (await harness.service.send(compacted, "three")).wait()
    assert last_request(harness) == [sent[4], "We said hello.", "three"]


async def test_compact_makes_a_branch_and_keeps_every_turn(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY)
    before = await two_exchanges(harness)
    await (await harness.service.compact(before)).wait()
    after = await harness.service.open(before.id)
    assert after.turns[:4] == before.turns
    assert [turn.text for turn in after.with_head(before.head).path] == ["one", "Hello", "two", "Hello"]
    assert after.siblings_of(after.path[0].id)[0].text == "one"


async def test_a_stopped_summary_sends_the_whole_branch_again(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, (TextDelta("We s"), 60.0), HELLO)
    before = await two_exchanges(harness)
    reply = await harness.service.compact(before)
    async for event in reply:
        if isinstance(event, TextDelta):
            reply.cancel()
    stopped = await harness.service.open(before.id)
    assert stopped.path[-1].status is TurnStatus.CANCELLED
    await (await harness.service.send(stopped, "three")).wait()
    assert last_request(harness)[:4] == ["one", "Hello", "two", "Hello"]
    assert last_request(harness)[-1] == "three"


async def test_a_summary_can_be_regenerated_and_its_prompt_edited(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY, SUMMARY, SUMMARY)
    before = await two_exchanges(harness)
    first = await harness.service.compact(before)
    await first.wait()
    await (await harness.service.retry(before.id, first.turn_id)).wait()
    assert last_request(harness)[:4] == ["one", "Hello", "two", "Hello"]
    prompt = (await harness.service.open(before.id)).path[0]
    await (await harness.service.edit(before.id, prompt.id, "Only the names.")).wait()
    assert last_request(harness) == ["one", "Hello", "two", "Hello", "Only the names."]


async def test_a_summary_of_a_summary_starts_from_the_first_one(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY, HELLO, SUMMARY)
    before = await two_exchanges(harness)
    await (await harness.service.compact(before)).wait()
    await (await harness.service.send(await harness.service.open(before.id), "three")).wait()
    await (await harness.service.compact(await harness.service.open(before.id))).wait()
    assert last_request(harness)[1:4] == ["We said hello.", "three", "Hello"]


async def test_no_tools_are_offered_for_a_summary(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY)
    before = await two_exchanges(harness)
    await harness.store.set_options(before.id, Options(tools=("web_search",)))
    await (await harness.service.compact(await harness.service.open(before.id))).wait()
    assert harness.provider.requests[-1].options.tools == ()


async def test_an_empty_conversation_is_not_compacted(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    with pytest.raises(RequestRefused):
        await harness.service.compact(harness.new_conversation())
    assert harness.provider.requests == []


async def test_a_fork_of_a_summary_goes_on_from_it_and_does_not_make_it_again(make_harness: MakeHarness) -> None:
    harness = await make_harness(HELLO, HELLO, SUMMARY, HELLO)
    before = await two_exchanges(harness)
    summary = await harness.service.compact(before)
    await summary.wait()
    forked = await harness.service.fork(before.id, summary.turn_id)
    with pytest.raises(RequestRefused):
        await harness.service.retry(forked.id, forked.path[-1].id)
    await (await harness.service.send(forked, "three")).wait()
    assert last_request(harness)[1:] == ["We said hello.", "three"]


async def test_the_context_of_a_summary_is_that_of_the_next_request(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, BIG, SUMMARY)
    before = await two_exchanges(harness)
    assert context_use(before, 100_000).is_tight
    await (await harness.service.compact(before)).wait()
    use = context_use(await harness.service.open(before.id), 100_000)
    assert use.tokens < 1_000 and use.estimated and not use.is_tight


async def test_a_turn_left_out_is_not_sent_and_its_reply_neither(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await two_exchanges(harness)
    left = await harness.service.leave_out(conversation.id, conversation.path[0].id, True)
    assert [is_left_out(left, turn) for turn in left.path] == [True, True, False, False]
    await (await harness.service.send(left, "three")).wait()
    assert last_request(harness) == ["two", "Hello", "three"]
    back = await harness.service.leave_out(conversation.id, conversation.path[0].id, False)
    await (await harness.service.send(back, "four")).wait()
    assert last_request(harness)[:2] == ["one", "Hello"]


async def test_a_reply_alone_can_be_left_out(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await two_exchanges(harness)
    left = await harness.service.leave_out(conversation.id, conversation.path[1].id, True)
    await (await harness.service.send(left, "three")).wait()
    assert last_request(harness) == ["one", "two", "Hello", "three"]


async def test_a_prompt_left_out_is_sent_when_it_is_to_be_answered(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await two_exchanges(harness)
    await harness.service.leave_out(conversation.id, conversation.path[2].id, True)
    await (await harness.service.retry(conversation.id, conversation.path[3].id)).wait()
    assert last_request(harness) == ["one", "Hello", "two"]


async def test_the_context_without_a_turn_is_estimated_until_it_is_counted_again(make_harness: MakeHarness) -> None:
    harness = await make_harness(BIG, BIG, HELLO)
    conversation = await two_exchanges(harness)
    left = await harness.service.leave_out(conversation.id, conversation.path[0].id, True)
    use = context_use(left, 100_000)
    assert use.estimated and use.tokens < 100
    await (await harness.service.send(left, "three")).wait()
    counted = context_use(await harness.service.open(conversation.id), 100_000)
    assert not counted.estimated and counted.tokens == 5


async def test_what_is_left_out_survives_fork_export_and_import(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await two_exchanges(harness)
    left = await harness.service.leave_out(conversation.id, conversation.path[1].id, True)
    forked = await harness.service.fork(conversation.id, conversation.path[3].id)
    stored = await harness.store.conversation(forked.id)
    assert [is_left_out(stored, turn) for turn in stored.path] == [False, True, False, False]
    read = native.loads(native.dumps(left))
    assert read.left_out == left.left_out and read.left_out_at == left.left_out_at
    other = await make_harness()
    await other.store.save(read)
    assert (await other.store.conversation(left.id)).left_out == left.left_out


async def test_a_left_out_turn_is_seen_as_a_change(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversation = await two_exchanges(harness)
    before = await harness.store.conversation_changes(conversation.id)
    left = await harness.service.leave_out(conversation.id, conversation.path[1].id, True)
    assert await harness.store.conversation_changes(conversation.id) != before
    assert counted_turns(left, left.head)[0].text == "one"
