"""Providers by name: made late, made once, and a clear error when there is none."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.wire_server import Answer, Wire
from tui_chat.core.error import KeyRejected, RequestRefused, SettingsError, Unreachable
from tui_chat.core.provider import Model
from tui_chat.core.secret import Secret
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.providers.openai.provider import OpenAICompatibleProvider
from tui_chat.providers.registry import ProviderRegistry

LIST = {"/v1/models": Answer.json({"data": [{"id": "a"}, {"id": "b"}]})}


def registry(*configs: ProviderConfig) -> ProviderRegistry:
    return ProviderRegistry([ProviderConfig("demo", "demo", is_local=True), *configs])


def config(name: str, kind: str = "openai", base_url: str = "", **more: Any) -> ProviderConfig:
    return ProviderConfig(name, kind, base_url, **more)


async def test_a_model_is_found_at_its_provider_whatever_slashes_it_has() -> None:
    providers = registry(config("openrouter", "openrouter"))
    assert isinstance(await providers.get("demo/tour"), DemoProvider)
    found = await providers.get("openrouter/vendor/model:free")
    assert isinstance(found, OpenAICompatibleProvider)
    assert found.name == "openrouter"
    await providers.aclose()


async def test_a_provider_is_made_once_and_not_on_the_loop() -> None:
    threads: list[int] = []

    def find_key() -> Secret | None:
        threads.append(threading.get_ident())
        return None

    providers = registry(config("work", base_url="http://127.0.0.1:1", find_key=find_key))
    made = await asyncio.gather(*(providers.get("work/m") for _ in range(5)))
    assert len({id(provider) for provider in made}) == 1
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
    await providers.aclose()


async def test_an_unknown_provider_names_the_nearest() -> None:
    with pytest.raises(RequestRefused) as raised:
        await registry(config("openrouter", "openrouter")).get("openruoter/x")
    assert raised.value.message == "no provider is called 'openruoter'; did you mean openrouter?"
    assert raised.value.detail == "no_such_provider"


@pytest.mark.parametrize("ref", ["gpt", "", "demo/", "/x"])
async def test_a_model_without_its_provider_reports_how_it_is_written(ref: str) -> None:
    with pytest.raises(RequestRefused, match=r"provider/model.*demo"):
        await registry().get(ref)


async def test_a_provider_that_cannot_be_made_reports_why_and_is_tried_again() -> None:
    keys: list[SettingsError | Secret] = [SettingsError("locked"), Secret("k")]

    def find_key() -> Secret:
        key = keys.pop(0)
        if isinstance(key, SettingsError):
            raise key
        return key

    providers = registry(config("work", base_url="http://127.0.0.1:1", find_key=find_key))
    with pytest.raises(SettingsError, match="locked"):
        await providers.get("work/m")
    assert (await providers.get("work/m")).name == "work"
    await providers.aclose()


async def test_a_reader_that_gives_up_does_not_spoil_it_for_the_others() -> None:
    gate = threading.Event()

    def find_key() -> None:
        gate.wait(10)

    providers = registry(config("work", base_url="http://127.0.0.1:1", find_key=find_key))
    impatient = asyncio.create_task(providers.get("work/m"))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    assert (await providers.get("work/m")).name == "work"
    assert (await asyncio.gather(impatient, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    await providers.aclose()


def test_it_is_known_what_is_set_up_without_asking_anybody() -> None:
    providers = registry(
        config("openai", has_key=True, key_source="OPENAI_API_KEY"),
        config("groq", "groq", key_source="GROQ_API_KEY"),
        config("ollama", "ollama", is_local=True),
        config("work", base_url="https://llm.example.com"),
    )
    assert [(status.name, status.is_configured) for status in providers.statuses()] == [
        ("demo", True),
        ("openai", True),
        ("groq", False),
        ("ollama", False),
        ("work", True),
    ]
    assert providers.statuses()[1].key_source == "OPENAI_API_KEY"


async def test_a_check_counts_the_models_and_the_time() -> None:
    async with Wire(routes=LIST) as wire:
        providers = registry(config("work", base_url=wire.url))
        found = await providers.check("work")
        await providers.aclose()
    assert (found.models, found.error) == (2, None)
    assert 0 <= found.latency_ms < 10_000


async def test_a_check_reports_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Wire() as wire:
        gone = wire.url
    providers = registry(config("gone", base_url=gone), config("groq", "groq", key_source="GROQ_API_KEY"))
    assert isinstance((await providers.check("gone")).error, Unreachable)
    assert isinstance((await providers.check("groq")).error, KeyRejected)
    assert isinstance((await providers.check("unknown")).error, RequestRefused)
    await providers.aclose()


async def test_a_check_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_chat.providers.registry._CHECK_TIMEOUT_S", 0.1)
    async with Wire(Answer.json({}), routes={"/v1/models": Answer((), wait_s=30)}) as wire:
        providers = registry(config("slow", base_url=wire.url))
        error = (await providers.check("slow")).error
        await providers.aclose()
    assert isinstance(error, Unreachable)
    assert error.detail == "timeout"


async def test_servers_on_this_machine_are_found_and_silence_is_not_waited_for() -> None:
    async with Wire() as closed:
        gone = closed.url
    async with Wire(routes=LIST) as here, Wire(Answer((), wait_s=30)) as silent:
        providers = registry(
            config("vllm", "vllm", here.url, is_local=True),
            config("llamacpp", "llamacpp", silent.url, is_local=True),
            config("lmstudio", "lmstudio", gone, is_local=True),
            config("work", base_url=here.url),
        )
        found = await providers.find_local()
    assert [(server.name, server.models) for server in found] == [("vllm", (Model("vllm/a"), Model("vllm/b")))]


def test_the_registry_alone_loads_no_adapter() -> None:
    code = (
        "import sys; from tui_chat.providers.registry import ProviderRegistry; "
        "print([name for name in ('httpx2', 'anthropic', 'pydantic') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, env=dict(os.environ), check=True
    )
    assert done.stdout.strip() == "[]"
