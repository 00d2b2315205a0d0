"""What a reply cost: the user's own prices first, then the list. Must not know wires, settings or storage."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tui_chat.core.bounds import count_in_bounds, dollars_in_bounds
from tui_chat.core.price_list import KnownPrice, PriceList
from tui_chat.core.provider import split_ref
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.pricing.model_rates import Rates, changed_on, edges
from tui_chat.pricing.price_list_file import Listing, download_listing, newest_listing

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_LISTED_AS = {
    "bedrock": "aws",
    "gemini": "google",
    "grok": "x-ai",
    "kimi": "moonshotai",
    "moonshot": "moonshotai",
    "togetherai": "together",
    "vertex": "google",
    "workersai": "cloudflare",
    "xai": "x-ai",
    "z-ai": "zai",
}
"""Names people give to providers that the list calls otherwise."""
_NEVER_LISTED = {"", "cloudflare", "demo", "litellm", "llamacpp", "lmstudio", "localai", "ollama", "vllm"}
"""Programs on somebody's own machine, and gateways to anywhere: nobody has a price for them but the user."""


class Pricing:
    """Knows what a reply cost, or says that it does not."""

    def __init__(
        self,
        overrides: Mapping[str, Price] | None = None,
        *,
        cache_dir: Path | None = None,
        addresses: Mapping[str, str] | None = None,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        """`overrides` by `provider/model`, or `ollama/*` for all of one; the longest that fits wins over the list.

        `addresses` gives the base URL of each provider that is not at its own; the list is then asked by address.
        `kinds` gives the well-known name that a provider of the user's own naming stands for.
        """
        self._overrides = dict(overrides or {})
        self._addresses = dict(addresses or {})
        self._kinds = dict(kinds or {})
        self._stored_as = None if cache_dir is None else cache_dir / "prices.json"
        self._loaded: Listing | None = None
        self._loading = Lock()
        self._models: dict[str, ModelInfo | None] = {}

    async def cost_of(self, model_ref: str, usage: Usage, at: datetime) -> Cost | None:
        """`cost`, with the list loaded in a thread when this is the first time that it is needed."""
        if self._loaded is None and self._needs_list(model_ref):
            await asyncio.to_thread(self.prepare)
        return self.cost(model_ref, usage, at)

    def cost(self, model_ref: str, usage: Usage, at: datetime) -> Cost | None:
        """What a reply of that time cost, with the price in force; `None` where nobody knows.

        The user's own price goes before what the provider says it charged, and that before the list. A sum out of
        bounds is unknown.
        """
        if usage.unknown:
            return None
        price = self.price(model_ref, usage, at)
        if usage.billed_usd is not None and self._own_price(model_ref) is None:
            return Cost(usage.billed_usd, usage.estimated, price, billed=True)
        total_usd = None if price is None else dollars_in_bounds(price.total_usd(usage))
        return None if total_usd is None else Cost(total_usd, usage.estimated, price)

    def price(self, model_ref: str, usage: Usage, at: datetime) -> Price | None:
        """The price in force for a reply of that size at that time."""
        if (own := self._own_price(model_ref)) is not None:
            return own
        if (model := self._model(model_ref)) is None:
            return None
        rates = Rates(model.get_prices(at), usage.total_input_tokens)
        if usage.web_searches and rates.of("web_searches_kcount") is None:
            return None
        return rates.price(self._listing.source, is_free=model_ref.endswith(":free"))

    def context_window(self, model_ref: str) -> int | None:
        """How many tokens the model takes in, where the list knows."""
        model = self._model(model_ref)
        return None if model is None else count_in_bounds(model.context_window)

    def known(self, model_ref: str, at: datetime) -> KnownPrice:
        """All that is known of the model's price at that time."""
        model, price = self._model(model_ref), self.price(model_ref, Usage(), at)
        if model is None:
            return KnownPrice(model_ref, price)
        name = model.name or model.id
        if self._own_price(model_ref) is not None:
            return KnownPrice(model_ref, price, name, context_window=count_in_bounds(model.context_window))
        prices = model.get_prices(at)
        above = ((edge, Rates(prices, edge + 1).price(self._listing.source)) for edge in edges(prices))
        return KnownPrice(
            model_ref,
            price,
            name,
            tuple((edge, dearer) for edge, dearer in above if dearer is not None),
            changed_on(model, at.date()),
            count_in_bounds(model.context_window),
            model.price_comments or "",
        )

    def matching(self, text: str, providers: Iterable[str], at: datetime) -> tuple[KnownPrice, ...]:
        """Every priced model of those providers whose reference contains the text."""
        found = []
        for name in providers:
            listed = self._provider(name)
            refs = [f"{name}/{model.id}" for model in listed.models] if listed is not None else []
            found += [self.known(ref, at) for ref in refs if text.lower() in ref.lower()]
        return tuple(known for known in found if known.price is not None)

    def price_list(self, at: datetime) -> PriceList:
        """The list in use, as it is at that time."""
        return self._listing.described(at.date())

    def prepare(self) -> None:
        """Load the list; slow the first time, so meant for a thread."""
        with self._loading:
            if self._loaded is None:
                self._loaded = newest_listing(self._stored_as)

    def update(self, at: datetime, url: str | None = None) -> PriceList:
        """Download the newest list and use it from now on; meant for a thread. A bad one leaves the old in use."""
        listing = download_listing(self._stored_as, url)
        with self._loading:
            self._loaded, self._models = listing, {}
        return self.price_list(at)

    @property
    def _listing(self) -> Listing:
        if self._loaded is None:
            self.prepare()
        assert self._loaded is not None
        return self._loaded

    def _own_price(self, model_ref: str) -> Price | None:
        if model_ref in self._overrides:
            return self._overrides[model_ref]
        fitting = [pattern for pattern in self._overrides if "*" in pattern and fnmatchcase(model_ref, pattern)]
        return self._overrides[max(fitting, key=len)] if fitting else None

    def _needs_list(self, model_ref: str) -> bool:
        name, _ = split_ref(model_ref)
        return self._own_price(model_ref) is None and (name in self._addresses or self._id_of(name) is not None)

    def _model(self, model_ref: str) -> "ModelInfo | None":
        if model_ref not in self._models:
            name, model = split_ref(model_ref)
            provider = self._provider(name)
            found = provider.find_model(model, all_providers=self._listing.providers) if provider else None
            self._models[model_ref] = found
        return self._models[model_ref]

    def _provider(self, name: str) -> "Provider | None":
        """The list's provider, by its exact id or its address, never by a likeness."""
        if url := self._addresses.get(name, ""):
            url = url if "://" in url else f"https://{url}"
            return next((one for one in self._listing.providers if re.match(one.api_pattern, url)), None)
        listed_id = self._id_of(name)
        if listed_id is None:
            return None
        return next((one for one in self._listing.providers if one.id == listed_id), None)

    def _id_of(self, name: str) -> str | None:
        kind = self._kinds.get(name, name)
        return None if kind in _NEVER_LISTED else _LISTED_AS.get(kind, kind)
