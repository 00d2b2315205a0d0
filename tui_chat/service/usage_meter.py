"""Times and tokens of replies: the provider's own figures where they exist, else estimates."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tui_chat.core.budget import Spending
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.compaction import counted_turns
from tui_chat.core.estimated_tokens import RunningUsage, context_tokens, usage_of_interrupted
from tui_chat.core.event import UsageChanged
from tui_chat.core.part import RoundPart
from tui_chat.core.provider import Request
from tui_chat.core.rounds import rounds_of, sum_rounds_cost, sum_usage, with_sums, written_since
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Cost, Usage
from tui_chat.service.dependencies import CostOf, Dependencies
from tui_chat.storage.store import Store

_log = logging.getLogger(__name__)


class UsageMeter:
    def __init__(self, dependencies: Dependencies, turn: Turn, request: Request) -> None:
        self._dependencies = dependencies
        self._model = turn.model
        self._usage = RunningUsage(request)
        self._start_s = dependencies.monotonic_s()
        self._first_output_s: float | None = None
        self._last_reported: tuple[Usage | None, int] = (None, 0)
        self._rounds: list[RoundPart] = []
        """The finished requests of this reply; those that it copied from another are not among them."""

    def start(self) -> None:
        """Record that the request is sent now."""
        self._start_s = self._dependencies.monotonic_s()

    @property
    def has_output(self) -> bool:
        """Whether anything of the reply has arrived."""
        return self._first_output_s is not None

    def record_delta(self, now_s: float) -> None:
        if self._first_output_s is None:
            self._first_output_s = now_s

    async def so_far(self, builder: TurnBuilder) -> UsageChanged | None:
        """Return the usage so far, estimated while it streams; `None` if it has not changed since the last call."""
        now = (builder.usage, builder.characters)
        if now == self._last_reported:
            return None
        self._last_reported = now
        usage = self._usage.of(builder)
        if usage is None:
            return None
        rounds = [part for part in self._rounds if part.usage is not None]
        cost = await self.cost(usage, self._dependencies.now())
        costs = (*(part.cost for part in rounds), cost)
        total = sum_usage((*(part.usage for part in rounds), usage))
        return None if total is None else UsageChanged(total, sum_rounds_cost(costs))

    async def end_round(self, builder: TurnBuilder, at: datetime) -> RoundPart:
        """Return the end of the running request, with its figures."""
        usage = self._usage.of(builder)
        cost = await self.cost(usage, at) if usage is not None else None
        end = RoundPart(usage, cost, self._ttft_ms, self._duration_ms)
        self._rounds.append(end)
        return end

    @property
    def finished(self) -> UsageChanged | None:
        rounds = [part for part in self._rounds if part.usage is not None]
        total = sum_usage(part.usage for part in rounds)
        return None if total is None else UsageChanged(total, sum_rounds_cost(part.cost for part in rounds))

    def next_round(self, request: Request) -> None:
        """Measure another request of the same reply."""
        self._usage = RunningUsage(request)
        self._first_output_s = None
        self._last_reported = (None, 0)
        self.start()

    async def spending(self, turns: Sequence[Turn], system: str, at: datetime) -> tuple[Spending, Spending]:
        """Return what the reply has spent so far, and what its next request will spend at least."""
        rounds = (Spending.of_request(part.usage.total_tokens, part.cost) for part in self._rounds if part.usage)
        usage = Usage(context_tokens(turns, system), estimated=True)
        return sum(rounds, Spending()), Spending.of_request(usage.total_tokens, await self.cost(usage, at))

    async def usd_with_next(self, turns: Sequence[Turn], system: str, at: datetime) -> Decimal | None:
        """Return the cost so far and of the input of the next request; `None` where a part is unknown."""
        usage = Usage(context_tokens(turns, system), estimated=True)
        costs = (*(part.cost for part in self._rounds if part.usage), await self.cost(usage, at))
        total = sum_rounds_cost(costs)
        return None if total is None else total.total_usd

    @property
    def _ttft_ms(self) -> int | None:
        return None if self._first_output_s is None else round((self._first_output_s - self._start_s) * 1000)

    @property
    def _duration_ms(self) -> int:
        return round((self._dependencies.monotonic_s() - self._start_s) * 1000)

    async def cost(self, usage: Usage, at: datetime) -> Cost | None:
        """Return the cost; `None` also where the price list fails, since no figure is worth a reply."""
        task = asyncio.ensure_future(self._dependencies.cost_of(self._model, usage, at))
        await asyncio.wait({task})
        if (fault := task.exception()) is not None:
            _log.error("a fault in the price list", exc_info=fault)
            return None
        return task.result()

    async def settle(self, turn: Turn, builder: TurnBuilder) -> Turn:
        """Return the turn with its final times, tokens and cost."""
        duration_ms = self._duration_ms
        if rounds_of(turn):
            if written_since(turn.parts) or builder.usage is not None:
                turn = replace(turn, parts=(*turn.parts, await self.end_round(builder, turn.created_at)))
            return with_sums(turn)
        usage = self._usage.of(builder)
        cost = await self.cost(usage, turn.created_at) if usage is not None else None
        return replace(turn, usage=usage, cost=cost, ttft_ms=self._ttft_ms, duration_ms=duration_ms)


async def meter_interrupted(store: Store, cost_of: CostOf) -> int:
    """Estimate the usage of replies whose program died, so that no sum is too low; return how many."""
    unmetered = await store.unmetered()
    for conversation_id, turn_id in unmetered:
        conversation = await store.conversation(conversation_id)
        turn = conversation.turn(turn_id)
        request = Request(turn.model, counted_turns(conversation, turn.parent_id), conversation.system)
        usage = usage_of_interrupted(turn, request)
        cost = await cost_of(turn.model, usage, turn.created_at)
        if rounds_of(turn):
            metered = with_sums(replace(turn, parts=(*turn.parts, RoundPart(usage, cost))))
        else:
            metered = replace(turn, usage=usage, cost=cost)
        await store.finish(metered)
    return len(unmetered)
