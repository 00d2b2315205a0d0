"""Tokens and money: the usage of a reply and its cost. Must not know providers or price lists."""

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field
from decimal import Decimal, localcontext
from operator import add, attrgetter
from typing import Any

from tui_chat.core.bounds import EXACT, MOST_TOKENS, dollars_in_bounds

COUNTS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "thinking_tokens",
    "web_searches",
)
"""The fields of a usage that count something, in their order."""
_counts_of: Callable[[Any], tuple[int, ...]] = attrgetter(*COUNTS)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the price of a reply depends on besides its tokens. Not stored: the price that was in force is."""

    tier: str = ""
    """The provider's word for the service: `priority`, `flex`, `batch`, `fast` …; empty for the standard one."""
    region: str = ""
    """Where it ran, if the user had to choose that."""
    audio_input_tokens: int = 0
    image_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    """Parts of the input and the output that may have rates of their own."""
    file_searches: int = 0
    """Searches in the user's files at the provider, billed by the piece."""
    unpriced: tuple[str, ...] = ()
    """What it used and no list has a price for: the cost is unknown."""


NO_TERMS = Terms()
SPECIAL_TIERS = ("batch", "fast", "flex", "performance", "priority", "scale")
"""Words for a service with other rates than the usual ones; any other word is taken for the standard service."""


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
    """True where the provider reported nothing and these are our own estimate."""
    billed_usd: Decimal | None = None
    """The provider's own charge for this reply, if it reports one; never set in a sum."""
    unknown: bool = False
    """True where stored counts were out of bounds: they are 0 here and mean nothing. In a sum: it is not all."""
    terms: Terms = field(default=NO_TERMS, compare=False)
    """Known until the reply is priced; never in a sum."""

    @property
    def counts(self) -> tuple[int, ...]:
        """The values of the fields in `COUNTS`."""
        return _counts_of(self)

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
        counts: dict[str, Any] = dict(zip(COUNTS, map(add, self.counts, other.counts), strict=True))
        return Usage(**counts, estimated=self.estimated or other.estimated, unknown=self.unknown or other.unknown)

    @property
    def is_in_bounds(self) -> bool:
        """Whether every count is one that can be believed."""
        return min(self.counts) >= 0 and max(self.counts) <= MOST_TOKENS


UNKNOWN_USAGE = Usage(estimated=True, unknown=True)


OWN_PRICE = "settings"
"""The source of a price that the user set."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens that were in force for a reply, and their source."""

    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal
    web_search_usd: Decimal = Decimal(0)
    """Dollars for one search."""
    source: str = ""
    """Where it is from: `settings`, or the price list with its version."""
    thinking_usd: Decimal | None = None
    """Where thinking has a price of its own; else it is billed as the output it is."""
    request_usd: Decimal = Decimal(0)
    """Dollars for a request as such, on top of its tokens."""

    @classmethod
    def of(
        cls,
        input_usd: Decimal,
        output_usd: Decimal,
        cache_read_usd: Decimal | None = None,
        cache_write_5m_usd: Decimal | None = None,
        cache_write_1h_usd: Decimal | None = None,
    ) -> "Price":
        """Return a price from the settings: cache rates that are not given equal the input rate."""
        read = input_usd if cache_read_usd is None else cache_read_usd
        write_5m = input_usd if cache_write_5m_usd is None else cache_write_5m_usd
        write_1h = write_5m if cache_write_1h_usd is None else cache_write_1h_usd
        return cls(input_usd, output_usd, read, write_5m, write_1h, source=OWN_PRICE)

    @property
    def is_in_bounds(self) -> bool:
        """Whether every rate is one that can be believed."""
        rates = (value for value in astuple(self) if isinstance(value, Decimal))
        return all(dollars_in_bounds(rate) is not None for rate in rates)

    def total_usd(self, usage: Usage) -> Decimal:
        thinking_usd = self.output_usd if self.thinking_usd is None else self.thinking_usd
        with localcontext(EXACT):
            per_million = (
                self.input_usd * usage.input_tokens
                + self.cache_read_usd * usage.cache_read_tokens
                + self.cache_write_5m_usd * usage.cache_write_5m_tokens
                + self.cache_write_1h_usd * usage.cache_write_1h_tokens
                + self.output_usd * (usage.output_tokens - usage.thinking_tokens)
                + thinking_usd * usage.thinking_tokens
            )
            return per_million.scaleb(-6) + self.web_search_usd * usage.web_searches + self.request_usd

    def saved_usd(self, usage: Usage) -> Decimal:
        """Return what caching saved: negative where its writes cost more than its reads saved."""
        with localcontext(EXACT):
            fresh = self.input_usd * (usage.cache_read_tokens + usage.cache_write_tokens)
            cached = (
                self.cache_read_usd * usage.cache_read_tokens
                + self.cache_write_5m_usd * usage.cache_write_5m_tokens
                + self.cache_write_1h_usd * usage.cache_write_1h_tokens
            )
            return (fresh - cached).scaleb(-6)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a reply; an unknown cost is `None`, never zero."""

    total_usd: Decimal
    estimated: bool = False
    """True where the tokens behind it are an estimate."""
    price: Price | None = None
    """The price that was in force, kept so that an old bill does not change."""
    billed: bool = False
    """True where the provider reported the sum; it may differ from `price` times tokens."""


@dataclass(frozen=True, slots=True)
class CostSum:
    """A sum over several replies that counts those whose cost is unknown."""

    total_usd: Decimal = Decimal(0)
    estimated: bool = False
    unknown_replies: int = 0
    """Replies that used tokens whose price is unknown."""
    known_replies: int = 0


def sum_costs(costs: Iterable[Cost | None]) -> CostSum:
    """Add up costs, counting the unknown ones instead of taking them for nothing."""
    total, estimated, known, unknown = Decimal(0), False, 0, 0
    for cost in costs:
        if cost is None:
            unknown += 1
        else:
            known += 1
            total = EXACT.add(total, cost.total_usd)
            estimated = estimated or cost.estimated
    return CostSum(total, estimated, unknown, known)
