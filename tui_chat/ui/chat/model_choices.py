"""The models to choose from, with what is known of each, and which were used recently."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tui_chat.core.error import StorageError
from tui_chat.core.format_numbers import dollars, short_tokens
from tui_chat.core.provider import Model, split_ref
from tui_chat.core.usage import OWN_PRICE
from tui_chat.service.model_catalog import FAVOURITE_MODELS, RECENT_MODELS, Catalog
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.picker_rows import Choice

_KEPT_RECENT = 8
FAVOURITE = "★"


class ModelChoices:
    def __init__(self, context: AppContext) -> None:
        self._context = context
        self.known: Sequence[Choice] = ()
        """The models that were last looked up."""
        self._by_ref: dict[str, Model] = {}
        """The models that their providers list."""
        self._listed_at: Mapping[str, datetime] = {}
        self.price_source = ""

    @property
    def profiles(self) -> Sequence[Choice]:
        own = self._context.settings.profiles.items()
        return [Choice(name, name, profile.model or "model as it is", group="Profiles") for name, profile in own]

    async def mark_used(self, ref: str) -> None:
        """Offer this model first from now on."""
        recent = [ref, *(other for other in await self._stored(RECENT_MODELS) if other != ref)]
        await self._context.choices.set_state(RECENT_MODELS, recent[:_KEPT_RECENT])

    async def last_seen(self) -> Sequence[Choice]:
        """Return the models that are known without asking a provider."""
        return await self.from_catalog(await self._context.catalogue.last_seen())

    async def from_catalog(self, catalog: Catalog, local: Sequence[str] = ()) -> Sequence[Choice]:
        """Return favourites, aliases and profiles, recent models, those of every provider, those of local servers."""
        self._by_ref = {model.ref: model for model in catalog.models}
        self._listed_at = catalog.listed_at
        favourites, recent = await self._stored(FAVOURITE_MODELS), await self._stored(RECENT_MODELS)
        aliases = {ref: name for name, ref in self._context.settings.aliases.items()}
        refs = dict.fromkeys([*favourites, *aliases, *recent, *self._by_ref, *local])
        choices = []
        for ref in refs:
            note = await self._note(self._by_ref.get(ref) or Model(ref))
            mark, group = "", split_ref(ref)[0] or "Models"
            if ref in favourites:
                mark, group = FAVOURITE, "Favourites"
            elif ref in aliases:
                group = "Aliases"
            elif ref in recent:
                group = "Recent"
            about = [aliases[ref]] if ref in aliases else []
            choices.append(Choice(ref, ref, " · ".join([*about, note]), mark, group=group))
        marked = [choice for choice in choices if choice.mark]
        others = sorted((choice for choice in choices if not choice.mark), key=_first_of_group(choices))
        self.known = [*marked, *self.profiles, *others]
        return self.known

    def efforts(self, ref: str) -> Sequence[str]:
        """Return the efforts that its provider lists for a model."""
        return self._by_ref[ref].efforts if ref in self._by_ref else ()

    async def toggle_favourite(self, ref: str) -> Sequence[Choice]:
        """Mark a model as a favourite, or take the mark away; return the models as they are offered now."""
        if is_reference(ref):
            favourites = await self._stored(FAVOURITE_MODELS)
            changed = [one for one in favourites if one != ref] if ref in favourites else [*favourites, ref]
            await self._context.choices.set_state(FAVOURITE_MODELS, changed or None)
        return await self.last_seen()

    async def _stored(self, key: str) -> list[str]:
        try:
            return list(map(str, await self._context.choices.state(key) or []))
        except StorageError:
            return []

    async def _note(self, model: Model) -> str:
        facts = await self._context.facts_of(model.ref)
        window = model.context_window or facts.context_window
        size = "context unknown" if window is None else f"{short_tokens(window)} context"
        thinks = ", thinks" if model.can_think else ""
        thinks += {True: ", sees images", False: ", no images", None: ""}[model.can_see]
        thinks += ", no tools" if model.can_use_tools is False else ""
        thinks += self._age(model)
        if facts.price is None:
            return f"{size}, no price{thinks}"
        price = f"{dollars(facts.price.input_usd)} in, {dollars(facts.price.output_usd)} out"
        if facts.price.source == OWN_PRICE:
            is_free = not (facts.price.input_usd or facts.price.output_usd)
            price = "free" if is_free else f"{price} (your price)"
        else:
            self.price_source = facts.price.source
        return f"{size}, {price}{thinks}"

    def _age(self, model: Model) -> str:
        """Return how old the provider's list is, where it is older than a day."""
        listed_at = self._listed_at.get(split_ref(model.ref)[0])
        if listed_at is None or model.ref not in self._by_ref:
            return ""
        days = (datetime.now(UTC) - listed_at).days
        return f", listed {days} {'day' if days == 1 else 'days'} ago" if days > 0 else ""


def _first_of_group(choices: Sequence[Choice]) -> Callable[[Choice], int]:
    """Return a sort key that keeps each group together, in the order of their first choices."""
    groups = list(dict.fromkeys(choice.group for choice in choices))
    return lambda choice: groups.index(choice.group)


def is_reference(text: str) -> bool:
    """Return whether the text is written as `provider/model`."""
    provider, slash, model = text.partition("/")
    return bool(provider and slash and model) and " " not in text
