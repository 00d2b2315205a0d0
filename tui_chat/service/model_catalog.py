"""The models of every configured provider: live where reachable, else as they were last seen. Knows no provider."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.error import ChatError, StorageError, Unreachable
from tui_chat.core.provider import Model, split_ref
from tui_chat.storage.store import Store

_PLACE = "models"
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Catalog:
    """What there is to choose from, and who did not answer."""

    models: tuple[Model, ...]
    silent: tuple[tuple[str, ChatError], ...] = ()
    """Providers that could not be asked, with why; their models are those last seen."""


class ModelCatalog:
    """Asks providers for their models and remembers the answers."""

    def __init__(
        self, store: Store, names: Sequence[str], models_of: Callable[[str], Awaitable[tuple[Model, ...]]]
    ) -> None:
        """`names` are the providers that are set up."""
        self._store = store
        self._names = names
        self._models_of = models_of

    async def last_seen(self) -> Catalog:
        """As remembered, without asking anybody."""
        known = await self._remembered()
        return Catalog(tuple(model for name in self._names for model in known.get(name, ())))

    async def refreshed(self) -> Catalog:
        """Ask everybody at once; who does not answer keeps what was last seen."""
        known = await self._remembered()
        answers = await asyncio.gather(*(self._ask(name) for name in self._names))
        silent: list[tuple[str, ChatError]] = []
        for name, answer in zip(self._names, answers, strict=True):
            if isinstance(answer, ChatError):
                silent.append((name, answer))
            else:
                known[name] = answer
        with suppress(StorageError):  # what is not remembered is asked for again
            await self._store.set_state(_PLACE, {name: [asdict(one) for one in known[name]] for name in known})
        models = tuple(model for name in self._names for model in known.get(name, ()))
        return Catalog(models, tuple(silent))

    async def _ask(self, name: str) -> tuple[Model, ...] | ChatError:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._models_of(name)
        except TimeoutError:
            return Unreachable(f"{name} did not answer within {PATIENCE_S:g} s", detail="timeout")
        except ChatError as error:
            return error

    async def _remembered(self) -> dict[str, tuple[Model, ...]]:
        stored: dict[str, list[dict[str, Any]]] = {}
        with suppress(StorageError):
            stored = await self._store.state(_PLACE) or {}
        return {name: tuple(_model(one) for one in models) for name, models in stored.items()}


def _model(plain: dict[str, Any]) -> Model:
    """A model as it was remembered; a size that cannot be believed is unknown."""
    sizes = {name: count_in_bounds(plain.get(name)) or None for name in ("context_window", "max_output_tokens")}
    return Model(**{**plain, **sizes, "efforts": tuple(plain.get("efforts", ()))})


def matching(models: Sequence[Model], words: str) -> list[Model]:
    """The models whose reference or name has every word, best fits first: by name's beginning, then by length."""
    wanted = words.lower().split()
    found = [model for model in models if all(word in f"{model.ref} {model.name}".lower() for word in wanted)]
    first = wanted[0] if wanted else ""
    return sorted(found, key=lambda model: (not split_ref(model.ref)[1].lower().startswith(first), len(model.ref)))
