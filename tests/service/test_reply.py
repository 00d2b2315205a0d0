"""One reply from its request to its end, whichever end."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime
from itertools import count, pairwise

import pytest

from tests.service.conftest import HELLO, MakeHarness, end_of, heard
from tui_chat.core.error import (
    ChatError,
    KeyRejected,
    NotFound,
    Overloaded,
    RateLimited,
    StorageError,
    StreamCut,
    Unexpected,
    Unreachable,
)
from tui_chat.core.event import (
    Health,
    HealthChanged,
    ProviderEvent,
    ReplyOpened,
    RetryScheduled,
    SavingChanged,
    SignOfLife,
    Stopped,
    TextDelta,
    ThinkingDelta,
    TurnStarted,
    UsageChanged,
    UsageReported,
)
from tui_chat.core.provider import Request
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.service.dependencies import Policy, no_cost
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.storage.store import Store


async def test_a_reader_gets_every_delta_once_and_the_end_last(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    events = await heard(await harness.service.send(harness.new_conversation(), "hi"))
    assert isinstance(events[0], TurnStarted)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hel", "lo"]
    ended = end_of(events)
    assert (ended.turn.text, ended.turn.status, ended.error) == ("Hello", TurnStatus.COMPLETE, None)


async def test_the_same_delta_travels_from_the_provider_to_the_reader(make_harness: MakeHarness) -> None:
    delta = TextDelta("one value")
    harness = await make_harness((delta, Stopped("end_turn")))
    events = await heard(await harness.service.send(harness.new_conversation(), "hi"))
    assert any(event is delta for event in events)


async def test_turn_ended_holds_the_stored_turn(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, conversation = await harness.completed_reply()
    ended = reply.ended
    assert ended is not None and conversation.turn(reply.turn_id) == ended.turn


async def test_the_prompt_is_stored_before_the_request_leaves(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await make_harness()
    blank = harness.new_conversation()
    stored: list[str] = []
    play = harness.provider.stream

    async def looking(request: Request) -> AsyncGenerator[ProviderEvent, None]:
        stored.extend(turn.text for turn in (await harness.store.conversation(blank.id)).path)
        async for event in play(request):
            yield event

    monkeypatch.setattr(harness.provider, "stream", looking)
    await (await harness.service.send(blank, "keep me")).wait()
    assert stored == ["keep me", ""]


async def test_a_late_reader_begins_with_what_has_arrived(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("Hel"), gate, TextDelta("lo"), Stopped("end_turn")))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            break
    late = aiter(reply)
    first = await anext(late)
    assert isinstance(first, TurnStarted) and first.turn.text == "Hel"
    gate.set()
    rest = [event async for event in late]
    assert [event.text for event in rest if isinstance(event, TextDelta)] == ["lo"]
    assert end_of(rest).turn.text == "Hello"


@pytest.mark.parametrize("is_read", [False, True])
async def test_a_flood_of_deltas_yields_to_other_tasks_every_millisecond(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, is_read: bool
) -> None:
    looks = count()
    harness = await make_harness(monotonic_s=lambda: next(looks) * 0.0001)
    arrived, counts = 0, [0]

    async def flood(_: Request) -> AsyncGenerator[ProviderEvent, None]:
        nonlocal arrived
        while arrived < 500:
            arrived += 1
            yield TextDelta("word ")
        yield Stopped("end_turn")

    monkeypatch.setattr(harness.provider, "stream", flood)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    reader = asyncio.create_task(heard(reply)) if is_read else None
    while reply.ended is None:
        await asyncio.sleep(0)
        counts.append(arrived)
    assert counts[-1] == 500
    assert max(later - earlier for earlier, later in pairwise(counts)) <= 12
    assert reader is None or sum(isinstance(event, TextDelta) for event in await reader) == 500


async def test_deltas_that_are_read_as_they_come_take_no_extra_turn_of_the_loop(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = count()
    harness = await make_harness(monotonic_s=lambda: next(looks) * 0.01)
    was_read = asyncio.Event()

    async def slow(_: Request) -> AsyncGenerator[ProviderEvent, None]:
        for _number in range(20):
            was_read.clear()
            yield TextDelta("word ")
            await was_read.wait()
        yield Stopped("end_turn")

    sleep, pauses = asyncio.sleep, list[float]()
    monkeypatch.setattr(asyncio, "sleep", lambda pause_s: (pauses.append(pause_s), sleep(pause_s))[1])
    monkeypatch.setattr(harness.provider, "stream", slow)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            was_read.set()
    assert reply.turn.text == "word " * 20
    assert pauses.count(0) <= 1


async def test_a_reader_that_leaves_does_not_stop_it(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for _ in reply:
        break
    assert (await reply.wait()).turn.text == "Hello"


async def test_it_goes_on_without_any_reader(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, conversation = await harness.completed_reply()
    assert conversation.turn(reply.turn_id).text == "Hello"


async def test_cancel_keeps_what_arrived(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("Hel"), asyncio.Event(), TextDelta("lo")))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            reply.cancel()
    ended = await reply.wait()
    assert (ended.turn.text, ended.turn.status, ended.error) == ("Hel", TurnStatus.CANCELLED, None)
    assert harness.provider.closed_early == 1
    stored = await harness.store.conversation(reply.conversation_id)
    assert stored.turn(reply.turn_id) == ended.turn


async def test_cancel_before_the_first_byte_and_twice_still_ends_it(make_harness: MakeHarness) -> None:
    harness = await make_harness((asyncio.Event(),))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    reply.cancel()
    reply.cancel()
    assert end_of(await heard(reply)).turn.status is TurnStatus.CANCELLED


async def test_cancel_at_once_after_sending_still_ends_it(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply = await harness.service.send(harness.new_conversation(), "hi")
    reply.cancel()
    ended = await reply.wait()
    assert ended.turn.status in (TurnStatus.CANCELLED, TurnStatus.COMPLETE)
    assert (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id) == ended.turn


async def test_cancel_after_the_end_changes_nothing(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, _ = await harness.completed_reply()
    reply.cancel()
    assert (await reply.wait()).turn.status is TurnStatus.COMPLETE


async def test_the_partial_is_saved_while_it_streams(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("so far"), gate, Stopped("end_turn")))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async with asyncio.timeout(5):
        while (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id).text != "so far":
            await asyncio.sleep(0)
    assert reply.ended is None
    gate.set()


async def test_the_partial_is_saved_although_the_price_list_is_not_there_yet(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, asked = asyncio.Event(), asyncio.Event()

    async def never(model: str, usage: Usage, at: datetime) -> Cost | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    harness = await make_harness((TextDelta("first "), more, TextDelta("second"), asyncio.Event()))
    monkeypatch.setattr(harness.service, "_dependencies", replace(harness.service._dependencies, cost_of=never))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async with asyncio.timeout(10):
        await asked.wait()
        more.set()
        while (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id).text != "first second":
            await asyncio.sleep(0.01)
    reply._meter._dependencies = replace(reply._meter._dependencies, cost_of=no_cost)
    reply.cancel()
    assert (await reply.wait()).turn.text == "first second"


@pytest.mark.parametrize("fault", [StreamCut("gone", detail="dropped"), Overloaded("busy"), Unreachable("away")])
async def test_a_failure_in_the_middle_keeps_the_partial_and_is_not_retried(
    make_harness: MakeHarness, fault: Exception
) -> None:
    harness = await make_harness((ReplyOpened("req_7"), TextDelta("half"), fault))
    events = await heard(await harness.service.send(harness.new_conversation(), "hi"))
    ended = end_of(events)
    assert (ended.turn.text, ended.turn.status) == ("half", TurnStatus.FAILED)
    assert ended.error is fault and ended.error.request_id == "req_7"
    assert ended.turn.fault is not None and ended.turn.fault.request_id == "req_7"
    assert not [event for event in events if isinstance(event, RetryScheduled)]


async def test_an_end_without_a_stop_is_a_cut(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"),))
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert isinstance(ended.error, StreamCut) and ended.turn.text == "half"


async def test_an_error_never_becomes_text_and_is_in_no_later_request(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"), Overloaded("SECRET WORDS")), HELLO)
    reply = await harness.service.send(harness.new_conversation(), "one")
    await reply.wait()
    conversation = await harness.service.open(reply.conversation_id)
    await (await harness.service.send(conversation, "two")).wait()
    texts = [turn.text for turn in harness.provider.requests[1].turns]
    assert texts == ["one", "half", "two"]


async def test_a_failure_before_the_first_delta_is_retried_in_sight(make_harness: MakeHarness) -> None:
    harness = await make_harness((Overloaded("busy"),), (Unreachable("away"),), HELLO)
    events = await heard(await harness.service.send(harness.new_conversation(), "hi"))
    assert [event.attempt for event in events if isinstance(event, RetryScheduled)] == [2, 3]
    assert end_of(events).turn.text == "Hello"


async def test_three_attempts_are_the_most(make_harness: MakeHarness) -> None:
    harness = await make_harness((Overloaded("busy"),))
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert isinstance(ended.error, Overloaded) and len(harness.provider.requests) == 3


async def test_a_rejected_key_fails_at_once(make_harness: MakeHarness) -> None:
    harness = await make_harness((KeyRejected("no", detail="rejected"),))
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert isinstance(ended.error, KeyRejected) and len(harness.provider.requests) == 1


async def test_cancel_ends_a_countdown_at_once(make_harness: MakeHarness) -> None:
    harness = await make_harness((RateLimited("slow down", retry_after_s=30),), HELLO)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, RetryScheduled):
            assert event.delay_s == 30
            reply.cancel()
    assert (await reply.wait()).turn.status is TurnStatus.CANCELLED


async def test_a_countdown_can_be_cut_short(make_harness: MakeHarness) -> None:
    harness = await make_harness((RateLimited("slow down", retry_after_s=30),), HELLO)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, RetryScheduled):
            reply.retry_now()
    assert (await reply.wait()).turn.text == "Hello"


async def test_a_fault_of_ours_is_an_ending_too(make_harness: MakeHarness) -> None:
    harness = await make_harness((TextDelta("half"), ZeroDivisionError("oops")))
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert isinstance(ended.error, Unexpected) and ended.turn.text == "half"


async def test_a_price_list_that_fails_leaves_the_cost_unknown_and_the_reply_whole(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(model: str, usage: Usage, at: datetime) -> Cost | None:
        raise LookupError("no such rate")

    asked = asyncio.Event()
    harness = await make_harness((TextDelta("Hel"), asked, *HELLO[1:]))
    monkeypatch.setattr(harness.service, "_dependencies", replace(harness.service._dependencies, cost_of=broken))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, UsageChanged):
            asked.set()
    stored = (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id)
    assert (stored.status, stored.text, stored.cost) == (TurnStatus.COMPLETE, "Hello", None)


@pytest.mark.parametrize(
    ("fault", "reported"), [(NotFound("no such reply"), NotFound), (ZeroDivisionError(), Unexpected)]
)
async def test_a_checkpoint_that_is_refused_for_good_is_an_ending_too(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, fault: Exception, reported: type[ChatError]
) -> None:
    harness = await make_harness((TextDelta("half"), asyncio.Event()), policy=Policy(save_interval_s=0.01))

    async def refused(*_: object) -> bool:
        raise fault

    monkeypatch.setattr(harness.service.save_queue, "checkpoint", refused)
    async with asyncio.timeout(10):
        ended = await (await harness.service.send(harness.new_conversation(), "hi")).wait()
    assert isinstance(ended.error, reported)
    assert (ended.turn.status, ended.turn.text) == (TurnStatus.FAILED, "half")
    assert (await harness.store.conversation((await harness.store.summaries())[0].id)).path[-1].text == "half"


async def test_a_stalled_stream_is_cut_after_its_limit(make_harness: MakeHarness) -> None:
    policy = Policy(health=HealthLimits(0.05, 0.15), save_interval_s=0.02)
    harness = await make_harness((TextDelta("half"), asyncio.Event()), policy=policy)
    events = await heard(await harness.service.send(harness.new_conversation(), "hi"))
    assert [event.health for event in events if isinstance(event, HealthChanged)] == [
        Health.HEALTHY,
        Health.DEGRADED,
        Health.FAILED,
    ]
    ended = end_of(events)
    assert isinstance(ended.error, StreamCut) and ended.error.detail == "stalled" and ended.turn.text == "half"


async def test_pings_keep_a_quiet_stream_alive(make_harness: MakeHarness) -> None:
    policy = Policy(health=HealthLimits(0.2, 0.4), save_interval_s=0.02)
    pings = [step for _ in range(10) for step in (0.06, SignOfLife())]
    harness = await make_harness((TextDelta("half"), *pings, Stopped("end_turn")), policy=policy)
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert ended.turn.status is TurnStatus.COMPLETE


async def test_silence_before_the_first_byte_is_no_fault(make_harness: MakeHarness) -> None:
    policy = Policy(health=HealthLimits(0.02, 0.05), save_interval_s=0.01)
    harness = await make_harness((0.2, *HELLO), policy=policy)
    ended = end_of(await heard(await harness.service.send(harness.new_conversation(), "hi")))
    assert ended.turn.status is TurnStatus.COMPLETE


async def test_reported_tokens_are_exact_and_priced_at_the_end(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    reply, _ = await harness.completed_reply()
    turn = reply.turn
    assert turn.usage == Usage(input_tokens=3, output_tokens=2)
    assert turn.cost is not None and turn.cost.total_usd == 5 and not turn.cost.estimated
    assert turn.ttft_ms is not None and turn.duration_ms is not None and turn.duration_ms >= turn.ttft_ms


async def test_a_cancelled_reply_is_estimated_and_marked_so(make_harness: MakeHarness) -> None:
    started = UsageReported(Usage(input_tokens=100, output_tokens=1))
    harness = await make_harness((started, TextDelta("word " * 40), asyncio.Event()))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async for event in reply:
        if isinstance(event, TextDelta):
            reply.cancel()
    usage = (await reply.wait()).turn.usage
    assert usage is not None and usage.estimated and usage.input_tokens == 100 and 20 < usage.output_tokens < 100


async def test_tokens_run_on_an_estimate_while_it_streams(make_harness: MakeHarness) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("word " * 40), gate, *HELLO[2:]))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    reported: list[Usage] = []
    async for event in reply:
        if isinstance(event, UsageChanged):
            reported.append(event.usage)
            gate.set()
    assert reported[0].estimated and reported[-1] == Usage(input_tokens=3, output_tokens=2)


async def test_thinking_counts_as_the_first_sign_and_is_kept(make_harness: MakeHarness) -> None:
    harness = await make_harness((ThinkingDelta("hm"), TextDelta("ok"), Stopped("end_turn")))
    reply, _ = await harness.completed_reply()
    assert (reply.turn.thinking, reply.turn.text) == ("hm", "ok")


class _Full:
    """A store whose disk is full until there is room."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.full = True
        for name in names:
            monkeypatch.setattr(store, name, self._guard(getattr(store, name)))

    def _guard(self, real):  # type: ignore[no-untyped-def]
        async def guarded(*args, **kwargs):  # type: ignore[no-untyped-def]
            if self.full:
                raise StorageError("no room", detail="disk_full")
            return await real(*args, **kwargs)

        return guarded


async def test_a_full_disk_ends_nothing_and_saving_resumes(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_chat.service.save_queue.FLUSH_INTERVAL_S", 0.01)
    harness = await make_harness()
    disk = _Full(harness.store, monkeypatch, "create", "append", "checkpoint", "finish", "save")
    reported: list[StorageError | None] = []
    harness.service.save_queue.watch(reported.append)
    reply = await harness.service.send(harness.new_conversation(), "one")
    ended = await reply.wait()
    assert ended.save_error is not None and ended.save_error.detail == "disk_full"
    conversation = await harness.service.open(reply.conversation_id)
    second = await harness.service.send(conversation, "two")
    await second.wait()
    disk.full = False
    async with asyncio.timeout(5):
        while harness.service.save_queue.error is not None:
            await asyncio.sleep(0)
    stored = await harness.store.conversation(reply.conversation_id)
    assert [turn.text for turn in stored.path] == ["one", "Hello", "two", "Hello"]
    assert [error.detail if error else None for error in reported] == ["disk_full", None]


async def test_a_full_disk_during_a_reply_is_reported_at_once(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("half"), gate, *HELLO))
    _Full(harness.store, monkeypatch, "checkpoint", "finish", "save")
    reply = await harness.service.send(harness.new_conversation(), "hi")
    events = []
    async for event in reply:
        events.append(event)
        if isinstance(event, SavingChanged):
            gate.set()
    ended = end_of(events)
    assert ended.turn.text == "halfHello" and ended.save_error is not None
    assert (await harness.service.open(reply.conversation_id)).turn(reply.turn_id).text == "halfHello"


async def test_what_a_full_disk_did_not_take_is_saved_before_the_end(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    harness = await make_harness((TextDelta("half"), gate, *HELLO))
    disk = _Full(harness.store, monkeypatch, "checkpoint")
    reply = await harness.service.send(harness.new_conversation(), "hi")
    async with asyncio.timeout(5):
        while harness.service.save_queue.error is None:
            await asyncio.sleep(0)
        disk.full = False
        while (await harness.store.conversation(reply.conversation_id)).turn(reply.turn_id).text != "half":
            await asyncio.sleep(0)
    gate.set()
    await reply.wait()
