"""Calculates the cost of a reply from the user's prices and the price list. Knows no wire, settings or storage."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tui_chat.core.bounds import count_in_bounds, dollars_in_bounds
from tui_chat.core.known_price import KnownPrice, PriceList
from tui_chat.core.provider import split_ref
from tui_chat.core.provider_presets import PRESETS
from tui_chat.core.usage import SPECIAL_TIERS, Cost, Price, Terms, Usage
from tui_chat.pricing.price_list_file import LoadedPriceList, download_price_list, load_price_list
from tui_chat.pricing.price_list_rates import Rates, last_price_change, listed_tiers, tier_context, tier_thresholds

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_ALIASES = {
    "grok": "x-ai",
    "kimi": "moonshotai",
    "togetherai": "together",
    "z-ai": "zai",
}
"""The price list's ids of providers that are no preset, by names that users give them."""
_REGION_FACTORS = {"us": Decimal("1.1")}
"""What Anthropic charges for inference in one region only, on every rate of tokens."""
_NEVER_LISTED = {"", "localai"}
"""Names without a preset that run on the user's own machine."""


def _with_terms(price: Price, rates: Rates, terms: Terms) -> Price | None:
    """Return the price with the surcharges of the terms: on every rate by region, by the request for the rest."""
    extras_usd = rates.extras_usd(terms, price)
    if extras_usd is None:
        return None
    if terms.region:
        if (factor := _REGION_FACTORS.get(terms.region)) is None:
            return None
        price = replace(
            price,
            input_usd=price.input_usd * factor,
            output_usd=price.output_usd * factor,
            cache_read_usd=price.cache_read_usd * factor,
            cache_write_5m_usd=price.cache_write_5m_usd * factor,
            cache_write_1h_usd=price.cache_write_1h_usd * factor,
        )
    price = replace(price, request_usd=price.request_usd + extras_usd)
    return price if price.is_in_bounds else None


class Pricing:
    """Returns prices and costs; `None` where they are unknown."""

    def __init__(
        self,
        overrides: Mapping[str, Price] | None = None,
        *,
        cache_dir: Path | None = None,
        addresses: Mapping[str, str] | None = None,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        """`overrides` are the user's prices by `provider/model` or by a pattern such as `ollama/*`; the longest wins.

        `addresses` has the base URL of each provider that is not at its own address; it is looked up by that.
        `kinds` has the preset of each provider that the user named.
        """
        self._overrides = dict(overrides or {})
        self._addresses = dict(addresses or {})
        self._kinds = dict(kinds or {})
        self._cache_file = None if cache_dir is None else cache_dir / "prices.json"
        self._loaded: LoadedPriceList | None = None
        self._loading = Lock()
        self._models: dict[str, ModelInfo | None] = {}

    async def cost_of(self, model_ref: str, usage: Usage, at: datetime) -> Cost | None:
        """Return `cost`, after loading the list in a thread if it is needed for the first time."""
        if self._loaded is None and self._needs_list(model_ref):
            await asyncio.to_thread(self.prepare)
        return self.cost(model_ref, usage, at)

    def cost(self, model_ref: str, usage: Usage, at: datetime) -> Cost | None:
        """Return the cost of a reply at a time, with the price in force; `None` where it is unknown.

        The user's price takes precedence over the charge that the provider reported, and that over the list. A sum
        out of bounds is unknown.
        """
        if usage.unknown:
            return None
        price = self.price(model_ref, usage, at)
        if usage.billed_usd is not None and self._own_price(model_ref) is None:
            return Cost(usage.billed_usd, usage.estimated, price, billed=True)
        total_usd = None if price is None else dollars_in_bounds(price.total_usd(usage))
        return None if total_usd is None else Cost(total_usd, usage.estimated, price)

    def price(self, model_ref: str, usage: Usage, at: datetime) -> Price | None:
        """Return the price in force for a reply with this usage at a time."""
        if (own := self._own_price(model_ref)) is not None:
            return own
        terms, model = usage.terms, self._model(model_ref)
        if model is None or terms.unpriced or (terms.tier and terms.tier not in listed_tiers(model, at)):
            return None
        rates = Rates(model.get_prices(at, tier_context(terms.tier)), usage.total_input_tokens)
        if usage.web_searches and rates.rate("web_searches_kcount") is None:
            return None
        price = rates.price(self._price_list.source, is_free=model_ref.endswith(":free"))
        return None if price is None else _with_terms(price, rates, terms)

    def context_window(self, model_ref: str) -> int | None:
        """Return the context window in tokens, where the list has it."""
        model = self._model(model_ref)
        return None if model is None else count_in_bounds(model.context_window)

    def known(self, model_ref: str, at: datetime) -> KnownPrice:
        model, price = self._model(model_ref), self.price(model_ref, Usage(), at)
        if model is None:
            return KnownPrice(model_ref, price, reason=self._reason(model_ref))
        name = model.name or model.id
        if self._own_price(model_ref) is not None:
            return KnownPrice(model_ref, price, name, context_window=count_in_bounds(model.context_window))
        prices = model.get_prices(at)
        tiers = (
            (threshold, Rates(prices, threshold + 1).price(self._price_list.source))
            for threshold in tier_thresholds(prices)
        )
        variants = (
            (tier, self.price(model_ref, Usage(terms=Terms(tier)), at))
            for tier in listed_tiers(model, at)
            if tier in SPECIAL_TIERS
        )
        return KnownPrice(
            model_ref,
            price,
            name,
            tuple((threshold, price) for threshold, price in tiers if price is not None),
            last_price_change(model, at.date()),
            count_in_bounds(model.context_window),
            model.price_comments or "",
            tuple((tier, price) for tier, price in variants if price is not None),
            "" if price is not None else "the list has no rates for it",
        )

    def _reason(self, model_ref: str) -> str:
        """Return why the list has no price for a model."""
        name, model = split_ref(model_ref)
        kind = self._kinds.get(name, name)
        if kind in PRESETS and PRESETS[kind].is_local:
            return f"{name} runs on your machine, and no list knows what that costs"
        if self._provider(name) is None:
            return f"the list has no prices of {name}"
        return f"the list has no model {model} of {name}"

    def matching(self, text: str, providers: Iterable[str], at: datetime) -> tuple[KnownPrice, ...]:
        """Return every priced model of these providers whose reference contains the text."""
        prices: list[KnownPrice] = []
        for name in providers:
            listed = self._provider(name)
            refs = [f"{name}/{model.id}" for model in listed.models] if listed is not None else []
            prices += [self.known(ref, at) for ref in refs if text.lower() in ref.lower()]
        return tuple(known for known in prices if known.price is not None)

    def price_list(self, at: datetime) -> PriceList:
        return self._price_list.summary(at.date())

    def prepare(self) -> None:
        """Load the list. Slow the first time: call this in a thread."""
        with self._loading:
            if self._loaded is None:
                self._loaded = load_price_list(self._cache_file)

    def update(self, at: datetime, url: str | None = None) -> PriceList:
        """Download the current list and use it. Slow: call this in a thread. A malformed list changes nothing."""
        price_list = download_price_list(self._cache_file, url)
        with self._loading:
            self._loaded, self._models = price_list, {}
        return self.price_list(at)

    @property
    def _price_list(self) -> LoadedPriceList:
        if self._loaded is None:
            self.prepare()
        assert self._loaded is not None
        return self._loaded

    def _own_price(self, model_ref: str) -> Price | None:
        if model_ref in self._overrides:
            return self._overrides[model_ref]
        matching = [pattern for pattern in self._overrides if "*" in pattern and fnmatchcase(model_ref, pattern)]
        return self._overrides[max(matching, key=len)] if matching else None

    def _needs_list(self, model_ref: str) -> bool:
        name, _ = split_ref(model_ref)
        return self._own_price(model_ref) is None and (name in self._addresses or self._id_of(name) is not None)

    def _model(self, model_ref: str) -> "ModelInfo | None":
        if model_ref not in self._models:
            name, model = split_ref(model_ref)
            provider = self._provider(name)
            self._models[model_ref] = (
                provider.find_model(model, all_providers=self._price_list.providers) if provider else None
            )
        return self._models[model_ref]

    def _provider(self, name: str) -> "Provider | None":
        """Return the provider in the list by its exact id or its address."""
        if url := self._addresses.get(name, ""):
            url = url if "://" in url else f"https://{url}"
            return next((entry for entry in self._price_list.providers if re.match(entry.api_pattern, url)), None)
        list_id = self._id_of(name)
        if list_id is None:
            return None
        return next((entry for entry in self._price_list.providers if entry.id == list_id), None)

    def _id_of(self, name: str) -> str | None:
        kind = self._kinds.get(name, name)
        if (preset := PRESETS.get(kind)) is not None:
            return kind if preset.price_list_id == "" else preset.price_list_id
        return None if kind in _NEVER_LISTED else _ALIASES.get(kind, kind)
