"""The tools of one reply: who may run, what runs, and its result, stored at every step. Knows no tool and no screen.

All verdicts of a round come before anything runs. A call with an effect runs only once its start is stored, and its
result is stored before the next request, so that nothing ever runs twice.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tui_chat.core.attachment import without_bytes
from tui_chat.core.error import StorageError
from tui_chat.core.event import (
    ApprovalAsked,
    ApprovalGiven,
    Delta,
    FormAnswered,
    FormAsked,
    PartDelta,
    ReplyEvent,
    ToolProgress,
    ToolStarted,
)
from tui_chat.core.form import CANCELLED, DECLINED, Form, FormAnswer
from tui_chat.core.part import AttachmentPart, Part, ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.rounds import open_call_result
from tui_chat.core.tool import (
    Approval,
    ArgumentsRefused,
    CallReview,
    Decision,
    Effect,
    Tool,
    Toolbox,
    ToolOutcome,
    Verdict,
)
from tui_chat.core.tool_text import result_text
from tui_chat.service.attachment_bytes import measured_files
from tui_chat.service.dependencies import Dependencies
from tui_chat.service.permissions import Permission, Permissions
from tui_chat.service.tool_limits import BUDGET, STOPPED_BY_USER, RoundCounter

_log = logging.getLogger(__name__)

MAX_PARALLEL = 4
"""Reading tools that run at once."""
UNSUPPORTED = re.compile(
    r"(not|n't) support (the )?(tool|function)|support (tool|function)[ _]?(use|call)|(tool|function)s? (are|is) not",
    re.IGNORECASE,
)
"""Texts of servers about a model that cannot use tools."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """How a reply takes in what its tools do."""

    record: Callable[[Delta], None]
    """Add a delta to the turn, and to what is stored next."""
    publish: Callable[[ReplyEvent], None]
    save: Callable[[], Awaitable[bool]]
    """Store everything recorded so far; return whether that succeeded."""
    store_bytes: Callable[[bytes], Awaitable[str]]
    """Store the bytes of a file; return their hash."""


@dataclass(slots=True)
class _Planned:
    """A call with what is to be done: a review to run, or a result that needs no run."""

    call: ToolCallPart
    review: CallReview | None = None
    result: ToolResultPart | None = None


class ToolRounds:
    """Answers the calls of one reply, round by round."""

    def __init__(
        self,
        dependencies: Dependencies,
        permissions: Permissions,
        recorder: Recorder,
        conversation_id: str,
        tools: Sequence[Tool],
    ) -> None:
        self._dependencies = dependencies
        self._permissions = permissions
        self._recorder = recorder
        self._conversation_id = conversation_id
        self._tools = {tool.name: tool for tool in tools}
        self._counter = RoundCounter(dependencies.policy.tools)
        self._start_s = dependencies.monotonic_s()
        self._waited_s = 0.0
        self._waiting: dict[str, tuple[Approval, asyncio.Future[Verdict]]] = {}
        self._forms: dict[Form, asyncio.Future[FormAnswer]] = {}
        self._output: dict[str, str] = {}
        """The last lines of each running call."""

    @property
    def pending(self) -> tuple[Approval, ...]:
        """The calls that wait for the user's answer, in the model's order."""
        return tuple(approval for approval, _ in self._waiting.values())

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that wait for the user, oldest first."""
        return tuple(self._forms)

    def answer_form(self, form: Form, answer: FormAnswer) -> bool:
        """Answer a form; return whether it still waited."""
        waiting = self._forms.get(form)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(answer)
        return True

    async def ask_form(self, form: Form) -> FormAnswer:
        """Wait until the user has filled in a form."""
        if not self._permissions.can_fill_forms:
            return DECLINED
        form = replace(form, id=self._dependencies.new_id())
        self._forms[form] = asyncio.get_running_loop().create_future()
        self._permissions.set_waiting(self._conversation_id, is_waiting=True)
        self._recorder.publish(FormAsked(form))
        asked_s = self._dependencies.monotonic_s()
        try:
            return await self._forms[form]
        finally:
            del self._forms[form]
            self._waited_s += self._dependencies.monotonic_s() - asked_s
            self._permissions.set_waiting(self._conversation_id, is_waiting=bool(self._forms or self._waiting))
            self._recorder.publish(FormAnswered(form))

    def output_of(self, call_id: str) -> str:
        """Return the last lines of a call that is running."""
        return self._output.get(call_id, "")

    async def answer(self, call_id: str, verdict: Verdict) -> None:
        """Answer an approval; the first answer wins. What the verdict covers beyond it is answered too."""
        approval, _ = self._waiting.get(call_id, (None, None))
        if approval is None or not self._resolve(call_id, verdict):
            return
        now, offered = self._dependencies.now(), self._tools.values()
        await self._permissions.remember(self._conversation_id, approval.review, verdict, offered, now)
        if verdict.decision is Decision.STOP:
            for other in tuple(self._waiting):
                self._resolve(other, verdict)
        for other, (waiting, _) in tuple(self._waiting.items()):
            if await self._permission(waiting.review) is Permission.ALLOW:
                self._resolve(other, Verdict(Decision.ONCE))

    def _resolve(self, call_id: str, verdict: Verdict) -> bool:
        _, answer = self._waiting.get(call_id, (None, None))
        if answer is None or answer.done():
            return False
        del self._waiting[call_id]
        answer.set_result(verdict)
        self._recorder.publish(ApprovalGiven(call_id, verdict))
        return True

    async def run(
        self, calls: Sequence[ToolCallPart], next_usd: Decimal | None, *, is_over_budget: bool = False
    ) -> str | None:
        """Answer all calls of a round; return a stop reason, or `None` where the next request may go out.

        `next_usd` is the cost of the reply with the input of the next request, where it is known.
        """
        elapsed_s = self._dependencies.monotonic_s() - self._start_s - self._waited_s
        reason = self._counter.reached(calls, elapsed_s, next_usd)
        if reason is None and is_over_budget:
            reason = BUDGET
        if reason is not None:
            await self._not_run(calls, self._counter.why(reason))
            return reason
        planned = [await self._planned(call) for call in calls]
        if await self._ask(planned):
            await self._record([plan.result or _not_run(plan.call, "the user ended the reply") for plan in planned])
            return STOPPED_BY_USER
        await self._dispatch(planned)
        return None

    async def _not_run(self, calls: Sequence[ToolCallPart], why: str) -> None:
        await self._record([_not_run(call, why) for call in calls])

    async def _record(self, results: Sequence[Part]) -> None:
        for result in results:
            self._recorder.record(PartDelta(result))
        await self._recorder.save()

    # What may run

    async def _planned(self, call: ToolCallPart) -> _Planned:
        """Return a call with its review, or with the error that the model gets."""
        tool, toolbox = self._tools.get(call.name), self._dependencies.toolbox
        if tool is None or toolbox is None:
            names = ", ".join(self._tools)
            return _failed(call, f"There is no tool named {call.name}. These are there: {names}.")
        try:
            review = await toolbox.review(tool, call)
        except ArgumentsRefused as error:
            return _failed(call, f"{error}\nThe arguments must match this schema: {tool.schema_json}")
        if await self._permission(review) is Permission.DENY:
            return _Planned(
                call, result=_denied(call, f"A rule in the user's settings denies this: {review.summary}")
            )
        return _Planned(call, review)

    async def _permission(self, review: CallReview) -> Permission:
        return await self._permissions.decide(self._conversation_id, review)

    async def _ask(self, planned: Sequence[_Planned]) -> bool:
        """Wait for the user's answers to all calls that need one; return whether the reply is to end."""
        loop, answers = asyncio.get_running_loop(), list[tuple[_Planned, asyncio.Future[Verdict]]]()
        for plan in planned:
            if plan.review is not None and await self._permission(plan.review) is Permission.ASK:
                answer: asyncio.Future[Verdict] = loop.create_future()
                answers.append((plan, answer))
                review = plan.review
                if not review.warning and await self._permissions.is_outdated(review):
                    review = replace(review, warning="the tool has changed since you always allowed this")
                self._waiting[plan.call.call_id] = (Approval(plan.call, review), answer)
        asked_s = self._dependencies.monotonic_s()
        self._permissions.set_waiting(self._conversation_id, is_waiting=bool(answers))
        for approval in self.pending:
            self._recorder.publish(ApprovalAsked(approval))
        try:
            for plan, answer in answers:
                verdict = await answer
                if not verdict.allows:
                    reason = f" The user says: {verdict.reason}" if verdict.reason else ""
                    plan.result = _denied(plan.call, f"The user did not allow this call.{reason}")
        finally:
            self._waiting.clear()
            self._permissions.set_waiting(self._conversation_id, is_waiting=False)
            self._waited_s += self._dependencies.monotonic_s() - asked_s
        return any(answer.result().decision is Decision.STOP for _, answer in answers)

    # What runs

    async def _dispatch(self, planned: Sequence[_Planned]) -> None:
        """Run the calls in the model's order; those that only read run together."""
        batch: list[_Planned] = []
        for plan in planned:
            if plan.review is not None and plan.result is None and plan.review.tool.effect is not Effect.READ:
                await self._run_together(batch)
                batch = []
                await self._run_together([plan])
            else:
                batch.append(plan)
                if len(batch) == MAX_PARALLEL:
                    await self._run_together(batch)
                    batch = []
        await self._run_together(batch)

    async def _run_together(self, batch: Sequence[_Planned]) -> None:
        if batch:
            answers = await asyncio.gather(*(self._result(plan) for plan in batch))
            await self._record([part for parts in answers for part in parts])

    async def _result(self, plan: _Planned) -> tuple[Part, ...]:
        """Return the result of a call, and the files in it."""
        if plan.result is not None or plan.review is None:
            result = plan.result or _not_run(plan.call, "it was not reviewed")
            self._counter.record(plan.call, result.text)
            return (result,)
        call, tool = plan.call, plan.review.tool
        self._recorder.record(ToolStarted(call.call_id))
        if tool.effect is not Effect.READ and not await self._recorder.save():
            return (_not_run(call, "its start could not be stored, and nothing runs that is not stored"),)
        start_s = self._dependencies.monotonic_s()
        outcome = await self._outcome(tool, call)
        self._output.pop(call.call_id, None)
        files = await self._stored(outcome.files)
        text = result_text(outcome.text, self._dependencies.policy.tools.max_result_characters) or "(no output)"
        self._counter.record(call, text)
        duration_ms = round((self._dependencies.monotonic_s() - start_s) * 1000)
        is_error = outcome.status is not ToolStatus.DONE
        result = ToolResultPart(call.call_id, text, is_error, status=outcome.status, duration_ms=duration_ms)
        return result, *files

    async def _stored(self, files: Sequence[AttachmentPart]) -> tuple[AttachmentPart, ...]:
        """Store the bytes of files; return those that could be stored, without their bytes."""
        stored: list[AttachmentPart] = []
        for file in await measured_files(files):
            try:
                await self._recorder.store_bytes(file.data)
            except StorageError as error:
                _log.warning("a file of a tool could not be stored: %s", error)
            else:
                stored.append(without_bytes(file))
        return tuple(stored)

    async def _outcome(self, tool: Tool, call: ToolCallPart) -> ToolOutcome:
        toolbox: Toolbox | None = self._dependencies.toolbox
        assert toolbox is not None

        report = _Report(self, call.call_id)
        try:
            return await toolbox.run(tool, call, report)
        except Exception as fault:  # noqa: BLE001 — a tool may fail in any way, and the model gets the error
            _log.error("a fault in the tool %s", tool.name, exc_info=fault)
            return ToolOutcome(f"The tool failed: {type(fault).__name__}: {fault}", ToolStatus.FAILED)
        finally:
            report.end()

    def show_output(self, call_id: str, tail: str) -> None:
        """Take in the last lines that a call has printed."""
        self._output[call_id] = tail
        self._recorder.publish(ToolProgress(call_id, tail))


class _Report:
    """What a running call reports and asks."""

    def __init__(self, rounds: ToolRounds, call_id: str) -> None:
        self._rounds = rounds
        self._call_id = call_id
        self._forms: set[asyncio.Future[FormAnswer]] = set()

    def __call__(self, tail: str) -> None:
        self._rounds.show_output(self._call_id, tail)

    async def ask(self, form: Form) -> FormAnswer:
        """Return the user's answer; a call that ends takes its form back."""
        asking = asyncio.ensure_future(self._rounds.ask_form(form))
        self._forms.add(asking)
        try:
            return await asking
        except asyncio.CancelledError:
            if asking.cancelled() and not _is_being_cancelled():
                return CANCELLED
            asking.cancel()
            raise
        finally:
            self._forms.discard(asking)

    def end(self) -> None:
        """Take back the forms that still wait."""
        for asking in self._forms:
            asking.cancel()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed(call: ToolCallPart, text: str) -> _Planned:
    return _Planned(call, result=ToolResultPart(call.call_id, text, True, status=ToolStatus.FAILED))


def _denied(call: ToolCallPart, text: str) -> ToolResultPart:
    return ToolResultPart(call.call_id, text, True, status=ToolStatus.DENIED)


def _not_run(call: ToolCallPart, why: str) -> ToolResultPart:
    return open_call_result(call.call_id, ToolStatus.NOT_RUN, why)
