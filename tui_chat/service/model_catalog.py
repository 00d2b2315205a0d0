"""The models of every configured provider: live where reachable, else as last seen. Knows no provider."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from tui_chat.core.bounds import count_in_bounds, moment_in_bounds
from tui_chat.core.error import ChatError, StorageError, Unreachable
from tui_chat.core.provider import Model, split_ref
from tui_chat.storage.store import Store

RECENT_MODELS = "recent_models"
"""The key of the store's state that lists the models that were used lately, the last one first."""
FAVOURITE_MODELS = "favourite_models"
"""The key of the store's state that lists the models that the user has marked, the first one first."""
_STATE_KEY, _TIMES_KEY = "models", "models_listed_at"
_MAX_VERSION_DIGITS = 3
"""A longer number in a model's name is a date or a size."""
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Catalog:
    """The available models, and the providers that did not answer."""

    models: tuple[Model, ...]
    unreachable: tuple[tuple[str, ChatError], ...] = ()
    """Providers that could not be reached, with the error; their models are those last seen."""
    listed_at: Mapping[str, datetime] = field(default_factory=dict)


class ModelCatalog:
    def __init__(
        self,
        store: Store,
        names: Callable[[], Sequence[str]],
        models_of: Callable[[str], Awaitable[tuple[Model, ...]]],
    ) -> None:
        """`names` returns the configured providers; called in a thread, as it may look for plug-ins."""
        self._store = store
        self._names_of_providers = names
        self._models_of = models_of

    async def _names(self) -> Sequence[str]:
        return await asyncio.to_thread(self._names_of_providers)

    async def current(self) -> Catalog:
        """Return the cached models; ask the providers if one of them was never asked or had no model."""
        known, names = await self._load_cached(), await self._names()
        return await self.last_seen() if all(known.get(name) for name in names) else await self.refreshed()

    async def last_seen(self) -> Catalog:
        """Return the cached models, without a request."""
        known, names = await self._load_cached(), await self._names()
        models = tuple(model for name in names for model in known.get(name, ()))
        return Catalog(models, listed_at=await self._load_times())

    async def refreshed(self) -> Catalog:
        """Ask all providers at once; keep the cached models of those that do not answer."""
        known, names = await self._load_cached(), await self._names()
        answers = await asyncio.gather(*(self._ask(name) for name in names))
        unreachable: list[tuple[str, ChatError]] = []
        listed_at, now = await self._load_times(), datetime.now(UTC)
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, ChatError):
                unreachable.append((name, answer))
            else:
                known[name] = answer
                listed_at[name] = now
        with suppress(StorageError):  # without a cache they are requested again
            await self._store.set_state(
                _STATE_KEY, {name: [asdict(model) for model in known[name]] for name in known}
            )
            await self._store.set_state(_TIMES_KEY, {name: at.isoformat() for name, at in listed_at.items()})
        models = tuple(model for name in names for model in known.get(name, ()))
        return Catalog(models, tuple(unreachable), listed_at)

    async def _ask(self, name: str) -> tuple[Model, ...] | ChatError:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._models_of(name)
        except TimeoutError:
            return Unreachable(f"{name} did not answer within {TIMEOUT_S:g} s", detail="timeout")
        except ChatError as error:
            return error

    async def _load_times(self) -> dict[str, datetime]:
        stored: dict[str, str] = {}
        with suppress(StorageError):
            stored = await self._store.state(_TIMES_KEY) or {}
        moments = {name: moment_in_bounds(at) for name, at in stored.items()}
        return {name: at for name, at in moments.items() if at is not None}

    async def _load_cached(self) -> dict[str, tuple[Model, ...]]:
        stored: dict[str, list[dict[str, Any]]] = {}
        with suppress(StorageError):
            stored = await self._store.state(_STATE_KEY) or {}
        return {name: tuple(_model(stored_model) for stored_model in models) for name, models in stored.items()}


async def listed_model(store: Store, ref: str) -> Model | None:
    """Return a model as its provider last listed it, without a request; `None` if it did not."""
    try:
        stored: dict[str, list[dict[str, Any]]] = await store.state(_STATE_KEY) or {}
    except StorageError:
        return None
    models = (plain for plain in stored.get(split_ref(ref)[0], ()) if plain.get("ref") == ref)
    return next(map(_model, models), None)


def _model(plain: dict[str, Any]) -> Model:
    """Return a model from its cached form; an implausible size is unknown."""
    sizes = {name: count_in_bounds(plain.get(name)) or None for name in ("context_window", "max_output_tokens")}
    return Model(**{**plain, **sizes, "efforts": tuple(plain.get("efforts", ()))})


def best_match(models: Sequence[Model], query: str, recent: Sequence[str] = ()) -> Model | None:
    """Return the model that a short name such as `sonnet` means: one used lately, else the latest version."""
    found = [model for model in matching(models, query.replace("-", " ")) if query.strip()]
    places = {ref: place for place, ref in enumerate(recent)}
    return min(found, key=lambda model: _likelihood(model, places), default=None)


def _likelihood(model: Model, places: Mapping[str, int]) -> tuple[int, bool, tuple[int, ...], int]:
    """Return a key that sorts the likeliest model first."""
    name = split_ref(model.ref)[1]
    version = tuple(-int(number) for number in re.findall(r"\d+", name) if len(number) <= _MAX_VERSION_DIGITS)
    return places.get(model.ref, len(places)), not version, version, len(name)


def matching(models: Sequence[Model], query: str) -> list[Model]:
    """Return the models whose reference or name contains every word: prefix matches first, then shortest."""
    terms = query.lower().split()
    matches = [model for model in models if all(word in f"{model.ref} {model.name}".lower() for word in terms)]
    first = terms[0] if terms else ""
    return sorted(matches, key=lambda model: (not split_ref(model.ref)[1].lower().startswith(first), len(model.ref)))


def words_of(refs: Iterable[str]) -> list[str]:
    """Return the words in the names of models, such as `sonnet`, each once."""
    return list(dict.fromkeys(word for ref in refs for word in re.findall(r"[A-Za-z]{3,}", split_ref(ref)[1])))
