"""The dependencies of the UI. Must not know how they are built."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from tui_chat.settings.values import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from tui_chat.core.conversation import Conversation, ConversationPosition
    from tui_chat.core.tool import ToolServer
    from tui_chat.core.usage import Price
    from tui_chat.service.chat import ChatService
    from tui_chat.service.model_catalog import ModelCatalog
    from tui_chat.storage.store import Store


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the price list has about a model; `None` is unknown."""

    context_window: int | None = None
    price: "Price | None" = None


class Serving(Protocol):
    """The server within the app, for other programs."""

    @property
    def is_running(self) -> bool: ...
    @property
    def client_count(self) -> int:
        """How many clients read a stream."""
        ...

    async def start(self) -> str:
        """Listen; return where, in a sentence. Raises `SettingsError`."""
        ...

    async def stop(self) -> None: ...


class SyncProcess(Protocol):
    """The process that syncs the database with other machines."""

    @property
    def restarts_at(self) -> "datetime | None":
        """When it is started again after it has ended by itself."""
        ...

    def is_running(self) -> bool: ...

    def last_written(self) -> object:
        """Return what changes whenever anyone writes the database."""
        ...

    def note_use(self) -> None:
        """Have it rest more while the app is used."""
        ...


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class AppContext:
    """The services and settings that the screens use."""

    settings: Settings
    store: "Store"
    service: "ChatService"
    first: "Conversation"
    """The conversation that the app opens with."""
    blank: "Callable[[], Conversation]"
    """Returns a new conversation with the model and system prompt of the settings."""
    catalogue: "ModelCatalog"
    warm_up: Callable[[], Awaitable[None]]
    """Loads what the first prompt needs; called after the first paint."""
    facts_of: Callable[[str], Awaitable[ModelFacts]]
    find_local: Callable[[], Awaitable[tuple[str, ...]]]
    """Models of servers that run on this machine."""
    save_setting: Callable[[str, Any], None]
    """Sets one value in the settings file; may raise `SettingsError`."""
    resolve_model: Callable[[str], Awaitable[str]]
    """Returns the `provider/model` that a short name means; may raise `RequestRefused`."""
    database_notices: Callable[[], Sequence[str]]
    """Returns what has happened to the database so far: recovered, replaced, read-only, damaged values met."""
    plugin_tools: Callable[[], Collection[str]]
    """Returns the names that choose tools of plug-ins."""
    position: "ConversationPosition | None" = None
    """Where in the first conversation it opens; `None` is its end."""
    notices: tuple[str, ...] = ()
    """Sentences to show at start."""
    serving: Serving | None = None
    """The server that `/serve` starts; `None` where the program has none."""
    tool_servers: "tuple[ToolServer, ...]" = ()
    """The MCP servers of the settings."""
    is_temporary: bool = False
    """Whether nothing is kept after this run of the program, on purpose."""
    open_temporary: "Callable[[], Awaitable[AppContext]] | None" = None
    """Builds what a temporary conversation uses; `None` within one, and where nothing is saved anyway."""
    close: Callable[[], Awaitable[None]] = _nothing
    """Discards a temporary conversation."""
    choices_store: "Store | None" = None
    """Where favourite models and trusted folders are stored, if not with the conversations."""
    sync: SyncProcess | None = None
    """The process that syncs the database; `None` where nothing is stored."""

    @property
    def choices(self) -> "Store":
        """The store of what the user chose for all conversations."""
        return self.choices_store or self.store

    def for_temporary(self, service: "ChatService", close: Callable[[], Awaitable[None]]) -> "AppContext":
        """Return what a temporary conversation uses: the same settings and models, and another store."""
        return replace(
            self,
            store=service.save_queue.store,
            service=service,
            first=self.blank(),
            position=None,
            notices=(),
            database_notices=tuple,
            is_temporary=True,
            open_temporary=None,
            close=close,
            choices_store=self.store,
            sync=None,
        )
