"""Which models there are to choose from, with what is known of each, and which were used lately."""

from collections.abc import Sequence

from tui_chat.core.error import StorageError
from tui_chat.core.format_numbers import UNKNOWN, dollars, short_tokens
from tui_chat.core.provider import Model
from tui_chat.service.model_catalog import Catalog
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.picker import Choice

RECENT = "recent_models"
_KEPT_RECENT = 8


class Models:
    """The shelf that pickers and suggestions are filled from."""

    def __init__(self, context: AppContext) -> None:
        self._bench = context
        self.known: Sequence[Choice] = ()
        """As they were last looked up."""
        self._told: dict[str, Model] = {}
        """What their providers told of them."""

    async def used(self, ref: str) -> None:
        """It comes first from now on."""
        recent = [ref, *(one for one in await self._recent() if one != ref)]
        await self._bench.store.set_state(RECENT, recent[:_KEPT_RECENT])

    async def last_seen(self) -> Sequence[Choice]:
        """Those that are known without asking anybody."""
        return await self.among(await self._bench.catalogue.last_seen())

    async def among(self, catalogue: Catalog, local: Sequence[str] = ()) -> Sequence[Choice]:
        """Profiles, then what was used lately, then every provider's, then servers found on this machine."""
        own = self._bench.settings.profiles.items()
        profiles = [Choice(name, name, f"profile, {profile.model}") for name, profile in own]
        self._told = {model.ref: model for model in catalogue.models}
        refs = dict.fromkeys([*await self._recent(), *self._told, *local])
        abouts = [await self._about(self._told.get(ref) or Model(ref)) for ref in refs]
        self.known = profiles + [Choice(ref, ref, about) for ref, about in zip(refs, abouts, strict=True)]
        return self.known

    def efforts(self, ref: str) -> Sequence[str]:
        """The efforts that may be asked of it, as far as its provider tells."""
        return self._told[ref].efforts if ref in self._told else ()

    async def _recent(self) -> list[str]:
        try:
            return list(await self._bench.store.state(RECENT) or [])
        except StorageError:
            return []

    async def _about(self, model: Model) -> str:
        facts = await self._bench.facts_of(model.ref)
        window = model.context_window or facts.context_window
        size = UNKNOWN if window is None else short_tokens(window)
        thinks = ", thinks" if model.can_think else ""
        if facts.price is None:
            return f"{size} context, {UNKNOWN}{thinks}"
        price = f"{dollars(facts.price.input_usd)} in, {dollars(facts.price.output_usd)} out"
        return f"{size} context, {price}{thinks}"


def is_reference(text: str) -> bool:
    """Whether it is written as a model is: `provider/model`."""
    provider, slash, model = text.partition("/")
    return bool(provider and slash and model) and " " not in text
