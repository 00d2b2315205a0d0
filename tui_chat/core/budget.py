"""Limits on what may be spent: in a day, a conversation and a request, in dollars or tokens. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tui_chat.core.bounds import EXACT, MOST_TOKENS
from tui_chat.core.format_numbers import dollars, percent, short_tokens
from tui_chat.core.usage import Cost, CostSum, Usage

_DOLLARS = re.compile(r"\$\s*(\d+(?:\.\d+)?)")
_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([kM]?)(?:\s*tokens?)?")
_FACTORS = {"": 1, "k": 1_000, "M": 1_000_000}


class Span(StrEnum):
    DAY = "day"
    CONVERSATION = "conversation"
    REQUEST = "request"


_WHERE = {Span.DAY: "today", Span.CONVERSATION: "in this conversation", Span.REQUEST: "in this request"}


@dataclass(frozen=True, slots=True)
class Limit:
    """Dollars, tokens, or both; `None` is no limit."""

    usd: Decimal | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        return self.usd is not None or self.tokens is not None


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of the settings."""

    limits: Mapping[Span, Limit] = field(default_factory=dict)
    """Above these no request is sent."""
    warnings: Mapping[Span, Limit] = field(default_factory=dict)
    """Above these there is a warning before it is sent."""

    def __bool__(self) -> bool:
        return any(self.limits.values()) or any(self.warnings.values())


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent, or what a request will spend at least."""

    usd: Decimal = Decimal(0)
    tokens: int = 0
    unknown_replies: int = 0
    """Replies whose dollars are unknown, and so are not in the sum."""

    @classmethod
    def of(cls, usage: Usage, cost: CostSum) -> "Spending":
        return cls(cost.total_usd, usage.total_tokens, cost.unknown_replies)

    @classmethod
    def of_request(cls, tokens: int, cost: Cost | None) -> "Spending":
        return cls(Decimal(0), tokens, 1) if cost is None else cls(cost.total_usd, tokens)

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            EXACT.add(self.usd, other.usd), self.tokens + other.tokens, self.unknown_replies + other.unknown_replies
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a limit is spent."""

    span: Span
    spent: Spending
    limit: Limit

    @property
    def share(self) -> float:
        """The larger share of dollars and tokens; 1 is the limit."""
        usd, tokens = self.limit.usd, self.limit.tokens
        return max(
            0.0 if usd is None else _share(float(self.spent.usd), float(usd)),
            0.0 if tokens is None else _share(self.spent.tokens, tokens),
        )

    @property
    def is_over(self) -> bool:
        """Whether more than the limit is spent."""
        usd, tokens = self.limit.usd, self.limit.tokens
        return (usd is not None and self.spent.usd > usd) or (tokens is not None and self.spent.tokens > tokens)

    @property
    def text(self) -> str:
        """`$0.42 of $5 today`, or the same in tokens; the larger share where both are limited."""
        usd, tokens = self.limit.usd, self.limit.tokens
        by_usd = usd is not None and _share(float(self.spent.usd), float(usd)) >= self.share
        if usd is not None and by_usd:
            over = "over " if self.spent.unknown_replies else ""
            return f"{over}{dollars(self.spent.usd)} of {dollars(usd)} {_WHERE[self.span]}"
        return f"{short_tokens(self.spent.tokens)} of {short_tokens(tokens or 0)} tokens {_WHERE[self.span]}"


def _share(spent: float, limit: float) -> float:
    return spent / limit if limit else float(spent > 0)


def parse_limit(text: str) -> Limit:
    """Return a limit from `$5`, `2M tokens`, `200k` or two of them with a comma; empty is no limit."""
    usd, tokens = None, None
    for word in filter(None, map(str.strip, text.split(","))):
        if usd is None and (found := _DOLLARS.fullmatch(word)) is not None:
            usd = Decimal(found[1])
        elif tokens is None and (found := _TOKENS.fullmatch(word)) is not None:
            tokens = min(int(Decimal(found[1]) * _FACTORS[found[2]]), MOST_TOKENS)
        else:
            raise ValueError(f'{word!r} is no limit; it wants dollars or tokens, such as "$5" or "200k tokens"')
    return Limit(usd, tokens)


def over(limits: Mapping[Span, Limit], spent: Mapping[Span, Spending]) -> tuple[Standing, ...]:
    """Return the limits that are passed: those of the request, the conversation and the day."""
    standings = (Standing(span, spent.get(span, Spending()), limits.get(span, Limit())) for span in reversed(Span))
    return tuple(standing for standing in standings if standing.is_over)


def tightest(budget: Budget, spent: Mapping[Span, Spending]) -> Standing | None:
    """Return the limit of which the largest share is spent, to be shown; `None` where nothing is limited."""
    standings = [
        Standing(span, spent.get(span, Spending()), budget.limits.get(span) or budget.warnings.get(span) or Limit())
        for span in (Span.DAY, Span.CONVERSATION)
    ]
    return max((one for one in standings if one.limit), key=lambda one: one.share, default=None)


def refusal(standing: Standing) -> str:
    """Return what a request would do to a limit."""
    return f"This would be {standing.text}"


def report_line(standing: Standing) -> str:
    """Return a line for a report, such as `$0.42 of $5 today (8 %)`, with what is unknown."""
    line = f"{standing.text} ({percent(standing.share)})"
    if standing.limit.usd is not None and (count := standing.spent.unknown_replies):
        without = "reply without a price counts" if count == 1 else "replies without a price count"
        line += f"; {count} {without} by tokens only"
    return line
