"""Settings → store, providers, prices, service: the only place that knows them all, but no command and no screen."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from tui_chat import paths
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import NotFound, SettingsError, StorageError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.launch_options import LaunchOptions
from tui_chat.core.provider import Model
from tui_chat.core.usage import Price
from tui_chat.pricing.pricing import Pricing
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import ProviderRegistry
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.service.trash import empty_trash
from tui_chat.service.usage_meter import meter_interrupted
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.provider_presets import DEMO_MODEL, PROVIDER_PRESETS
from tui_chat.settings.values import Profile, Settings
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

FREE = Price.of(Decimal(0), Decimal(0))


async def open_store(settings: Settings, *, saving: bool = True) -> Store:
    """The database in the data folder, or one in memory that nobody will see again."""
    return await Store.open(settings.data_dir / DATABASE if saving else ":memory:")


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that runs, whatever front end stands before it."""

    settings: Settings
    store: Store
    service: ChatService
    registry: ProviderRegistry
    keys: KeyRing
    pricing: Pricing
    default_model: str

    def fresh(self) -> Conversation:
        """A new conversation as the settings have it."""
        return self.service.blank(self.default_model, system=self.settings.system)

    async def conversation_for(self, wanted: LaunchOptions) -> Conversation:
        """The conversation that somebody asked for, with the model and system prompt they asked for."""
        if (conversation_id := await self._wanted_id(wanted)) is not None:
            found = await self.service.open(conversation_id)
            return self._dressed(found, wanted, found.model or self.default_model, found.system, found.options)
        profile = self._profile(wanted.profile)
        fresh = self.fresh()
        model, system = profile.model or self.default_model, profile.system or self.settings.system
        return self._dressed(fresh, wanted, model, system, profile.options)

    async def _wanted_id(self, wanted: LaunchOptions) -> str | None:
        if wanted.conversation is not None:
            return await self.store.resolve(wanted.conversation)
        if not wanted.latest:
            return None
        if (latest := await self.store.last_conversation()) is None:
            raise NotFound("there is no conversation to go on with")
        return latest

    def _dressed(
        self, conversation: Conversation, wanted: LaunchOptions, model: str, system: str, options: Options
    ) -> Conversation:
        if wanted.profile is not None and conversation.turns:
            profile = self._profile(wanted.profile)
            model, system, options = profile.model or model, profile.system or system, profile.options
        system = wanted.system if wanted.system is not None else system
        return replace(conversation, model=wanted.model or model, system=system, options=options)

    def _profile(self, name: str | None) -> Profile:
        if name is None:
            return Profile()
        if (profile := self.settings.profiles.get(name)) is None:
            raise SettingsError(f"there is no profile “{name}”{did_you_mean(name, self.settings.profiles)}")
        return profile

    async def warm_up(self) -> None:
        """Load what the first prompt needs, in a thread, while nobody waits for it."""
        await asyncio.to_thread(self.pricing.prepare)
        if not self.store.opening.read_only:
            with suppress(StorageError, NotFound):  # it is done again at the next start
                await meter_interrupted(self.store, self.pricing.cost_of)
                await empty_trash(self.store, self.settings.chat.trash_days, datetime.now(UTC))
        if self.default_model != DEMO_MODEL:
            await self.registry.get(self.default_model)

    @property
    def catalogue(self) -> ModelCatalog:
        """The models of the providers that are set up."""
        names = [status.name for status in self.registry.statuses() if status.is_configured]
        return ModelCatalog(self.store, names, self._models_of)

    async def facts_of(self, ref: str) -> tuple[int | None, Price | None]:
        """What the price list knows of a model: its context window and its price."""
        await asyncio.to_thread(self.pricing.prepare)
        known = self.pricing.known(ref, datetime.now(UTC))
        return known.context_window, known.price

    async def find_local(self) -> tuple[str, ...]:
        """The models of servers that run on this machine."""
        return tuple(model.ref for server in await self.registry.find_local() for model in server.models)

    async def _models_of(self, name: str) -> tuple[Model, ...]:
        return await (await self.registry.provider(name)).models()

    def save_unsaved(self, timeout_s: float) -> bool:
        """Keep what arrived when the event loop cannot; false if that took too long. The last thing it does."""
        self.keys.stop()
        return self.service.save_unsaved(timeout_s)

    async def aclose(self) -> None:
        """Keep what arrived, save what is not saved, let go of everything."""
        await self.service.aclose()
        self.keys.stop()
        await self.registry.aclose()
        await self.store.aclose()


async def assemble(settings: Settings, *, demo: bool = False, saving: bool = True, titling: bool = True) -> Program:
    """Put the program together; with `demo`, the offline model answers whatever the settings say.

    Without `titling` no model is asked for a title: who leaves after one reply would only cut that short.
    """
    if not titling:
        settings = replace(settings, chat=replace(settings.chat, titles="prompt"))
    return _assembled(settings, await open_store(settings, saving=saving), demo=demo)


async def assemble_anyway(settings: Settings, *, demo: bool = False) -> Program:
    """The same where the database cannot be opened: then all is kept in memory, and the footer says so.

    One that a later version of the program made is not stepped over like this.
    """
    try:
        return await assemble(settings, demo=demo)
    except StorageError as error:
        if error.detail == "newer_schema":
            raise
        return _assembled(settings, await open_store(settings, saving=False), demo=demo, unkept=error)


def _assembled(settings: Settings, store: Store, *, demo: bool, unkept: StorageError | None = None) -> Program:
    ring = KeyRing(settings)
    registry = ProviderRegistry(_configs(settings, ring))
    pricing = pricing_of(settings)
    dependencies = Dependencies(registry.get, pricing.cost_of, _policy(settings))
    service = ChatService(store, dependencies, unkept=unkept)
    model = DEMO_MODEL if demo else ring.model()[0]
    return Program(settings, store, service, registry, ring, pricing, model)


def pricing_of(settings: Settings) -> Pricing:
    """The price list under the user's own prices; the demo model is free."""
    return Pricing(
        {"demo/*": FREE} | {ref: own.price for ref, own in settings.prices.items() if own.price is not None},
        cache_dir=paths.cache_dir(),
        addresses={name: own.base_url for name, own in settings.providers.items() if own.base_url},
        kinds={name: own.kind for name, own in settings.providers.items()},
    )


def _policy(settings: Settings) -> Policy:
    chat = settings.chat
    retry = RetryPolicy(most_attempts=chat.retries + 1, longest_wait_s=chat.longest_wait_s)
    return Policy(
        retry, HealthLimits(chat.silence_warning_s, chat.silence_limit_s), titles_by_model=chat.titles == "model"
    )


def _configs(settings: Settings, ring: KeyRing) -> list[ProviderConfig]:
    return [_config(settings, ring, name) for name in settings.providers]


def _config(settings: Settings, ring: KeyRing, name: str) -> ProviderConfig:
    own = settings.providers[name]
    source = ring.source(name)
    service = PROVIDER_PRESETS.get(own.kind)
    return ProviderConfig(
        name,
        own.kind,
        own.base_url,
        find_key=lambda: ring.find(name),
        has_key=source is not None,
        key_source=source.place if source else " or ".join(ring.variables(name)),
        find_headers=lambda: ring.headers(name),
        find_secrets=lambda: ring.header_secrets(name),
        auth=own.auth,
        timeout_s=own.timeout_s,
        api_version=own.api_version,
        account_id=own.account_id,
        gateway_id=own.gateway_id,
        models=own.models,
        allow_http=own.allow_http,
        is_local=service is not None and service.is_local,
    )
