"""Hold every request against the budget before it is sent. Knows no screen and no settings."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from tui_chat.core.budget import Budget, Span, Spending, Standing, over, refusal, report_line, tightest
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import BudgetReached
from tui_chat.service.usage_report import usage_report
from tui_chat.storage.store import Store


class BudgetGate:
    """Refuses what goes over a limit, and warns once when a softer one is passed."""

    def __init__(self, budget: Budget, store: Store) -> None:
        self.budget = budget
        self.asks_first = False
        """Whether the first request over a soft limit is refused, so that the user sees the warning before."""
        self._stores = [store]
        self._elsewhere: list[tuple[datetime, Spending]] = []
        """What was spent in stores that are closed by now, by the day."""
        self._is_lifted = False
        self._warned: set[tuple[Span, str]] = set()
        self._free_replies: set[str] = set()
        """The replies for which the user lifted the limit."""

    def add_store(self, store: Store) -> None:
        """Count what is spent there as well."""
        self._stores.append(store)

    async def drop_store(self, store: Store) -> None:
        """Note what was spent in a store that is about to be closed, and stop asking it."""
        if store in self._stores:
            self._stores.remove(store)
            midnight = _midnight()
            self._elsewhere.append((midnight, await _spent_since(midnight, store)))

    def lift_once(self) -> None:
        """Let the next request pass, whatever the limits are."""
        self._is_lifted = True

    async def check(self, conversation: Conversation, reply_id: str, request: Spending) -> tuple[str, ...]:
        """Return warnings about a request; raise `BudgetReached` where it goes over a limit."""
        return await self.check_each(conversation, {reply_id: request})

    async def check_each(self, conversation: Conversation, requests: Mapping[str, Spending]) -> tuple[str, ...]:
        """Return warnings about requests that leave together, by the ids of their replies; raise `BudgetReached`."""
        if not self.budget:
            return ()
        if self._is_lifted:
            self._is_lifted = False
            self._free_replies |= requests.keys()
            return ()
        together = await self._spent(conversation, sum(requests.values(), Spending()))
        each = [{**together, Span.REQUEST: request} for request in requests.values()]
        for spent in each:
            if hard := over(self.budget.limits, spent):
                raise BudgetReached(refusal(hard[0]), detail="limit")
        return tuple(warning for spent in each for warning in self._warnings(conversation, spent))

    async def allows_round(self, conversation: Conversation, reply_id: str, reply: Spending, next_: Spending) -> bool:
        """Return whether a reply that has spent so much may send its next request."""
        if not self.budget or reply_id in self._free_replies:
            return True
        spent = await self._spent(conversation, reply + next_)
        return not over(self.budget.limits, {**spent, Span.REQUEST: next_})

    async def has_room(self, conversation: Conversation) -> bool:
        """Return whether no limit is passed already."""
        return not self.budget or not over(self.budget.limits, await self._spent(conversation, Spending()))

    async def standing(self, conversation: Conversation | None = None) -> Standing | None:
        """Return the limit of which most is spent, to be shown."""
        if not self.budget:
            return None
        return tightest(self.budget, await self._spent(conversation, Spending()))

    async def report(self) -> str:
        """Return how much of the day's limit is spent, as a sentence; empty without one."""
        limit = self.budget.limits.get(Span.DAY) or self.budget.warnings.get(Span.DAY)
        return report_line(Standing(Span.DAY, await self._today(), limit)) if limit else ""

    def _warnings(self, conversation: Conversation, spent: Mapping[Span, Spending]) -> tuple[str, ...]:
        """Return a warning for the first limit that was not passed before."""
        passed = {self._key(one, conversation): one for one in over(self.budget.warnings, spent)}
        others = {key for key in self._warned if key[1] not in ("", conversation.id)}
        new = [standing for key, standing in passed.items() if key not in self._warned]
        self._warned = others | passed.keys()
        if not new:
            return ()
        if self.asks_first:
            raise BudgetReached(refusal(new[0]), detail="warning")
        return (f"{refusal(new[0])}: over the budget's warning",)

    def _key(self, standing: Standing, conversation: Conversation) -> tuple[Span, str]:
        return standing.span, conversation.id if standing.span is Span.CONVERSATION else ""

    async def _spent(self, conversation: Conversation | None, request: Spending) -> dict[Span, Spending]:
        spent = {Span.REQUEST: request}
        if conversation is not None and self._limits(Span.CONVERSATION):
            spent[Span.CONVERSATION] = Spending.of(conversation.usage, conversation.cost) + request
        if self._limits(Span.DAY):
            spent[Span.DAY] = await self._today() + request
        return spent

    def _limits(self, span: Span) -> bool:
        return bool(self.budget.limits.get(span) or self.budget.warnings.get(span))

    async def _today(self) -> Spending:
        midnight = _midnight()
        spent = await asyncio.gather(*(_spent_since(midnight, store) for store in self._stores))
        return sum((*spent, *(amount for day, amount in self._elsewhere if day == midnight)), Spending())


def _midnight() -> datetime:
    return datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


async def _spent_since(start: datetime, store: Store) -> Spending:
    total = (await usage_report(store, start)).total
    return Spending.of(total.usage, total.cost)
