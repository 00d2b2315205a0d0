"""Tokens and money: what a reply used and what that cost. Knows no provider and no price list."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply in buckets that never overlap, so that they may be added up and priced."""

    input_tokens: int = 0
    """Input neither read from a cache nor written to one."""
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    """All output, thinking included."""
    thinking_tokens: int = 0
    """The part of the output that was thinking; within `output_tokens`, never on top of it."""
    web_searches: int = 0
    """Searches the provider ran on its own servers and bills by the piece."""
    estimated: bool = False
    """True where the provider told nothing and these are our own estimate."""

    @property
    def cache_write_tokens(self) -> int:
        """Input written to a cache, whatever its lifetime."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def total_input_tokens(self) -> int:
        """Everything the model read: fresh, from the cache and into the cache."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def total_tokens(self) -> int:
        """Everything read and written."""
        return self.total_input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_5m_tokens + other.cache_write_5m_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            self.output_tokens + other.output_tokens,
            self.thinking_tokens + other.thinking_tokens,
            self.web_searches + other.web_searches,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens that were in force for a reply, and who says so."""

    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal
    web_search_usd: Decimal = Decimal(0)
    """Dollars for one search."""
    source: str = ""
    """Where it is from: `settings`, or the price list with its version."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a reply cost; an unknown cost is `None` in its place, never zero."""

    total_usd: Decimal
    estimated: bool = False
    """True where the tokens behind it are an estimate."""
    price: Price | None = None
    """The price that was in force, kept so that an old bill does not change."""


@dataclass(frozen=True, slots=True)
class CostSum:
    """A sum over several replies that stays honest about those whose cost is unknown."""

    total_usd: Decimal = Decimal(0)
    estimated: bool = False
    unknown_replies: int = 0
    """Replies that used tokens whose price nobody knows."""
    known_replies: int = 0


def sum_costs(costs: Iterable[Cost | None]) -> CostSum:
    """Add up costs, counting the unknown ones instead of taking them for nothing."""
    total, estimated, known, unknown = Decimal(0), False, 0, 0
    for cost in costs:
        if cost is None:
            unknown += 1
        else:
            known += 1
            total += cost.total_usd
            estimated = estimated or cost.estimated
    return CostSum(total, estimated, unknown, known)
