"""A gateway that listens on a real socket, with a demo model and a store of its own."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.service.conftest import a_dollar_a_token
from tui_chat.core.conversation import Conversation
from tui_chat.core.tool import Toolbox
from tui_chat.gateway.backend import Backend, GatewayOptions
from tui_chat.gateway.server import GatewayServer
from tui_chat.gateway.tokens import TokenStore
from tui_chat.providers.demo.provider import DemoProvider, Step
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.storage.store import Store

API = "/api/v1/conversations"


@dataclass
class Gateway:
    """A server that runs, and a client with its token."""

    backend: Backend
    server: GatewayServer
    provider: DemoProvider
    http: httpx2.AsyncClient
    token: str
    folder: Path
    stack: AsyncExitStack = field(repr=False)

    @property
    def url(self) -> str:
        return self.server.addresses.url

    @property
    def store(self) -> Store:
        return self.backend.store

    def client(self, token: str) -> httpx2.AsyncClient:
        """Return a client with another token."""
        return httpx2.AsyncClient(base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=20)

    def add_token(self, name: str, *, own: bool = True) -> str:
        return self.backend.tokens.add(name, datetime.now(UTC), sees_all=not own)

    async def start(self, text: str = "hi", **fields: object) -> dict[str, str]:
        """Start a conversation and return its id and those of the prompt and the reply."""
        answer = await self.http.post(API, json={"text": text, **fields})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def started_and_ended(self, text: str = "hi", **fields: object) -> tuple[dict[str, str], Conversation]:
        """Start a conversation, wait for its reply, and return the stored conversation."""
        ids = await self.start(text, **fields)
        return ids, await self.ended(ids["conversation"])

    async def ended(self, conversation_id: str) -> Conversation:
        """Wait for the reply in flight and return the stored conversation."""
        if (reply := self.backend.service.reply_in(conversation_id)) is not None:
            await reply.wait()
        return await self.store.conversation(conversation_id)

    async def arrived(self, conversation_id: str, text: str) -> None:
        """Wait until that much of the reply in flight has arrived."""
        reply = self.backend.service.reply_in(conversation_id)
        assert reply is not None
        async for _ in reply:
            if reply.turn.text.startswith(text):
                return
        raise AssertionError(f"the reply ended before {text!r}: {reply.turn}")

    async def conversations(self) -> list[Conversation]:
        """Return everything that is stored."""
        return [await self.store.conversation(summary.id) for summary in await self.store.summaries()]


MakeGateway = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def make_gateway(tmp_path: Path) -> AsyncIterator[MakeGateway]:
    """Start a gateway whose model plays these scripts, one per request; without any, the demo's own scenes."""
    async with AsyncExitStack() as stack:

        async def make(
            *scripts: Sequence[Step],
            options: GatewayOptions | None = None,
            folder: Path | None = None,
            policy: Policy | None = None,
            toolbox: Toolbox | None = None,
        ) -> Gateway:
            provider = DemoProvider.playing(*scripts) if scripts else DemoProvider(pace=0)

            async def provider_for(model: str) -> DemoProvider:
                return provider

            quick = policy or Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02)
            dependencies = Dependencies(provider_for, a_dollar_a_token, quick, toolbox=toolbox)
            place = folder or tmp_path
            store = await Store.open(place / "conversations.db")
            stack.push_async_callback(store.aclose)
            service = ChatService(store, dependencies)
            stack.push_async_callback(service.aclose)

            async def unsaved() -> ChatService:
                return ChatService(await Store.open(":memory:"), dependencies)

            tokens = TokenStore(place, {})
            backend = Backend(
                service,
                store,
                ModelCatalog(store, lambda: ["demo"], lambda name: provider.models()),
                tokens,
                options or GatewayOptions(port=0),
                "demo/tour",
                "",
                frozenset({"demo"}),
                unsaved,
                "1.0",
            )
            server = GatewayServer(backend, place)
            token, _ = tokens.own_token()
            addresses = await server.start()
            stack.push_async_callback(server.stop)
            headers = {"authorization": f"Bearer {token}"}
            http = httpx2.AsyncClient(base_url=addresses.url, headers=headers, timeout=20)
            await stack.enter_async_context(http)
            return Gateway(backend, server, provider, http, token, place, stack)

        yield make


@dataclass
class Event:
    """A server-sent event."""

    name: str
    data: Any
    event_id: str


async def events_of(response: httpx2.Response) -> AsyncIterator[Event]:
    """Yield the events of a stream; comments are left out."""
    name, event_id, data = "", "", list[str]()
    async for line in response.aiter_lines():
        kind, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if kind == "event":
            name = value
        elif kind == "id":
            event_id = value
        elif kind == "data":
            data.append(value)
        elif not line and data:
            text = "\n".join(data)
            yield Event(name, json.loads(text) if text.startswith(("{", "[{")) else text, event_id)
            name, data = "", []


async def until(response: httpx2.Response, *names: str) -> list[Event]:
    """Return the events up to the first with one of these names."""
    found = []
    async for event in events_of(response):
        found.append(event)
        if event.name in names:
            return found
    raise AssertionError(f"the stream ended before {names}: {[event.name for event in found]}")
