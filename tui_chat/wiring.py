"""Build the program from the settings: store, providers, prices, service. Knows no command and no screen."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_chat import paths
from tui_chat.attachments.shrink import shrink
from tui_chat.core.budget import Budget, Span, parse_limit
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import NotFound, RequestRefused, SettingsError, StorageError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.launch_options import LaunchOptions
from tui_chat.core.provider import Model, split_ref
from tui_chat.core.provider_presets import DEMO_MODEL, PRESETS
from tui_chat.core.tool import Tool, Toolbox, ToolServer
from tui_chat.core.usage import Price
from tui_chat.pricing.pricing import Pricing
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import ProviderRegistry
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.model_catalog import (
    FAVOURITE_MODELS,
    RECENT_MODELS,
    ModelCatalog,
    best_match,
    listed_model,
    words_of,
)
from tui_chat.service.permissions import Permission
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.service.tool_limits import ToolLimits
from tui_chat.service.trash import empty_trash
from tui_chat.service.usage_meter import meter_interrupted
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.values import BudgetSettings, McpSettings, Profile, Settings
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.tools.lazy_toolbox import LazyToolbox

if TYPE_CHECKING:
    from tui_chat.sync.process import SyncProcess
    from tui_chat.tools.mcp_config import McpConfig
    from tui_chat.tools.mcp_tools import McpTools

FREE = Price.of(Decimal(0), Decimal(0))


async def open_store(settings: Settings, *, saving: bool = True) -> Store:
    """Open the database in the data folder, or a temporary one in memory."""
    return await Store.open(settings.data_dir / DATABASE if saving else ":memory:")


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that runs behind a front end."""

    settings: Settings
    store: Store
    service: ChatService
    dependencies: Dependencies
    registry: ProviderRegistry
    keys: KeyRing
    pricing: Pricing
    toolbox: Toolbox
    default_model: str
    sync: "SyncProcess | None" = None
    """Runs the process that syncs the database; `None` where nothing is stored."""
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set, init=False)
    """What runs in the background until the end."""

    def new_conversation(self, launch: LaunchOptions | None = None) -> Conversation:
        """Return a new conversation with the model, system prompt and options of the launch and the settings."""
        launch = launch or LaunchOptions()
        profile = self._profile(launch.profile)
        conversation = self.service.new_conversation(self.default_model, system=self.settings.system)
        model, system = profile.model or self.default_model, profile.system or self.settings.system
        new = self._with_options(conversation, launch, model, system, profile.options)
        return replace(new, kept_here=profile.kept_here)

    async def conversation_for(self, launch: LaunchOptions) -> Conversation:
        """Return the conversation that the launch options select, with their model and system prompt."""
        if (conversation_id := await self._requested_id(launch)) is not None:
            conversation = await self.service.open(conversation_id)
            return self._with_options(
                conversation,
                launch,
                conversation.model or self.default_model,
                conversation.system,
                conversation.options,
            )
        return self.new_conversation(launch)

    async def resolve_model(self, name: str) -> str:
        """Return the `provider/model` that a name means: as it is, or the one model that a short name fits best."""
        name = self.settings.aliases.get(name, name)
        if self.registry.knows(name):
            return name
        if split_ref(name)[0] and split_ref(name)[1]:
            await self.registry.get(name)  # raises, and names the closest provider
        models = (await self.model_catalog.current()).models
        recent = [*(await self.store.state(FAVOURITE_MODELS) or []), *(await self.store.state(RECENT_MODELS) or [])]
        if (found := best_match(models, name, recent)) is not None:
            return found.ref
        refs = [model.ref for model in models]
        names = [*self.settings.aliases, *refs, *(split_ref(ref)[1] for ref in refs), *words_of(refs)]
        raise RequestRefused(f"no model fits {name!r}{did_you_mean(name, names)}", detail="no_such_model")

    async def with_resolved_model(self, launch: LaunchOptions) -> LaunchOptions:
        return launch if launch.model is None else replace(launch, model=await self.resolve_model(launch.model))

    async def with_usable_model(self, conversation: Conversation, launch: LaunchOptions) -> Conversation:
        """Return the conversation; with the default model if the one it was stored with cannot answer.

        That is a model without a provider here, or one that its provider has just refused as unknown, unless the
        launch names it. Raises `RequestRefused` for a new conversation: a request that cannot be sent must not
        store one.
        """
        is_chosen = launch.model is not None or launch.profile is not None
        if self.registry.knows(conversation.model) and (is_chosen or not _was_refused(conversation)):
            return conversation
        if not conversation.turns:
            return replace(conversation, model=await self.resolve_model(conversation.model))
        return replace(conversation, model=self.default_model)

    async def _requested_id(self, launch: LaunchOptions) -> str | None:
        if launch.conversation is not None:
            return await self.store.resolve(launch.conversation)
        if not launch.latest:
            return None
        if (latest := await self.store.last_conversation()) is None:
            raise NotFound("there is no conversation to continue")
        return latest

    def _with_options(
        self, conversation: Conversation, launch: LaunchOptions, model: str, system: str, options: Options
    ) -> Conversation:
        if launch.profile is not None and conversation.turns:
            profile = self._profile(launch.profile)
            model, system, options = profile.model or model, profile.system or system, profile.options
        system = launch.system if launch.system is not None else system
        return replace(conversation, model=launch.model or model, system=system, options=options)

    def _profile(self, name: str | None) -> Profile:
        if name is None:
            return Profile()
        if (profile := self.settings.profiles.get(name)) is None:
            raise SettingsError(f"there is no profile “{name}”{did_you_mean(name, self.settings.profiles)}")
        return profile

    async def unsaved_service(self) -> ChatService:
        """Return another service with the same providers and prices, whose store keeps nothing."""
        store = await open_store(self.settings, saving=False)
        service = ChatService(store, self.dependencies)
        self.service.gate.add_store(store)
        service.gate = self.service.gate
        return service

    async def close_unsaved(self, service: ChatService) -> None:
        """Discard another service; what was spent there still counts for the budget."""
        store = service.save_queue.store
        await service.aclose()
        await self.service.gate.drop_store(store)
        await store.aclose()

    async def warm_up(self) -> None:
        """Load in a thread what the first prompt needs, before it is sent."""
        await asyncio.to_thread(self.pricing.prepare)
        if not self.store.opening.read_only:
            with suppress(StorageError, NotFound):  # repeated at the next start
                await meter_interrupted(self.store, self.pricing.cost_of)
            self._tasks.add(asyncio.create_task(self._empty_trash()))
            if self.sync is not None and self.settings.sync.when == "app":
                self.sync.watch(self.store)
        if self.default_model != DEMO_MODEL:
            await self.registry.get(self.default_model)

    async def _empty_trash(self) -> None:
        """Delete old trash, which takes long for long conversations; nothing waits for it."""
        with suppress(StorageError, NotFound):  # repeated at the next start
            await self.store.delete_purged()
            await empty_trash(self.store, self.settings.chat.trash_days, datetime.now(UTC))

    @property
    def model_catalog(self) -> ModelCatalog:
        return ModelCatalog(self.store, self._configured_names, self._models_of)

    def _configured_names(self) -> list[str]:
        return [status.name for status in self.registry.statuses() if status.is_configured]

    async def facts_of(self, ref: str) -> tuple[int | None, Price | None]:
        """Return a model's context window and price from the price list; else the window that its provider listed."""
        await asyncio.to_thread(self.pricing.prepare)
        known = self.pricing.known(ref, datetime.now(UTC))
        window = known.context_window
        if window is None and (listed := await listed_model(self.store, ref)) is not None:
            window = listed.context_window
        return window, known.price

    async def find_local(self) -> tuple[str, ...]:
        """Return the models of servers that run on this machine."""
        return tuple(model.ref for server in await self.registry.find_local() for model in server.models)

    async def _models_of(self, name: str) -> tuple[Model, ...]:
        return await (await self.registry.provider(name)).models()

    def save_unsaved(self, timeout_s: float) -> bool:
        """Save what arrived when the event loop cannot, as the last step; return false if that took too long."""
        self.keys.stop()
        return self.service.save_unsaved(timeout_s)

    @property
    def tool_servers(self) -> tuple[ToolServer, ...]:
        """The MCP servers of the settings, as the user agrees to them."""
        return tuple(_mcp_config(name, server).server for name, server in self.settings.mcp.items())

    async def known_mcp_tools(self, name: str) -> tuple[Tool, ...] | None:
        """Return the tools that an MCP server listed the last time; `None` where it never did."""
        from tui_chat.tools.mcp_tools import known_tools

        return known_tools(_mcp_config(name, self.settings.mcp[name]), await self.store.state("mcp_tools"))

    async def confinement(self) -> str:
        """Return what confines commands, in words."""
        from tui_chat.tools.command import CommandRunner

        return await CommandRunner(Path.cwd(), self.settings.tools.sandbox).confinement()

    async def list_mcp_tools(self, name: str) -> tuple[Tool, ...]:
        """Start an MCP server that the user has agreed to, and return its tools."""
        from tui_chat.tools.mcp_config import ServerUnusable

        tools = _mcp_tools(self.settings, self.service)
        try:
            return await tools.list_tools(name)
        except ServerUnusable as error:
            raise SettingsError(str(error), detail="mcp") from error
        finally:
            await tools.aclose()

    async def log_in(self, name: str, show: Callable[[str], object]) -> list[str]:
        """Log in to an MCP server, whose login page `show` gets; return the names of its tools."""
        from tui_chat.tools.mcp_config import ServerUnusable
        from tui_chat.tools.mcp_login import login

        config = _mcp_config(name, self.settings.mcp[name])
        try:
            return await login(config, self.settings.data_dir / "mcp", paths.log_dir(), show)
        except ServerUnusable as error:
            raise SettingsError(str(error), detail="mcp") from error

    async def aclose(self) -> None:
        """Save everything and close everything."""
        for task in self._tasks:
            task.cancel()
        await self.service.aclose()
        await self.toolbox.aclose()
        self.keys.stop()
        await self.registry.aclose()
        await self.store.aclose()
        if self.sync is not None:
            self.sync.stop()


def _was_refused(conversation: Conversation) -> bool:
    """Return whether the provider, when it was last asked for the model of a conversation, had no such model."""
    model = conversation.model
    last = next((turn for turn in reversed(conversation.path) if turn.model == model), None)
    return last is not None and last.fault is not None and last.fault.detail == "no_such_model"


def save_setting(file: Path, name: str, value: Any) -> None:
    """Set one value in the settings file and keep its comments; without a file, write the starter file first."""
    from tui_chat.settings.edit_file import with_setting
    from tui_chat.settings.settings_text import starter_file
    from tui_chat.storage.private_files import replace as replace_file
    from tui_chat.storage.private_files import temporary_file

    try:
        text = file.read_text(encoding="utf-8") if file.exists() else starter_file()
        changed = with_setting(text, name, value)
        paths.make_private(file.parent)
        target = file.resolve()
        with temporary_file(target.parent) as new:
            new.write_text(changed, encoding="utf-8")
            replace_file(target, new)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be written: {getattr(error, 'strerror', None) or error}") from error


async def assemble(
    settings: Settings, *, demo: bool = False, saving: bool = True, auto_title: bool = True
) -> Program:
    """Build the program; with `demo`, the offline model answers, whatever the settings are.

    Without `auto_title` no model is asked for a title: a program that ends after one reply would only cut that short.
    """
    if not auto_title:
        settings = settings._replace(chat=settings.chat._replace(titles="prompt"))
    return _build(settings, await open_store(settings, saving=saving), demo=demo)


async def assemble_or_in_memory(settings: Settings, *, demo: bool = False) -> Program:
    """Build the program; if the database cannot be opened, keep everything in memory and show that in the footer.

    A database of a later version of the program still is an error.
    """
    try:
        return await assemble(settings, demo=demo)
    except StorageError as error:
        if error.detail == "newer_schema":
            raise
        return _build(settings, await open_store(settings, saving=False), demo=demo, unsaved_reason=error)


def _build(settings: Settings, store: Store, *, demo: bool, unsaved_reason: StorageError | None = None) -> Program:
    key_ring = KeyRing(settings)
    registry = ProviderRegistry(_provider_configs(settings, key_ring))
    pricing = pricing_of(settings)
    rules = {rule: Permission(verdict) for rule, verdict in settings.tools.rules.items()}
    toolbox = LazyToolbox(lambda: _tools(settings, service), _without_secrets)
    dependencies = Dependencies(
        registry.get,
        pricing.cost_of,
        _policy(settings),
        shrink=shrink,
        listed_model=partial(listed_model, store),
        toolbox=toolbox,
        budget=budget_of(settings.budget),
        tool_rules=rules,
    )
    service = ChatService(store, dependencies, unsaved_reason=unsaved_reason)
    model = DEMO_MODEL if demo else key_ring.model()[0]
    sync = _sync_process(settings, store)
    return Program(settings, store, service, dependencies, registry, key_ring, pricing, toolbox, model, sync)


def _sync_process(settings: Settings, store: Store) -> "SyncProcess | None":
    if store.opening.path is None:
        return None
    from tui_chat.sync.process import SyncProcess

    return SyncProcess(store.opening.path, settings.file)


def budget_of(settings: BudgetSettings) -> Budget:
    return Budget(
        {span: parse_limit(getattr(settings, span.value)) for span in Span},
        {span: parse_limit(getattr(settings, f"warn_{span.value}")) for span in Span},
    )


def _without_secrets(text: str) -> str:
    from tui_chat.tools.environment_secrets import without_secrets

    return without_secrets(os.environ, text)


def _tools(settings: Settings, service: ChatService) -> Toolbox:
    """Build the tools, which few conversations need."""
    from tui_chat.tools.built_in_tools import BuiltInTools
    from tui_chat.tools.mcp_tools import AllTools
    from tui_chat.tools.plugin_tools import PluginTools

    private = (settings.data_dir, settings.file.parent)
    built_in = BuiltInTools(Path.cwd(), private=private, sandbox=settings.tools.sandbox)
    return PluginTools(AllTools(built_in, _mcp_tools(settings, service)) if settings.mcp else built_in)


def _mcp_tools(settings: Settings, service: ChatService) -> "McpTools":
    from tui_chat.tools.mcp_tools import McpTools

    store = service.save_queue.store
    return McpTools(
        [_mcp_config(name, server) for name, server in settings.mcp.items()],
        paths.log_dir(),
        login_dir=settings.data_dir / "mcp",
        has_consent=service.permissions.has_consent,
        load_known=partial(store.state, "mcp_tools"),
        save_known=partial(store.set_state, "mcp_tools"),
    )


def _mcp_config(name: str, server: McpSettings) -> "McpConfig":
    from tui_chat.tools.mcp_config import McpConfig

    return McpConfig(
        name,
        server.command,
        server.url,
        server.env,
        server.headers,
        str(Path(server.cwd).expanduser()) if server.cwd else "",
        server.tools,
        server.timeout_s,
        server.start_timeout_s,
    )


def pricing_of(settings: Settings) -> Pricing:
    """Return the price list with the user's own prices; the demo model is free."""
    return Pricing(
        {"demo/*": FREE} | {ref: entry.price for ref, entry in settings.prices.items() if entry.price is not None},
        cache_dir=paths.cache_dir(),
        addresses={name: provider.base_url for name, provider in settings.providers.items() if provider.base_url},
        kinds={name: provider.kind for name, provider in settings.providers.items()},
    )


def _policy(settings: Settings) -> Policy:
    chat = settings.chat
    retry = RetryPolicy(max_attempts=chat.retries + 1, max_wait_s=chat.longest_wait_s)
    health = HealthLimits(chat.silence_warning_s, chat.silence_limit_s)
    tools = settings.tools
    limits = ToolLimits(
        tools.max_rounds, tools.max_usd, tools.max_minutes, tools.max_same_calls, tools.max_result_characters
    )
    return Policy(retry, health, tools=limits, titles_by_model=chat.titles == "model")


def _provider_configs(settings: Settings, key_ring: KeyRing) -> list[ProviderConfig]:
    return [_provider_config(settings, key_ring, name) for name in settings.providers]


def _provider_config(settings: Settings, key_ring: KeyRing, name: str) -> ProviderConfig:
    provider = settings.providers[name]
    source = key_ring.source(name)
    preset = PRESETS.get(provider.kind)
    return ProviderConfig(
        name,
        provider.kind,
        provider.base_url,
        find_key=lambda: key_ring.find(name),
        has_key=source is not None,
        key_source=source.place if source else " or ".join(key_ring.variables(name)),
        find_headers=lambda: key_ring.headers(name),
        find_secrets=lambda: key_ring.header_secrets(name),
        auth=provider.auth,
        api=provider.api,
        timeout_s=provider.timeout_s,
        api_version=provider.api_version,
        account_id=provider.account_id,
        gateway_id=provider.gateway_id,
        models=provider.models,
        allow_http=provider.allow_http,
        background=provider.background,
        is_local=preset is not None and preset.is_local,
    )
