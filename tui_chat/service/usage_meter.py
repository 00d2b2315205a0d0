"""Times and tokens of replies: the provider's own figures where they exist, else estimates."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.estimate import RunningUsage, usage_of_interrupted
from tui_chat.core.provider import Request
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Cost, Usage
from tui_chat.service.dependencies import CostOf, Dependencies
from tui_chat.storage.store import Store

_log = logging.getLogger(__name__)


class UsageMeter:
    """Measures the time and the usage of one reply."""

    def __init__(self, dependencies: Dependencies, turn: Turn, request: Request) -> None:
        self._dependencies = dependencies
        self._model = turn.model
        self._usage = RunningUsage(request)
        self._start_s = dependencies.monotonic_s()
        self._first_output_s: float | None = None
        self._last_reported: tuple[Usage | None, int] = (None, 0)

    def start(self) -> None:
        """Record that the request is sent now."""
        self._start_s = self._dependencies.monotonic_s()

    @property
    def has_output(self) -> bool:
        """Return whether anything of the reply has arrived."""
        return self._first_output_s is not None

    def record_delta(self, now_s: float) -> None:
        """Record that a delta arrived."""
        if self._first_output_s is None:
            self._first_output_s = now_s

    def usage_so_far(self, builder: TurnBuilder) -> Usage | None:
        """Return the usage so far, estimated while it streams; `None` if it has not changed since the last call."""
        now = (builder.usage, builder.characters)
        if now == self._last_reported:
            return None
        self._last_reported = now
        return self._usage.of(builder)

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
        now_s = self._dependencies.monotonic_s()
        usage = self._usage.of(builder)
        cost = await self.cost(usage, turn.created_at) if usage is not None else None
        return replace(
            turn,
            usage=usage,
            cost=cost,
            ttft_ms=None if self._first_output_s is None else round((self._first_output_s - self._start_s) * 1000),
            duration_ms=round((now_s - self._start_s) * 1000),
        )


async def meter_interrupted(store: Store, cost_of: CostOf) -> int:
    """Estimate the usage of replies whose program died, so that no sum is too low; return how many."""
    unmetered = await store.unmetered()
    for conversation_id, turn_id in unmetered:
        conversation = await store.conversation(conversation_id)
        turn = conversation.turn(turn_id)
        request = Request(turn.model, conversation.path_to(turn.parent_id), conversation.system)
        usage = usage_of_interrupted(turn, request)
        await store.finish(replace(turn, usage=usage, cost=await cost_of(turn.model, usage, turn.created_at)))
    return len(unmetered)
