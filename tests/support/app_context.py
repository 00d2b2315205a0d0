"""What the app uses in tests: no price list, no settings file, no server on this machine and no plug-ins."""

from collections.abc import Awaitable, Callable

from tui_chat.core.conversation import Conversation
from tui_chat.service.chat import ChatService
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.settings.values import Settings
from tui_chat.storage.store import Store
from tui_chat.ui.app_context import AppContext, ModelFacts, SyncProcess


async def nothing_known(model: str) -> ModelFacts:
    return ModelFacts()


def bench_context(
    settings: Settings,
    store: Store,
    service: ChatService,
    blank: Callable[[], Conversation],
    catalogue: ModelCatalog,
    *,
    first: Conversation | None = None,
    facts_of: Callable[[str], Awaitable[ModelFacts]] = nothing_known,
    sync: SyncProcess | None = None,
) -> AppContext:
    async def nothing() -> None:
        pass

    async def no_local_models() -> tuple[str, ...]:
        return ()

    async def as_typed(model: str) -> str:
        return model

    return AppContext(
        settings,
        store,
        service,
        first or blank(),
        blank,
        catalogue,
        warm_up=nothing,
        facts_of=facts_of,
        find_local=no_local_models,
        save_setting=lambda name, value: None,
        resolve_model=as_typed,
        database_notices=tuple,
        plugin_tools=tuple,
        sync=sync,
    )
