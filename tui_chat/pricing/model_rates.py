"""One model's rates out of the list, for a request of a certain size. Knows no files and no user's prices."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tui_chat.core.usage import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice


class Rates:
    """One set of the list's prices, read for a request with that much input."""

    def __init__(self, prices: "ModelPrice", input_tokens: int) -> None:
        self._prices = prices
        self._input_tokens = input_tokens

    def of(self, *keys: str) -> Decimal | None:
        """The first of the prices that there is: a special one, else the one it is special to."""
        for key in keys:
            price = getattr(self._prices, key)
            if isinstance(price, Decimal):
                return price
            if price is not None:
                # The tier reached prices every token of the request, not only those above its edge.
                reached = [tier.price for tier in price.tiers if self._input_tokens > tier.start]
                found: Decimal = reached[-1] if reached else price.base
                return found
        return None

    def price(self, source: str, *, is_free: bool = False) -> Price | None:
        """All rates; `None` where the list lacks those of plain input or output, unless it is free by its name.

        A rate out of bounds makes the price unknown.
        """
        input_usd, output_usd = self.of("input_mtok"), self.of("output_mtok")
        if input_usd is None and output_usd is None and is_free:
            return replace(Price.of(Decimal(0), Decimal(0)), source=source)
        if input_usd is None or output_usd is None:
            return None
        price = Price(
            input_usd,
            output_usd,
            _either(self.of("cache_read_mtok"), input_usd),
            _either(self.of("cache_write_5m_mtok", "cache_write_mtok"), input_usd),
            _either(self.of("cache_write_1h_mtok", "cache_write_mtok"), input_usd),
            _either(self.of("web_searches_kcount"), Decimal(0)) / 1000,
            source,
            self.of("output_reasoning_mtok"),
            _either(self.of("requests_kcount"), Decimal(0)) / 1000,
        )
        return price if price.is_in_bounds else None


def edges(prices: "ModelPrice") -> list[int]:
    """The sizes of input above which some price is another."""
    tiered = (price.tiers for price in vars(prices).values() if hasattr(price, "tiers"))
    return sorted({tier.start for tiers in tiered for tier in tiers})


def changed_on(model: "ModelInfo", until: date) -> date | None:
    """When the latest change of its price was, up to that day."""
    if not isinstance(model.prices, list):
        return None
    starts = (getattr(conditional.constraint, "start_date", None) for conditional in model.prices)
    return max((start for start in starts if start is not None and start <= until), default=None)


def _either(price: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if price is None else price
