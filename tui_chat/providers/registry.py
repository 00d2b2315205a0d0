"""Name → provider. Adapters are imported when first used, and made in a thread, since both take their time."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui_chat.core.error import ChatError, RequestRefused, Unreachable
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.provider import Model, Provider, split_ref
from tui_chat.providers.config import ProviderConfig

_CHECK_LIMIT_S = 10.0
_LOCAL_LIMIT_S = 1.5
"""A server on this machine that takes longer to list its models is not found."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What can be said of a provider without asking it."""

    name: str
    kind: str
    is_configured: bool
    """It has a key, or needs none and was set up, or is the demo."""
    is_local: bool
    key_source: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """What came of asking a provider for its models."""

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
    """Every provider of the settings, made when first asked for."""

    def __init__(self, configs: Iterable[ProviderConfig]) -> None:
        self._configs = {config.name: config for config in configs}
        self._made: dict[str, asyncio.Task[Provider]] = {}

    async def get(self, model_ref: str) -> Provider:
        """The provider of `provider/model`. `RequestRefused` where there is none."""
        name, model = split_ref(model_ref)
        if not name or not model:
            known = ", ".join(self._likely())
            sentence = f"a model is written provider/model, not {model_ref!r}; providers: {known}"
            raise RequestRefused(sentence, detail="no_such_model")
        return await self.provider(name)

    async def provider(self, name: str) -> Provider:
        """The provider by that name. Raises what making it raises: no such name, no key, no address."""
        if name not in self._configs:
            sentence = f"no provider is called {name!r}{did_you_mean(name, self._configs)}"
            raise RequestRefused(sentence, detail="no_such_provider")
        if name not in self._made:
            self._made[name] = asyncio.create_task(asyncio.to_thread(make_provider, self._configs[name]))
        task = self._made[name]
        try:
            return await asyncio.shield(task)
        finally:
            if task.done() and (task.cancelled() or task.exception() is not None):
                self._made.pop(name, None)

    def statuses(self) -> tuple[ProviderStatus, ...]:
        """Every provider as it is set up."""
        return tuple(
            ProviderStatus(config.name, config.kind, _is_configured(config), config.is_local, config.key_source)
            for config in self._configs.values()
        )

    async def check(self, name: str) -> Reachability:
        """Ask the provider for its models and see what comes."""
        began = time.monotonic()
        models: tuple[Model, ...] = ()
        error: ChatError | None = None
        try:
            async with asyncio.timeout(_CHECK_LIMIT_S):
                models = await (await self.provider(name)).models()
        except TimeoutError:
            error = Unreachable(f"{name} does not answer", detail="timeout")
        except ChatError as told:
            error = told
        return Reachability(name, round((time.monotonic() - began) * 1000), len(models), error)

    async def find_local(self) -> tuple[LocalServer, ...]:
        """The servers that run on this machine now and have a model, found at once or not at all."""
        configs = [config for config in self._configs.values() if config.is_local and config.kind != "demo"]
        found = await asyncio.gather(*map(_look_for, configs))
        return tuple(server for server in found if server is not None)

    async def aclose(self) -> None:
        """Close every provider that was made; one that is still being made is not waited for."""
        made, self._made = list(self._made.values()), {}
        for task in made:
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None:
                await task.result().aclose()

    def _likely(self) -> list[str]:
        configured = [config.name for config in self._configs.values() if _is_configured(config)]
        return configured or list(self._configs)


def make_provider(config: ProviderConfig) -> Provider:
    """The provider itself. Slow: imports its adapter, may run the command for its key, reads certificates."""
    if config.kind == "demo":
        from tui_chat.providers.demo.provider import DemoProvider

        return DemoProvider()
    if config.kind == "anthropic":
        from tui_chat.providers.anthropic.provider import AnthropicProvider

        return AnthropicProvider(config)
    from tui_chat.providers.openai.provider import OpenAICompatibleProvider

    return OpenAICompatibleProvider(config)


def _is_configured(config: ProviderConfig) -> bool:
    return config.has_key or config.kind == "demo" or bool(config.base_url)


async def _look_for(config: ProviderConfig) -> LocalServer | None:
    try:
        provider = await asyncio.to_thread(make_provider, replace(config, timeout_s=_LOCAL_LIMIT_S))
    except ChatError:
        return None
    try:
        async with asyncio.timeout(_LOCAL_LIMIT_S):
            models = await provider.models()
    except (ChatError, TimeoutError):
        return None
    finally:
        await provider.aclose()
    return LocalServer(config.name, models) if models else None
