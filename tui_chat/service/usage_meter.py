"""Times and tokens of one reply. Settles on the provider's own figures; until then, and without them, estimates."""

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
    """Watches one reply's clock and counts."""

    def __init__(self, dependencies: Dependencies, turn: Turn, request: Request) -> None:
        self._dependencies = dependencies
        self._model = turn.model
        self._usage = RunningUsage(request)
        self._start_s = dependencies.monotonic_s()
        self._first_s: float | None = None
        self._told: tuple[Usage | None, int] = (None, 0)

    def start(self) -> None:
        """A request leaves now."""
        self._start_s = self._dependencies.monotonic_s()

    @property
    def begun(self) -> bool:
        """Whether anything of the reply has arrived."""
        return self._first_s is not None

    def heard_delta(self, now_s: float) -> None:
        """A piece of the reply arrived."""
        if self._first_s is None:
            self._first_s = now_s

    def usage_so_far(self, builder: TurnBuilder) -> Usage | None:
        """Tokens by now, estimated while they run; `None` when nothing has changed."""
        now = (builder.usage, builder.characters)
        if now == self._told:
            return None
        self._told = now
        return self._usage.of(builder)

    async def cost(self, usage: Usage, at: datetime) -> Cost | None:
        """What they cost; unknown also where the price list fails, since no figure is worth a reply."""
        asked = asyncio.ensure_future(self._dependencies.cost_of(self._model, usage, at))
        await asyncio.wait({asked})
        if (fault := asked.exception()) is not None:
            _log.error("a fault in the price list", exc_info=fault)
            return None
        return asked.result()

    async def settle(self, turn: Turn, builder: TurnBuilder) -> Turn:
        """The turn with its final times, tokens and cost."""
        now_s = self._dependencies.monotonic_s()
        usage = self._usage.of(builder)
        cost = await self.cost(usage, turn.created_at) if usage is not None else None
        return replace(
            turn,
            usage=usage,
            cost=cost,
            ttft_ms=None if self._first_s is None else round((self._first_s - self._start_s) * 1000),
            duration_ms=round((now_s - self._start_s) * 1000),
        )


async def meter_interrupted(store: Store, cost_of: CostOf) -> int:
    """Give each of them an estimate, marked as one; how many there were."""
    found = await store.unmetered()
    for conversation_id, turn_id in found:
        conversation = await store.conversation(conversation_id)
        turn = conversation.turn(turn_id)
        request = Request(turn.model, conversation.path_to(turn.parent_id), conversation.system)
        usage = usage_of_interrupted(turn, request)
        await store.finish(replace(turn, usage=usage, cost=await cost_of(turn.model, usage, turn.created_at)))
    return len(found)
