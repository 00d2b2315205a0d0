"""One reply in flight: owns its tasks, saves as it goes, sends all readers the same events. Knows no screen, no wire.

Reading a reply does not drive it, and a reader that leaves does not stop it. `cancel()` sets an event and only the
pump is ever cancelled: a task cancelled before its first step would never run its `finally`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from tui_chat.core.budget import Spending
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import ChatError, ProviderError, RequestRefused, StorageError, StreamCut, Unexpected
from tui_chat.core.event import (
    ApprovalAsked,
    Delta,
    FormAsked,
    Health,
    HealthChanged,
    PartDelta,
    ProviderEvent,
    ReplyEvent,
    ReplyOpened,
    RetryScheduled,
    SavingChanged,
    SignOfLife,
    Stopped,
    ToolsUnsupported,
    TurnEnded,
    TurnStarted,
    UsageChanged,
    UsageReported,
)
from tui_chat.core.form import Form, FormAnswer
from tui_chat.core.part import ToolResultPart, ToolStatus
from tui_chat.core.provider import Request
from tui_chat.core.rounds import answer_open_calls, expand_rounds, open_calls, rounds_of, with_sums
from tui_chat.core.tool import Approval, Verdict
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.service.dependencies import Dependencies
from tui_chat.service.joining_reader import JoiningReader
from tui_chat.service.permissions import Permissions
from tui_chat.service.save_queue import SaveQueue
from tui_chat.service.stall_detection import HealthMonitor
from tui_chat.service.tool_rounds import UNSUPPORTED, Recorder, ToolRounds
from tui_chat.service.usage_meter import UsageMeter

_log = logging.getLogger(__name__)

_PAUSED = "pause_turn"
"""The stop reason of a reply that is to be sent back as it is."""

MAX_BLOCKING_S = 0.001
"""The pump yields to the event loop this often, even if all bytes of the provider are there already.

A key takes about ten turns of the loop until it is shown."""

_SAVES_PER_PRICE = 5
"""Figures are shown once a second, and saved five times."""

CLOSE_TIMEOUT_S = 2.0
"""How long to wait for a provider to close its connection."""


class _Reader:
    """The events that one reader has not read yet."""

    def __init__(self, first_events: list[ReplyEvent]) -> None:
        self.backlog: deque[ReplyEvent] = deque(first_events)
        self.has_events = asyncio.Event()


class _Batch:
    """Deltas that are being saved or have been."""

    def __init__(self, deltas: list[Delta]) -> None:
        self.deltas = deltas
        self.is_saved = False

    def mark_saved(self) -> None:
        """Called on the store's thread, with the commit."""
        self.is_saved = True


class Reply:
    """A reply from its request to its end."""

    def __init__(
        self,
        dependencies: Dependencies,
        save_queue: SaveQueue,
        permissions: Permissions,
        conversation_id: str,
        turn: Turn,
        request: Request,
        with_files: Callable[[Request], Awaitable[Request]],
    ) -> None:
        """`with_files` returns a later request with the files of tool results that the model takes."""
        self.conversation_id = conversation_id
        self.notes: tuple[str, ...] = ()
        """Attachments that were shrunk or left out for this request, and changed tools, for the user."""
        self.allows_round: Callable[[Spending, Spending], Awaitable[bool]] = _always
        """Returns whether the budget allows its next request, after what it has spent."""
        self._dependencies = dependencies
        self._save_queue = save_queue
        self._blank = turn
        self._request = request
        self._before = tuple(piece for piece in request.turns if piece.id != turn.id)
        """The branch that it answers, without what it continues."""
        self._with_files = with_files
        recorder = Recorder(self._record, self._publish, self._save_so_far, save_queue.store.put_blob)
        self._tools = ToolRounds(dependencies, permissions, recorder, conversation_id, request.tools)
        self._builder = TurnBuilder(turn)
        self._meter = UsageMeter(dependencies, turn, request)
        self._health = HealthMonitor(dependencies.policy.health, dependencies.monotonic_s())
        self._shown_health = Health.WAITING
        self._arrived: tuple[_Batch, list[Delta]] = (_Batch([]), [])
        """The last batch to save, and the deltas after it; one value, as another thread may read it."""
        self._saving = asyncio.Lock()
        self._readers: set[_Reader] = set()
        self._joining_readers: set[JoiningReader] = set()
        self._status_event: RetryScheduled | HealthChanged | None = None
        self._stop = asyncio.Event()
        self._stop_as = TurnStatus.CANCELLED
        self._skip_countdown = asyncio.Event()
        self._ended: TurnEnded | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def turn_id(self) -> str:
        return self._blank.id

    @property
    def turn(self) -> Turn:
        """The turn as received so far."""
        return self._ended.turn if self._ended else self._builder.turn

    @property
    def ended(self) -> TurnEnded | None:
        """How the reply ended; `None` while it is in flight."""
        return self._ended

    @property
    def unsaved(self) -> tuple[Delta, ...]:
        """The deltas since the last save; exact on the store's thread."""
        batch, later = self._arrived
        return (*(() if batch.is_saved else batch.deltas), *later)

    def start(self) -> None:
        """Send the request."""
        self._task = asyncio.create_task(self._run(), name=f"reply {self.turn_id}")

    def cancel(self, *, status: TurnStatus = TurnStatus.CANCELLED) -> None:
        """Stop the reply at once and keep what arrived; does nothing the second time or after the end."""
        if not self._stop.is_set():
            self._stop_as = status
            self._stop.set()

    @property
    def pending_approvals(self) -> tuple[Approval, ...]:
        """The tool calls that wait for an answer, in the model's order."""
        return self._tools.pending

    async def answer(self, call_id: str, verdict: Verdict) -> None:
        """Answer an approval; the first answer counts."""
        await self._tools.answer(call_id, verdict)

    @property
    def pending_forms(self) -> tuple[Form, ...]:
        """The forms that tools ask the user to fill in, oldest first."""
        return self._tools.forms

    def answer_form(self, form: Form, answer: FormAnswer) -> bool:
        """Answer a form; return whether it still waited."""
        return self._tools.answer_form(form, answer)

    def retry_now(self) -> None:
        """Skip the rest of a retry's countdown."""
        self._skip_countdown.set()

    async def wait(self) -> TurnEnded:
        """Wait for the end of the reply and return it."""
        if self._task is not None:
            await asyncio.wait({self._task})
        assert self._ended is not None
        return self._ended

    def _first_events(self) -> list[ReplyEvent]:
        events: list[ReplyEvent] = [TurnStarted(self.conversation_id, self.turn)]
        if self._ended is not None:
            events.append(self._ended)
        elif self._status_event is not None:
            events.append(self._status_event)
        events += (ApprovalAsked(approval) for approval in self.pending_approvals)
        return [*events, *map(FormAsked, self.pending_forms)]

    def add_reader(self, reader: JoiningReader) -> Callable[[], None]:
        """Send everything to a bounded reader, starting with the turn so far; return a function that ends this."""
        for event in self._first_events():
            reader.put(self.turn_id, event)
        self._joining_readers.add(reader)
        return lambda: self._joining_readers.discard(reader)

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        reader = _Reader(self._first_events())
        self._readers.add(reader)
        try:
            while True:
                while reader.backlog:
                    event = reader.backlog.popleft()
                    yield event
                    if isinstance(event, TurnEnded):
                        return
                reader.has_events.clear()
                await reader.has_events.wait()
        finally:
            self._readers.discard(reader)

    def _publish(self, event: ReplyEvent) -> None:
        for reader in self._readers:
            reader.backlog.append(event)
            reader.has_events.set()
        for joining_reader in self._joining_readers:
            joining_reader.put(self.turn_id, event)

    async def _run(self) -> None:
        unsubscribe = self._save_queue.watch(lambda error: self._publish(SavingChanged(error)))
        pump = asyncio.create_task(self._pump())
        monitor = asyncio.create_task(self._save_and_check())
        stop = asyncio.create_task(self._stop.wait())
        # A task of its own: loading the price list must not delay saving.
        price = asyncio.create_task(self._price())
        await asyncio.wait({pump, monitor, stop}, return_when=asyncio.FIRST_COMPLETED)
        status, error = await self._outcome(pump, monitor)
        tasks = {pump, monitor, stop, price}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
        try:
            await self._finish(status, error)
        finally:
            unsubscribe()

    async def _outcome(
        self, pump: asyncio.Task[ChatError | None], monitor: asyncio.Task[StreamCut]
    ) -> tuple[TurnStatus, ChatError | None]:
        if pump.done():
            error = pump.result()
            return (TurnStatus.FAILED, error) if error else (TurnStatus.COMPLETE, None)
        if monitor.done():
            fault = monitor.exception()
            return TurnStatus.FAILED, monitor.result() if fault is None else _as_chat_error(fault)
        return self._stop_as, None

    async def _pump(self) -> ChatError | None:
        """Make requests until the model calls no tool any more; return what went wrong. Never raises."""
        try:
            while True:
                if (error := await self._stream_round()) is not None:
                    return error
                if not await self._run_tools():
                    return None
        except ChatError as error:
            return error
        except Exception as fault:  # noqa: BLE001 — the pump must hand every fault out as an ending
            return _as_chat_error(fault)

    async def _stream_round(self) -> ChatError | None:
        """Handle the provider's events until they end; return what went wrong."""
        attempt = 1
        while True:
            try:
                await self._attempt()
            except ProviderError as error:
                if self._can_do_without_tools(error):
                    continue
                delay_s = (
                    None
                    if self._meter.has_output
                    else self._dependencies.policy.retry.delay_s(error, attempt, self._dependencies.random())
                )
                if delay_s is None:
                    error.attempts = attempt
                    return error
                attempt += 1
                await self._wait_for_retry(RetryScheduled(attempt, delay_s, error))
            else:
                return None

    def _can_do_without_tools(self, error: ProviderError) -> bool:
        """Return whether to send the request without tools, because the model cannot use any; notify the readers."""
        is_first = not self._meter.has_output and not rounds_of(self._blank)
        if not (self._request.tools and is_first and isinstance(error, RequestRefused)):
            return False
        if not UNSUPPORTED.search(error.message):
            return False
        self._request = replace(self._request, tools=())
        self._publish(ToolsUnsupported(self._blank.model))
        return True

    async def _run_tools(self) -> bool:
        """Answer the calls of the request that ended; return whether another request follows.

        It also follows where the provider paused the reply, as it does after many steps of its own tools.
        """
        stopped = self._builder.stopped
        is_paused = stopped is not None and stopped.reason == _PAUSED
        calls = open_calls(self._builder.turn.parts) if self._request.tools else ()
        if not calls and not is_paused:
            return False
        # Nothing is expected from the provider now: silence is no fault.
        self._health.restart(self._dependencies.monotonic_s())
        at, request = self._blank.created_at, self._request
        self._record(PartDelta(await self._meter.end_round(self._builder, at)))
        if (figures := self._meter.finished) is not None:
            self._publish(figures)
        await self._save_so_far()
        turns = expand_rounds((*self._before, self._builder.turn))
        is_allowed = await self.allows_round(*await self._meter.spending(turns, request.system, at))
        next_usd = await self._meter.usd_with_next(turns, request.system, at)
        reason = await self._tools.run(calls, next_usd, is_over_budget=not is_allowed)
        if reason is not None:
            self._builder.add(Stopped(reason))
            return False
        self._blank = self._builder.turn
        turns = expand_rounds((*self._before, self._blank))
        self._request = await self._with_files(replace(request, turns=turns, is_paused=is_paused and not calls))
        self._meter.next_round(self._request)
        return True

    async def _attempt(self) -> None:
        dependencies = self._dependencies
        self._builder = TurnBuilder(self._blank)
        self._meter.start()
        provider = await dependencies.provider_for(self._blank.model)
        self._health.restart(dependencies.monotonic_s())
        last_yield_s = dependencies.monotonic_s()
        async with aclosing(provider.stream(self._request)) as events:
            async for event in events:
                now_s = dependencies.monotonic_s()
                if self._readers and not any(reader.backlog for reader in self._readers):
                    last_yield_s = now_s  # they have read everything, so the loop had a turn
                self._handle_event(event, now_s)
                if now_s - last_yield_s > MAX_BLOCKING_S:
                    await asyncio.sleep(0)
                    last_yield_s = dependencies.monotonic_s()
        if self._builder.stopped is None:
            raise StreamCut("the reply broke off", detail="dropped", request_id=self._builder.request_id)

    def _handle_event(self, event: ProviderEvent, now_s: float) -> None:
        self._health.record_activity(now_s)
        if self._shown_health is not Health.HEALTHY:
            self._show_health(Health.HEALTHY, 0.0)
        self._builder.add(event)
        if isinstance(event, (ReplyOpened, UsageReported, Stopped, SignOfLife)):
            return
        self._meter.record_delta(now_s)
        self._arrived[1].append(event)
        self._publish(event)

    def _record(self, delta: Delta) -> None:
        """Take in what a tool did."""
        self._builder.add(delta)
        self._arrived[1].append(delta)
        self._publish(delta)

    async def _wait_for_retry(self, retry: RetryScheduled) -> None:
        self._skip_countdown.clear()
        self._status_event = retry
        self._publish(retry)
        try:
            async with asyncio.timeout(retry.delay_s):
                await self._skip_countdown.wait()
        except TimeoutError:
            pass
        self._status_event = None

    async def _save_and_check(self) -> StreamCut:
        """Save the reply and check its health regularly; return only when it has stalled."""
        save_interval_s = pause_s = self._dependencies.policy.save_interval_s
        while True:
            await asyncio.sleep(pause_s)
            saved_s = self._dependencies.monotonic_s()
            await self._save_so_far()
            if await self._save_queue.is_stop_requested(self.turn_id):
                self.cancel()
            # A slow disk shortens the pause, but never removes it.
            pause_s = max(save_interval_s / 4, save_interval_s - (self._dependencies.monotonic_s() - saved_s))
            now_s = self._dependencies.monotonic_s()
            health = self._health.health(now_s)
            silent_s = self._health.silent_s(now_s)
            if health is not self._shown_health:
                self._show_health(health, silent_s)
            if health is Health.FAILED:
                request_id = self._builder.request_id
                return StreamCut(f"nothing arrived for {silent_s:.0f} s", detail="stalled", request_id=request_id)

    def _show_health(self, health: Health, silent_s: float) -> None:
        self._shown_health = health
        self._status_event = HealthChanged(health, silent_s)
        self._publish(self._status_event)

    async def _save_so_far(self) -> bool:
        """Store what arrived since the last call; return whether everything is stored."""
        async with self._saving:
            if unsaved := self._arrived[1]:
                batch = _Batch(unsaved)
                self._arrived = batch, []
                checkpoint = self._save_queue.checkpoint
                if not await checkpoint(self.conversation_id, self.turn_id, unsaved, batch.mark_saved):
                    self._arrived = _Batch([]), unsaved + self._arrived[1]
                    return False
            return True

    async def _price(self) -> None:
        while True:
            await asyncio.sleep(_SAVES_PER_PRICE * self._dependencies.policy.save_interval_s)
            await self._price_so_far()

    async def _price_so_far(self) -> None:
        if (figures := await self._meter.so_far(self._builder)) is not None:
            self._publish(figures)

    async def _finish(self, status: TurnStatus, error: ChatError | None) -> None:
        turn = replace(self._builder.turn, status=status)
        save_error: StorageError | None = None
        try:
            turn = await self._settle(turn, error)
            await self._save_queue.finish(self.conversation_id, turn)
            save_error = self._save_queue.error
        except ChatError as failure:
            save_error = StorageError(failure.message, detail=failure.detail)
        finally:
            if turn.usage is not None:
                self._publish(UsageChanged(turn.usage, turn.cost))
            self._ended = TurnEnded(turn, error, save_error)
            self._publish(self._ended)

    async def _settle(self, turn: Turn, error: ChatError | None) -> Turn:
        if error is not None and error.request_id is None:
            error.request_id = turn.request_id
        turn = replace(turn, fault=error.fault if error else None)
        calls = open_calls(turn.parts) if self._request.tools else ()
        if calls and not rounds_of(turn):
            turn = replace(turn, parts=(*turn.parts, await self._meter.end_round(self._builder, turn.created_at)))
            turn = with_sums(turn)
        else:
            turn = await self._meter.settle(turn, self._builder)
        results = answer_open_calls(turn.parts, self._builder.started, why="the reply ended before") if calls else ()
        results = tuple(map(self._with_output, results))
        for result in results:
            self._publish(PartDelta(result))
        return replace(turn, parts=(*turn.parts, *results))

    def _with_output(self, result: ToolResultPart) -> ToolResultPart:
        """Return the result of a stopped call with the last lines of its output."""
        output = self._tools.output_of(result.call_id)
        if result.status is not ToolStatus.CANCELLED or not output:
            return result
        return replace(result, text=f"{result.text}\nIts last output:\n{output}")


async def _always(spent: Spending, next_request: Spending) -> bool:
    return True


def _as_chat_error(fault: BaseException) -> ChatError:
    """Return the error that the reply ends with; log the trace if the fault is ours."""
    if isinstance(fault, ChatError):
        return fault
    _log.error("a fault while a reply came in", exc_info=fault)
    return Unexpected(f"{type(fault).__name__}: {fault}")
