"""Which models there are to choose from, with what is known of each, and which were used lately."""

from collections.abc import Sequence

from tui_chat.core.error import StorageError
from tui_chat.core.figures import UNKNOWN, dollars, short_tokens
from tui_chat.service.catalogue import Catalogue
from tui_chat.ui.bench import Bench
from tui_chat.ui.choice import Choice

RECENT = "recent_models"
_KEPT_RECENT = 8


class Models:
    """The shelf that pickers and suggestions are filled from."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.known: Sequence[Choice] = ()
        """As they were last looked up."""

    async def used(self, ref: str) -> None:
        """It comes first from now on."""
        recent = [ref, *(one for one in await self._recent() if one != ref)]
        await self._bench.store.set_state(RECENT, recent[:_KEPT_RECENT])

    async def last_seen(self) -> Sequence[Choice]:
        """Those that are known without asking anybody."""
        return await self.among(await self._bench.catalogue.last_seen())

    async def among(self, catalogue: Catalogue, local: Sequence[str] = ()) -> Sequence[Choice]:
        """Profiles, then what was used lately, then every provider's, then servers found on this machine."""
        own = self._bench.settings.profiles.items()
        profiles = [Choice(name, name, f"profile, {profile.model}") for name, profile in own]
        windows = {model.ref: model.context_window for model in catalogue.models}
        refs = dict.fromkeys([*await self._recent(), *windows, *local])
        self.known = profiles + [Choice(ref, ref, await self._about(ref, windows.get(ref))) for ref in refs]
        return self.known

    async def _recent(self) -> list[str]:
        try:
            return list(await self._bench.store.state(RECENT) or [])
        except StorageError:
            return []

    async def _about(self, ref: str, window: int | None) -> str:
        facts = await self._bench.facts_of(ref)
        window = window or facts.context_window
        size = UNKNOWN if window is None else short_tokens(window)
        if facts.price is None:
            return f"{size} context, {UNKNOWN}"
        return f"{size} context, {dollars(facts.price.input_usd)} in, {dollars(facts.price.output_usd)} out"


def is_reference(text: str) -> bool:
    """Whether it is written as a model is: `provider/model`."""
    provider, slash, model = text.partition("/")
    return bool(provider and slash and model) and " " not in text
