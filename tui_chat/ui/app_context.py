"""What the app is handed to work with, so that it need not know how the program is put together."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui_chat.settings.values import Settings

if TYPE_CHECKING:
    from tui_chat.core.conversation import Conversation, Place
    from tui_chat.core.usage import Price
    from tui_chat.service.chat import ChatService
    from tui_chat.service.model_catalog import ModelCatalog
    from tui_chat.storage.store import Store


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the price list knows of a model; `None` is not known."""

    context_window: int | None = None
    price: "Price | None" = None


async def _nothing_known(model: str) -> ModelFacts:
    return ModelFacts()


async def _nobody_local() -> tuple[str, ...]:
    return ()


async def _nothing() -> None:
    pass


async def _as_typed(model: str) -> str:
    return model


def _save_nothing(name: str, value: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class AppContext:
    """The program below the screen."""

    settings: Settings
    store: "Store"
    service: "ChatService"
    first: "Conversation"
    """What the app opens with."""
    blank: "Callable[[], Conversation]"
    """A new conversation with the model and prompt the settings name."""
    catalogue: "ModelCatalog"
    warm_up: Callable[[], Awaitable[None]] = _nothing
    """Loads what the first prompt needs; called after the first paint."""
    facts_of: Callable[[str], Awaitable[ModelFacts]] = _nothing_known
    find_local: Callable[[], Awaitable[tuple[str, ...]]] = _nobody_local
    """Models of servers that run on this machine."""
    place: "Place | None" = None
    """Where in the first conversation it opens; `None` is its end."""
    notices: tuple[str, ...] = field(default=())
    """Sentences to show at start."""
    database_notices: Callable[[], Sequence[str]] = tuple
    """Returns what has happened to the database so far: recovered, replaced, read-only, damaged values met."""
    save_setting: Callable[[str, Any], None] = _save_nothing
    """Sets one value in the settings file; may raise `SettingsError`."""
    resolve_model: Callable[[str], Awaitable[str]] = _as_typed
    """Returns the `provider/model` that a short name means; may raise `RequestRefused`."""


@dataclass(frozen=True, slots=True)
class PendingContext:
    """The program below the screen while it is being put together, and what can be shown without it."""

    settings: Settings
    model: str
    """The one that the first prompt will most likely go to."""
    is_blank: bool
    """Whether a new conversation is what the app opens with."""
    context: Callable[[], Awaitable[AppContext]]
    """Puts it together, or raises."""
