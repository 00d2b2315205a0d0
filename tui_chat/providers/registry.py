"""Finds providers by name. Adapters are imported and constructed in a thread when first used, since both are slow."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui_chat.core.error import ChatError, RequestRefused, Unreachable
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.provider import Model, Provider, split_ref
from tui_chat.core.provider_presets import PRESETS
from tui_chat.plugins import PROVIDERS, load, plugins
from tui_chat.providers.config import ProviderConfig

_CHECK_TIMEOUT_S = 10.0
_LOCAL_TIMEOUT_S = 1.5
"""For a server on this machine to list its models."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What is known of a provider without a request to it."""

    name: str
    kind: str
    is_configured: bool
    """It has a key, or an address in the settings, or is the demo."""
    is_local: bool
    key_source: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """The result of requesting the models of a provider."""

    name: str
    latency_ms: int
    models: int = 0
    error: ChatError | None = None


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server found running on this machine."""

    name: str
    models: tuple[Model, ...]


class ProviderRegistry:
    """The providers of the settings, constructed when first used."""

    def __init__(self, configs: Iterable[ProviderConfig]) -> None:
        self._configs = {config.name: config for config in configs}
        self._tasks: dict[str, asyncio.Task[Provider]] = {}

    async def get(self, model_ref: str) -> Provider:
        """Return the provider of `provider/model`. Raises `RequestRefused` where there is none."""
        name, model = split_ref(model_ref)
        if not name or not model:
            known = ", ".join(self._suggested_names())
            sentence = f"a model is written provider/model, not {model_ref!r}; providers: {known}"
            raise RequestRefused(sentence, detail="no_such_model")
        return await self.provider(name)

    async def provider(self, name: str) -> Provider:
        """Return the provider with this name. Raises if the name is unknown, or a key or an address is missing."""
        if not self._has(name):
            sentence = f"no provider is called {name!r}{did_you_mean(name, self._configs)}"
            raise RequestRefused(sentence, detail="no_such_provider")
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(asyncio.to_thread(make_provider, self._configs[name]))
        task = self._tasks[name]
        try:
            return await asyncio.shield(task)
        finally:
            if task.done() and (task.cancelled() or task.exception() is not None):
                self._tasks.pop(name, None)

    def knows(self, model_ref: str) -> bool:
        """Return whether the reference names a provider of the settings, and a model."""
        name, model = split_ref(model_ref)
        return bool(model) and self._has(name)

    def _has(self, name: str) -> bool:
        """Return whether there is a provider with this name: in the settings, or of a plug-in that needs none."""
        if name not in self._configs and name in plugins(PROVIDERS):
            self._configs[name] = _plugin_config(name)
        return name in self._configs

    def statuses(self) -> tuple[ProviderStatus, ...]:
        """Return the status of every provider, plug-ins included."""
        for name in plugins(PROVIDERS):
            self._has(name)
        return tuple(
            ProviderStatus(config.name, config.kind, _is_configured(config), config.is_local, config.key_source)
            for config in self._configs.values()
        )

    async def check(self, name: str) -> Reachability:
        """Request the models of a provider and return how long that took, or the error."""
        started = time.monotonic()
        models: tuple[Model, ...] = ()
        error: ChatError | None = None
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                models = await (await self.provider(name)).models()
        except TimeoutError:
            error = Unreachable(f"{name} does not answer", detail="timeout")
        except ChatError as chat_error:
            error = chat_error
        return Reachability(name, round((time.monotonic() - started) * 1000), len(models), error)

    async def find_local(self) -> tuple[LocalServer, ...]:
        """Return the servers that run on this machine and have a model."""
        configs = [config for config in self._configs.values() if config.is_local and config.kind != "demo"]
        servers = await asyncio.gather(*map(_local_server, configs))
        return tuple(server for server in servers if server is not None)

    async def aclose(self) -> None:
        """Close every provider. One that is still being constructed is cancelled."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None:
                await task.result().aclose()

    def _suggested_names(self) -> list[str]:
        configured = [config.name for config in self._configs.values() if _is_configured(config)]
        return configured or list(self._configs)


def make_provider(config: ProviderConfig) -> Provider:
    """Construct a provider. Slow: imports its adapter, may run the command for its key, reads certificates."""
    if config.kind == "demo":
        from tui_chat.providers.demo.provider import DemoProvider

        return DemoProvider()
    if config.kind == "anthropic":
        from tui_chat.providers.anthropic.provider import AnthropicProvider

        return AnthropicProvider(config)
    if config.kind not in PRESETS and (plugin := plugins(PROVIDERS).get(config.kind)) is not None:
        provider: Provider = load(plugin, config)
        return provider
    from tui_chat.providers.openai.provider import OpenAICompatibleProvider

    return OpenAICompatibleProvider(config)


def _plugin_config(name: str) -> ProviderConfig:
    """Return the configuration of a plug-in's provider without settings; what needs a key has to report it itself."""
    return ProviderConfig(name, name, is_plugin=True)


def _is_configured(config: ProviderConfig) -> bool:
    return config.has_key or config.kind == "demo" or bool(config.base_url) or config.is_plugin


async def _local_server(config: ProviderConfig) -> LocalServer | None:
    try:
        provider = await asyncio.to_thread(make_provider, replace(config, timeout_s=_LOCAL_TIMEOUT_S))
    except ChatError:
        return None
    try:
        async with asyncio.timeout(_LOCAL_TIMEOUT_S):
            models = await provider.models()
    except (ChatError, TimeoutError):
        return None
    finally:
        await provider.aclose()
    return LocalServer(config.name, models) if models else None
