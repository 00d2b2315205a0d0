"""A server that echoes every secret it is sent: no error, id, ending or list of models holds one, on either wire."""

import asyncio
import random
import string
from typing import Any

import pytest

from tests.providers.contract import collected, request
from tests.support.echoing_server import MODES, EchoServer, leaks, secrets_in
from tests.support.wire_server import Wire
from tui_chat.core.event import ReplyOpened, Stopped
from tui_chat.core.provider import Provider
from tui_chat.core.secret import Secret
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.provider_secrets import masker_of
from tui_chat.providers.registry import make_provider


def secret(length: int, name: str) -> str:
    """A secret of that length in no known form."""
    return "".join(random.Random(name + str(length)).choices(string.ascii_letters + string.digits, k=length))


def provider(server: Wire, kind: str, length: int, *, login: bool) -> tuple[Provider, list[str]]:
    """A provider that sends a secret of that length in every way there is."""
    key, token, team, password = (secret(length, name) for name in ("key", "token", "team", "password"))
    address = server.url.replace("//", f"//user:{password}@") if login else server.url
    config = ProviderConfig(
        "p",
        kind,
        address,
        find_key=lambda: None if login else Secret(key),
        find_headers=lambda: {"X-Gateway-Token": token, "X-Team": f"a-{team}", "Cookie": f"session={token}; a=b"},
        find_secrets=lambda: (team,),
        auth="none" if login else "",
    )
    return make_provider(config), [password, token, team] if login else [key, token, team]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("login", [False, True], ids=["key", "login"])
@pytest.mark.parametrize("length", [4, 8, 30, 100])
async def test_a_server_that_echoes_secrets_gets_none_shown_or_stored(length: int, login: bool, kind: str) -> None:
    async with EchoServer() as server:
        adapter, secrets = await asyncio.to_thread(provider, server, kind, length, login=login)
        for mode in MODES:
            events, error = await collected(adapter, request(mode, model="m"))
            held: list[Any] = [event for event in events if isinstance(event, ReplyOpened | Stopped)]
            if mode == "tool-error":
                held += events
            if error is not None:
                chain = [error, error.__cause__, error.__context__]
                held += [error.fault, str(error), *(fault.args for fault in chain if fault)]
            assert not leaks(repr(held).encode(), secrets), (mode, held)
        models = await adapter.models()
        assert "p/some-model" in {model.ref for model in models} and len(models) > 1
        assert not leaks(repr(models).encode(), secrets)
        await adapter.aclose()
        echoed = " ".join(secrets_in(server.requests[0]))
    assert all(one in echoed for one in secrets), "the server did get them all"


def test_secrets_of_an_address_of_headers_and_of_proxies_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://who:proxy-password@proxy.example")
    config = ProviderConfig("p", "openai", "https://me:a%2Fsecret-pass@llm.example/v1?api_key=in-the-query&x=1")
    headers = {"Authorization": "Basic Zm9vOmJhcmJheg==", "X-Title": "a plain title"}
    masker = masker_of(config, None, headers)
    for hidden in ("proxy-password", "a%2Fsecret-pass", "a/secret-pass", "in-the-query", "Zm9vOmJhcmJheg=="):
        assert masker.mask(f"so {hidden} it is") == "so … it is"
    assert masker.mask("a plain title, me and who at llm.example") == "a plain title, me and who at llm.example"
