"""A reply that calls tools: what runs, what is asked, what is stored, and what every ending leaves behind."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.service.conftest import MakeHarness, ServiceHarness, heard
from tests.support.tools import (
    ACT,
    SCHEMA,
    USAGE,
    ScriptedToolbox,
    answer,
    assert_valid_on_every_wire,
    calls,
    until,
)
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import Overloaded, RequestRefused, StorageError
from tui_chat.core.event import (
    ApprovalAsked,
    FormAsked,
    PartDelta,
    ProviderEvent,
    TextDelta,
    ToolCallDelta,
    ToolsUnsupported,
)
from tui_chat.core.form import Form, FormAnswer, FormField
from tui_chat.core.part import RoundPart, ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.provider import Request
from tui_chat.core.provider_presets import Dialect
from tui_chat.core.rounds import rounds_of
from tui_chat.core.tool import CanAsk, Decision, Tool, ToolOutcome, Verdict
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.providers.anthropic.request import Capabilities, message_params
from tui_chat.providers.openai.request import request_body
from tui_chat.service.dependencies import Policy
from tui_chat.service.permissions import Permission
from tui_chat.service.reply import Reply
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.service.tool_limits import ToolLimits

TOOLS = Options(tools=("act", "look"))
LOOK = ("c1", "look", '{"path": "a"}')
ACTION = ("c2", "act", '{"path": "b"}')


def conversation(harness: ServiceHarness) -> Conversation:
    return harness.service.new_conversation("demo/tour", options=TOOLS)


async def sent(harness: ServiceHarness) -> Reply:
    return await harness.service.send(conversation(harness), "hi")


def results(turn: Turn) -> list[tuple[str, ToolStatus]]:
    return [(part.call_id, part.status) for part in turn.parts if isinstance(part, ToolResultPart)]


async def answered(reply: Reply, verdict: Verdict) -> None:
    """Give every approval this answer as soon as it is asked."""
    async for event in reply:
        if isinstance(event, ApprovalAsked):
            await reply.answer(event.approval.call.call_id, verdict)


async def test_a_reading_tool_runs_unasked_and_the_model_gets_its_result(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK), answer(), toolbox=toolbox)
    reply = await sent(harness)
    ended = await reply.wait()
    assert toolbox.ran == ["c1"] and ended.turn.status is TurnStatus.COMPLETE
    assert ended.turn.text == "Let me see.\n\nDone." and ended.turn.stop_reason == "end_turn"
    second = harness.provider.requests[1]
    assert [turn.role.value for turn in second.turns] == ["user", "assistant", "user"]
    assert second.turns[-1].parts == (
        replace(second.turns[-1].parts[0], text='look says {"path": "a"}', call_id="c1"),
    )
    stored = await harness.service.open(reply.conversation_id)
    assert stored.turn(reply.turn_id) == ended.turn
    assert_valid_on_every_wire(stored.path)


async def test_the_costs_of_the_requests_add_up_to_that_of_the_turn(make_harness: MakeHarness) -> None:
    first, second = Usage(100, output_tokens=5), Usage(10, 90, output_tokens=20)
    harness = await make_harness(calls(LOOK, usage=first), answer(usage=second), toolbox=ScriptedToolbox())
    reply = await sent(harness)
    turn = (await reply.wait()).turn
    rounds = rounds_of(turn)
    assert [part.usage for part in rounds] == [first, second] and turn.usage == first + second
    assert turn.cost == Cost(Decimal(105 + 120)) and [part.cost for part in rounds] == [
        Cost(Decimal(105)),
        Cost(Decimal(120)),
    ]
    stored = await harness.service.open(reply.conversation_id)
    assert stored.cost.total_usd == Decimal(225) and stored.usage == first + second


async def test_without_chosen_tools_none_is_sent_and_a_call_is_not_answered(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK), toolbox=toolbox)
    reply = await harness.service.send(harness.new_conversation(), "hi")
    turn = (await reply.wait()).turn
    (request,) = harness.provider.requests
    assert "tools" not in message_params(replace(request, model="claude-sonnet-5-5"), Capabilities())
    assert "tools" not in request_body(request, Dialect(""))
    assert request.turns == (await harness.service.open(reply.conversation_id)).path[:-1]
    assert toolbox.ran == [] and rounds_of(turn) == () and turn.stop_reason == "tool_use"


async def test_a_tool_with_an_effect_waits_for_the_answer(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(ACTION), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await until(lambda: reply.pending_approvals)
    (approval,) = reply.pending_approvals
    assert (
        toolbox.ran == []
        and approval.review.subject == "b"
        and approval.always_covers == "exactly this command, and no other"
    )
    await reply.answer("c2", Verdict(Decision.ONCE))
    await reply.wait()
    assert toolbox.ran == ["c2"]


async def test_a_late_reader_is_asked_too(make_harness: MakeHarness) -> None:
    harness = await make_harness(calls(ACTION), answer(), toolbox=ScriptedToolbox())
    reply = await sent(harness)
    await until(lambda: reply.pending_approvals)
    await answered(reply, Verdict(Decision.ONCE))
    assert results(reply.turn) == [("c2", ToolStatus.DONE)]


async def test_a_denial_with_its_reason_goes_to_the_model(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(ACTION), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await answered(reply, Verdict(Decision.DENY, "not on a Friday"))
    part = harness.provider.requests[1].turns[-1].parts[0]
    assert isinstance(part, ToolResultPart) and "not on a Friday" in part.text and part.is_error
    assert toolbox.ran == [] and results(reply.turn) == [("c2", ToolStatus.DENIED)]


async def test_no_and_stop_ends_the_reply_with_a_result_for_every_call(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK, ACTION, ("c3", "act", "{}")), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await answered(reply, Verdict(Decision.STOP))
    turn = reply.turn
    assert toolbox.ran == [] and len(harness.provider.requests) == 1 and turn.stop_reason == "tool_stopped"
    assert results(turn) == [("c1", ToolStatus.NOT_RUN), ("c2", ToolStatus.DENIED), ("c3", ToolStatus.DENIED)]
    assert_valid_on_every_wire((await harness.service.open(reply.conversation_id)).path)


async def test_no_call_of_a_round_runs_before_all_verdicts_are_in(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK, ACTION, ("c3", "act", "{}")), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await until(lambda: len(reply.pending_approvals) == 2)
    await reply.answer("c2", Verdict(Decision.ONCE))
    assert toolbox.ran == []
    await reply.answer("c3", Verdict(Decision.DENY))
    await reply.wait()
    assert toolbox.ran == ["c1", "c2"] and [call for call, _ in results(reply.turn)] == ["c1", "c2", "c3"]


async def test_always_is_remembered_for_the_same_subject_and_tool_only(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(ACTION), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await answered(reply, Verdict(Decision.ALWAYS))
    again = await make_harness(calls(ACTION), answer(), toolbox=toolbox, store=harness.store)
    await (await sent(again)).wait()
    assert toolbox.ran == ["c2", "c2"]
    other = await make_harness(calls(("c4", "act", '{"path": "z"}')), answer(), toolbox=toolbox, store=harness.store)
    reply = await sent(other)
    await until(lambda: reply.pending_approvals)
    reply.cancel()
    await reply.wait()
    toolbox.tools = (replace(ACT, fingerprint="act-2"),)
    changed = await make_harness(calls(ACTION), answer(), toolbox=toolbox, store=harness.store)
    reply = await sent(changed)
    await until(lambda: reply.pending_approvals)
    reply.cancel()
    await reply.wait()
    assert toolbox.ran == ["c2", "c2"]


async def test_an_answer_that_covers_other_calls_answers_them(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    twice = calls(ACTION, ("c3", "act", '{"path": "b"}'))
    harness = await make_harness(twice, answer(), toolbox=toolbox)
    reply = await sent(harness)
    await until(lambda: len(reply.pending_approvals) == 2)
    await reply.answer("c2", Verdict(Decision.CONVERSATION))
    await reply.wait()
    assert toolbox.ran == ["c2", "c3"]


@pytest.mark.parametrize(
    ("rules", "ran"),
    [
        ({"act": Permission.ALLOW}, ["c1", "c2"]),
        ({"act(b)": Permission.ALLOW}, ["c1", "c2"]),
        ({"act(*)": Permission.ALLOW, "*": Permission.DENY}, []),
        ({"look": Permission.DENY, "act": Permission.ALLOW}, ["c2"]),
    ],
)
async def test_rules_decide_without_asking(
    make_harness: MakeHarness, rules: dict[str, Permission], ran: list[str]
) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK, ACTION), answer(), toolbox=toolbox, rules=rules)
    reply = await sent(harness)
    await answered(reply, Verdict(Decision.DENY))
    assert toolbox.ran == ran


async def test_unknown_tools_and_broken_arguments_are_errors_for_the_model(make_harness: MakeHarness) -> None:
    broken: list[ProviderEvent] = [ToolCallDelta("c9", "look", '{"pa'), *calls(("c8", "nowhere", "{}"), text="")]
    harness = await make_harness(broken, answer(), toolbox=ScriptedToolbox())
    turn = (await (await sent(harness)).wait()).turn
    texts = {part.call_id: part.text for part in turn.parts if isinstance(part, ToolResultPart)}
    assert "There is no tool named nowhere" in texts["c8"] and "act, look" in texts["c8"]
    assert SCHEMA in texts["c9"] and turn.status is TurnStatus.COMPLETE
    assert_valid_on_every_wire((turn,))


async def test_a_tool_that_fails_does_not_stop_its_siblings(make_harness: MakeHarness) -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        if call.call_id == "c1":
            raise ExceptionGroup("several", [ValueError("broken")])
        return ToolOutcome("fine")

    harness = await make_harness(calls(LOOK, ("c3", "look", "{}")), answer(), toolbox=ScriptedToolbox(run=run))
    turn = (await (await sent(harness)).wait()).turn
    assert results(turn) == [("c1", ToolStatus.FAILED), ("c3", ToolStatus.DONE)]


async def test_a_long_result_is_cut_in_the_middle_with_a_note(make_harness: MakeHarness) -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        return ToolOutcome("\x1b[31mstart\x1b[0m" + "x" * 100_000 + "end")

    harness = await make_harness(calls(LOOK), answer(), toolbox=ScriptedToolbox(run=run))
    turn = (await (await sent(harness)).wait()).turn
    (part,) = [part for part in turn.parts if isinstance(part, ToolResultPart)]
    assert part.text.startswith("startxxx") and part.text.endswith("xend") and len(part.text) < 30_100
    assert "70,008 of 100,008 characters left out" in part.text


# Limits


@pytest.mark.parametrize(
    ("limits", "reason", "requests"),
    [
        (ToolLimits(max_rounds=3, max_usd=Decimal(10**6), max_same_calls=9), "tool_rounds", 3),
        (ToolLimits(max_usd=Decimal(25), max_same_calls=9), "tool_usd", 2),
        (ToolLimits(max_minutes=0, max_usd=Decimal(10**6), max_same_calls=9), "tool_minutes", 1),
        (ToolLimits(max_usd=Decimal(10**6), max_same_calls=3), "tool_repeats", 3),
    ],
)
async def test_a_limit_ends_the_reply_and_it_can_go_on(
    make_harness: MakeHarness, limits: ToolLimits, reason: str, requests: int
) -> None:
    policy = Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, tools=limits)
    harness = await make_harness(calls(LOOK), policy=policy, toolbox=ScriptedToolbox())
    reply = await sent(harness)
    turn = (await reply.wait()).turn
    assert (turn.stop_reason, turn.status) == (reason, TurnStatus.COMPLETE)
    assert len(harness.provider.requests) == requests
    assert results(turn)[-1] == ("c1", ToolStatus.NOT_RUN)
    more = await harness.service.continue_(reply.conversation_id, turn.id)
    assert (await more.wait()).turn.status is TurnStatus.COMPLETE
    assert more.turn.parent_id == turn.parent_id and more.turn.parts[: len(turn.parts)] == tuple(
        RoundPart() if isinstance(part, RoundPart) else part for part in turn.parts
    )


async def test_going_on_runs_nothing_again_and_counts_nothing_twice(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    limits = ToolLimits(max_rounds=2, max_usd=Decimal(10**6))
    policy = Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, tools=limits)
    harness = await make_harness(
        calls(LOOK), calls(("c5", "look", "{}")), answer("End."), policy=policy, toolbox=toolbox
    )
    reply = await sent(harness)
    first = await reply.wait()
    conversation_id = reply.conversation_id
    more = await harness.service.continue_(conversation_id, first.turn.id)
    await more.wait()
    assert toolbox.ran == ["c1"] and more.turn.text.endswith("End.") and more.turn.usage == USAGE
    stored = await harness.service.open(conversation_id)
    assert stored.usage == USAGE + USAGE + USAGE
    assert_valid_on_every_wire(stored.path)


# Failures


async def test_a_failed_request_after_a_tool_is_retried_without_running_it_again(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(
        calls(ACTION), [Overloaded("busy")], answer(), toolbox=toolbox, rules={"act": Permission.ALLOW}
    )
    turn = (await (await sent(harness)).wait()).turn
    assert toolbox.ran == ["c2"] and turn.status is TurnStatus.COMPLETE
    assert results(turn) == [("c2", ToolStatus.DONE)] and turn.text == "Let me see.\n\nDone."


async def test_a_model_without_tools_answers_and_the_reader_is_notified_once(make_harness: MakeHarness) -> None:
    refusal = RequestRefused("registry.ollama.ai/library/tiny does not support tools", detail="bad_request")
    harness = await make_harness([refusal], answer(), toolbox=ScriptedToolbox())
    events = await heard(await sent(harness))
    assert [event.model for event in events if isinstance(event, ToolsUnsupported)] == ["demo/tour"]
    assert harness.provider.requests[0].tools and harness.provider.requests[1].tools == ()


async def test_a_slow_tool_is_no_silence_of_the_provider(make_harness: MakeHarness) -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        await asyncio.sleep(0.4)
        return ToolOutcome("slow")

    limits = ToolLimits(max_usd=Decimal(10**6))
    policy = Policy(RetryPolicy(), HealthLimits(0.05, 0.1), save_interval_s=0.02, tools=limits)
    harness = await make_harness(calls(LOOK), answer(), policy=policy, toolbox=ScriptedToolbox(run=run))
    assert (await (await sent(harness)).wait()).turn.status is TurnStatus.COMPLETE


async def test_a_provider_that_is_silent_after_a_tool_is_noticed(make_harness: MakeHarness) -> None:
    limits = ToolLimits(max_usd=Decimal(10**6))
    policy = Policy(RetryPolicy(), HealthLimits(0.05, 0.1), save_interval_s=0.02, tools=limits)
    harness = await make_harness(
        calls(LOOK), [TextDelta("Hm"), asyncio.Event()], policy=policy, toolbox=ScriptedToolbox()
    )
    ended = await (await sent(harness)).wait()
    assert ended.turn.status is TurnStatus.FAILED and ended.turn.fault is not None
    assert ended.turn.fault.detail == "stalled" and results(ended.turn) == [("c1", ToolStatus.DONE)]


async def test_nothing_with_an_effect_runs_whose_start_cannot_be_stored(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK, ACTION), answer(), toolbox=toolbox, rules={"act": Permission.ALLOW})

    async def full(*_: object) -> None:
        raise StorageError("full", detail="disk_full")

    monkeypatch.setattr(harness.store, "checkpoint", full)
    turn = (await (await sent(harness)).wait()).turn
    assert toolbox.ran == ["c1"] and results(turn) == [("c1", ToolStatus.DONE), ("c2", ToolStatus.NOT_RUN)]


# Cancel at every moment


class Gate:
    """A tool that waits until it is stopped."""

    def __init__(self) -> None:
        self.running = asyncio.Event()
        self.stopped = 0

    async def run(self, call: ToolCallPart) -> ToolOutcome:
        self.running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        raise AssertionError


async def test_cancel_while_a_tool_runs_reports_that_it_had_started(make_harness: MakeHarness) -> None:
    gate = Gate()
    harness = await make_harness(
        calls(ACTION, ("c3", "act", "{}")),
        answer(),
        toolbox=ScriptedToolbox(run=gate.run),
        rules={"act": Permission.ALLOW},
    )
    reply = await sent(harness)
    await gate.running.wait()
    reply.cancel()
    turn = (await reply.wait()).turn
    assert turn.status is TurnStatus.CANCELLED and gate.stopped == 1
    assert results(turn) == [("c2", ToolStatus.CANCELLED), ("c3", ToolStatus.NOT_RUN)]
    (text, *_) = [part.text for part in turn.parts if isinstance(part, ToolResultPart)]
    assert "stopped this tool while it ran" in text and "working" in text
    assert turn.usage == USAGE
    stored = await harness.service.open(reply.conversation_id)
    assert stored.turn(turn.id) == turn
    assert_valid_on_every_wire(stored.path)


async def test_cancel_while_an_approval_waits(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(ACTION), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await until(lambda: reply.pending_approvals)
    reply.cancel()
    turn = (await reply.wait()).turn
    assert results(turn) == [("c2", ToolStatus.NOT_RUN)] and toolbox.ran == [] and reply.pending_approvals == ()
    assert_valid_on_every_wire((await harness.service.open(reply.conversation_id)).path)


@pytest.mark.parametrize("moment", range(1, 21))
async def test_whatever_moment_cancel_falls_on_the_next_request_is_valid(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """The provider's events, the tools and the requests between them are the moments."""
    passed = 0
    reply: list[Reply] = []

    async def step() -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            reply[0].cancel()
            await asyncio.sleep(0.01)

    async def run(call: ToolCallPart) -> ToolOutcome:
        await step()
        return ToolOutcome("fine")

    harness = await make_harness(
        calls(LOOK, ACTION),
        calls(("c4", "act", "{}")),
        answer(),
        toolbox=ScriptedToolbox(run=run),
        rules={"act": Permission.ALLOW},
    )
    play = harness.provider.stream

    async def stepping(request: Request) -> AsyncGenerator[ProviderEvent, None]:
        async for event in play(request):
            await step()
            yield event

    monkeypatch.setattr(harness.provider, "stream", stepping)
    reply.append(await sent(harness))
    turn = (await reply[0].wait()).turn
    stored = await harness.service.open(reply[0].conversation_id)
    assert stored.turn(turn.id) == turn
    prompt = replace(stored.path[0], id="next", parent_id=turn.id)
    assert_valid_on_every_wire((*stored.path, prompt))
    if any(isinstance(part, RoundPart) for part in turn.parts):
        rounds = rounds_of(turn)
        assert turn.cost is not None and turn.cost.total_usd == sum(
            (part.cost.total_usd for part in rounds if part.cost), Decimal(0)
        )


# Forms


FORM = Form("box", "Who?", (FormField("name", "Name", "string"),))


class AskingToolbox(ScriptedToolbox):
    """Its tools ask by a form, and answer with what they got."""

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        assert isinstance(report, CanAsk)
        answer = await report.ask(FORM)
        return ToolOutcome(f"{answer.action} {dict(answer.values or {})}")


def result_texts(turn: Turn) -> list[str]:
    return [part.text for part in turn.parts if isinstance(part, ToolResultPart)]


async def test_a_form_waits_for_the_user_and_a_late_reader_is_asked_too(make_harness: MakeHarness) -> None:
    harness = await make_harness(calls(LOOK), answer(), toolbox=AskingToolbox())
    harness.service.permissions.can_fill_forms = True
    reply = await sent(harness)
    await until(lambda: reply.pending_forms)
    assert harness.service.permissions.waiting == {reply.conversation_id}
    async for event in reply:
        if isinstance(event, FormAsked):
            assert reply.answer_form(event.form, FormAnswer("accept", {"name": "Ann"}))
            assert not reply.answer_form(event.form, FormAnswer("decline"))
    assert result_texts(reply.turn) == ["accept {'name': 'Ann'}"]
    assert harness.service.permissions.waiting == frozenset()


async def test_a_form_is_declined_at_once_where_no_one_is_there(make_harness: MakeHarness) -> None:
    harness = await make_harness(calls(LOOK), answer(), toolbox=AskingToolbox())
    reply = await sent(harness)
    events = await heard(reply)
    assert not [event for event in events if isinstance(event, FormAsked)]
    assert result_texts(reply.turn) == ["decline {}"]


async def test_cancel_while_a_form_waits_takes_it_back(make_harness: MakeHarness) -> None:
    harness = await make_harness(calls(LOOK), answer(), toolbox=AskingToolbox())
    harness.service.permissions.can_fill_forms = True
    reply = await sent(harness)
    await until(lambda: reply.pending_forms)
    reply.cancel()
    turn = (await reply.wait()).turn
    assert reply.pending_forms == () and results(turn) == [("c1", ToolStatus.CANCELLED)]
    assert harness.service.permissions.waiting == frozenset()


async def test_every_part_of_a_reply_with_tools_is_reported_to_its_readers(make_harness: MakeHarness) -> None:
    harness = await make_harness(calls(LOOK), answer(), toolbox=ScriptedToolbox())
    events = await heard(await sent(harness))
    parts = [event.part for event in events if isinstance(event, PartDelta)]
    assert [type(part) for part in parts] == [RoundPart, ToolResultPart]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Let me see.Done."


async def test_a_fork_keeps_the_results_and_pays_nothing(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(calls(LOOK), answer(), toolbox=toolbox)
    reply = await sent(harness)
    await reply.wait()
    forked = await harness.service.fork(reply.conversation_id, reply.turn_id)
    copy = await harness.store.conversation(forked.id)
    assert results(copy.path[-1]) == results(reply.turn) and copy.options.tools == ("act", "look")
    assert copy.cost.known_replies == 0 and toolbox.ran == ["c1"]
    assert_valid_on_every_wire(copy.path)
