"""Reads the rates of one model from the price list. Knows no files and no prices of the user."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui_chat.core.usage import Price, Terms

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice


class Rates:
    """The rates of a model for a request with this many input tokens."""

    def __init__(self, prices: "ModelPrice", input_tokens: int) -> None:
        self._prices = prices
        self._input_tokens = input_tokens

    def rate(self, *keys: str) -> Decimal | None:
        """Return the first of these rates that the list has: put a special rate before the general one."""
        for key in keys:
            price = getattr(self._prices, key)
            if isinstance(price, Decimal):
                return price
            if price is not None:
                # A tier applies to every token of the request, not only to those above its threshold.
                tier_rates = [tier.price for tier in price.tiers if self._input_tokens > tier.start]
                rate: Decimal = tier_rates[-1] if tier_rates else price.base
                return rate
        return None

    def extras_usd(self, terms: Terms, price: Price) -> Decimal | None:
        """Return what a reply costs on top of the rates of text; `None` where some of it is unknown."""
        total_usd = Decimal(0)
        for tokens, key, text_usd in (
            (terms.audio_input_tokens, "input_audio_mtok", price.input_usd),
            (terms.image_input_tokens, "input_image_mtok", price.input_usd),
            (terms.audio_output_tokens, "output_audio_mtok", price.output_usd),
            (terms.image_output_tokens, "output_image_mtok", price.output_usd),
        ):
            if tokens and (rate := self.rate(key)) is not None:
                total_usd += ((rate - text_usd) * tokens).scaleb(-6)
        if terms.file_searches:
            rate = self.rate("storage_searches_kcount")
            if rate is None:
                return None
            total_usd += (rate * terms.file_searches).scaleb(-3)
        return total_usd

    def price(self, source: str, *, is_free: bool = False) -> Price | None:
        """Return all rates as a price; `None` if the rate of input or output is missing, unless the model is free.

        A rate out of bounds makes the price unknown.
        """
        input_usd, output_usd = self.rate("input_mtok"), self.rate("output_mtok")
        if input_usd is None and output_usd is None and is_free:
            return replace(Price.of(Decimal(0), Decimal(0)), source=source)
        if input_usd is None or output_usd is None:
            return None
        price = Price(
            input_usd,
            output_usd,
            _or_default(self.rate("cache_read_mtok"), input_usd),
            _or_default(self.rate("cache_write_5m_mtok", "cache_write_mtok"), input_usd),
            _or_default(self.rate("cache_write_1h_mtok", "cache_write_mtok"), input_usd),
            _or_default(self.rate("web_searches_kcount"), Decimal(0)) / 1000,
            source,
            self.rate("output_reasoning_mtok"),
            _or_default(self.rate("requests_kcount"), Decimal(0)) / 1000,
        )
        return price if price.is_in_bounds else None


def tier_context(tier: str) -> dict[str, str]:
    """Return what the list calls a service tier; the providers' words differ."""
    if tier == "batch":
        return {"processing": "batch"}
    return {"service_tier": tier, "speed": tier}


def listed_tiers(model: "ModelInfo", at: datetime) -> list[str]:
    """Return the service tiers that the model has rates of their own for at a time."""
    variants = [
        variant
        for variant in model.price_variants or ()
        if variant.constraint is None or variant.constraint.active(at)
    ]
    return sorted({value for variant in variants for value in variant.when.values()})


def tier_thresholds(prices: "ModelPrice") -> list[int]:
    """Return the numbers of input tokens above which some rate changes."""
    tiered = (price.tiers for price in vars(prices).values() if hasattr(price, "tiers"))
    return sorted({tier.start for tiers in tiered for tier in tiers})


def last_price_change(model: "ModelInfo", until: date) -> date | None:
    """Return the day of the latest change of the model's price, up to a day."""
    if not isinstance(model.prices, list):
        return None
    starts = (getattr(conditional.constraint, "start_date", None) for conditional in model.prices)
    return max((start for start in starts if start is not None and start <= until), default=None)


def _or_default(rate: Decimal | None, default: Decimal) -> Decimal:
    return default if rate is None else rate
