"""The backend of the gateway: the service, the models, the options, and the counters. Knows no request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from tui_chat.core.conversation import Conversation, Options, Origin
from tui_chat.core.error import NotFound
from tui_chat.core.provider import Model, split_ref
from tui_chat.gateway.metrics import Metrics
from tui_chat.gateway.problem import Problem, not_found
from tui_chat.gateway.repeated_requests import RepeatedRequests
from tui_chat.gateway.tickets import Tickets
from tui_chat.gateway.tokens import Client, TokenStore
from tui_chat.service.chat import ChatService
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.usage_report import usage_report
from tui_chat.storage.store import Store

SOURCE = "api"
"""The origin of conversations that clients of the gateway started."""
DEFAULT_MODEL = "default"
"""The name by which clients may call the model of the settings."""
MOST_REPLIES = 8
_BUDGET_CHECK_S = 5.0
_MOST_UPLOADS = 1000


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    host: str = "127.0.0.1"
    port: int = 7717
    socket: bool = True
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    save: Literal["all", "named", "none"] = "all"
    usd_per_day: float | None = None
    page: bool = True


@dataclass
class Backend:
    """Everything behind the routes."""

    service: ChatService
    store: Store
    catalog: ModelCatalog
    tokens: TokenStore
    options: GatewayOptions
    default_model: str
    system: str
    providers: frozenset[str]
    open_unsaved: Callable[[], Awaitable[ChatService]]
    """Makes a service that keeps nothing after this run of the program."""
    version: str
    tickets: Tickets = field(default_factory=Tickets)
    metrics: Metrics = field(default_factory=Metrics)
    uploads: dict[tuple[str, str], None] = field(default_factory=dict)
    """The names of clients and the hashes of files that they uploaded, oldest first."""
    repeated: RepeatedRequests = field(default_factory=RepeatedRequests)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server stops."""
    _unsaved: ChatService | None = None
    _spent: tuple[float, Decimal] = (-_BUDGET_CHECK_S, Decimal(0))

    async def unsaved_service(self) -> ChatService:
        if self._unsaved is None:
            self._unsaved = await self.open_unsaved()
        return self._unsaved

    def services(self) -> tuple[ChatService, ...]:
        return (self.service,) if self._unsaved is None else (self.service, self._unsaved)

    async def aclose(self) -> None:
        """Close what only the gateway uses."""
        if self._unsaved is not None:
            await self._unsaved.aclose()
            await self._unsaved.save_queue.store.aclose()

    # Files

    def note_upload(self, client: Client, sha256: str) -> None:
        self.uploads[client.name, sha256] = None
        while len(self.uploads) > _MOST_UPLOADS:
            del self.uploads[next(iter(self.uploads))]

    def may_attach(self, client: Client, sha256: str) -> bool:
        """Return whether the client may use stored bytes: to know their hash is not to know them."""
        return client.sees_all or (client.name, sha256) in self.uploads

    # Conversations

    async def conversation(self, client: Client, conversation_id: str) -> Conversation:
        """Return a conversation that the client may see; for all others the answer is the same."""
        await self.check_access(client, conversation_id)
        try:
            return await self.service.open(conversation_id)
        except NotFound:
            raise not_found() from None

    async def check_access(self, client: Client, conversation_id: str) -> None:
        """Raise unless the client may see that conversation."""
        if not client.sees_all and conversation_id not in await self.own_ids(client):
            raise not_found()

    async def own_ids(self, client: Client) -> frozenset[str]:
        return frozenset(await self.store.with_origin(SOURCE, f"{client.name}/"))

    async def by_key(self, client: Client, key: str, *, limit: int = 1) -> list[str]:
        """Return the client's conversations with a key of its own, last used first."""
        return await self.store.with_origin(SOURCE, f"{client.name}/{key}", limit=limit)

    async def named_conversation(self, client: Client, name: str) -> Conversation:
        """Return the conversation with that id, or that the client calls so."""
        for conversation_id in await self.by_key(client, f"id:{name}"):
            return await self.conversation(client, conversation_id)
        return await self.conversation(client, name)

    def new_conversation(
        self, client: Client, model: str, *, system: str | None = None, options: Options | None = None, key: str = ""
    ) -> Conversation:
        """Return a new conversation of the client; `key` is its own name for it."""
        made = self.service.new_conversation(model, system=self.system if system is None else system, options=options)
        return replace(made, origin=Origin(source=SOURCE, foreign_id=f"{client.name}/{key or made.id}"))

    # Models and limits

    async def models(self) -> tuple[Model, ...]:
        """Return the models that clients may use, without a request to a provider."""
        known = {model.ref: model for model in (await self.catalog.last_seen()).models}
        if self.options.models:
            return tuple(known.get(ref, Model(ref)) for ref in self.options.models)
        known.setdefault(self.default_model, Model(self.default_model))
        return tuple(known.values())

    async def model_ref(self, name: str) -> str:
        """Return the model that a client means: by reference, by its bare name, or the default one."""
        if name in ("", DEFAULT_MODEL):
            return self._allowed(self.default_model)
        provider, _ = split_ref(name)
        if provider in self.providers:
            return self._allowed(name)
        for model in await self.models():
            if split_ref(model.ref)[1] == name:
                return self._allowed(model.ref)
        raise Problem(
            404, "model_not_found", f"There is no model {name}.", "GET /v1/models lists them.", field_name="model"
        )

    def _allowed(self, ref: str) -> str:
        if self.options.models and ref not in self.options.models:
            raise Problem(
                404,
                "model_not_found",
                f"The model {ref} may not be used here.",
                "GET /v1/models lists those that may.",
                field_name="model",
            )
        return ref

    async def check_limits(self) -> None:
        """Raise if too many replies are in flight, or if the day's dollars are spent."""
        if sum(len(service.replies) for service in self.services()) >= MOST_REPLIES:
            raise Problem(
                429,
                "too_many_replies",
                f"{MOST_REPLIES} replies are streaming already.",
                "Wait for one to end.",
                headers={"retry-after": "2"},
            )
        limit = self.options.usd_per_day
        if limit is not None and await self._spent_today() >= Decimal(str(limit)):
            raise Problem(
                429,
                "budget",
                f"The limit of ${limit:g} a day is reached.",
                "Raise serve.usd_per_day, or wait until tomorrow.",
                headers={"x-should-retry": "false"},
            )

    async def _spent_today(self) -> Decimal:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._spent[0] >= _BUDGET_CHECK_S:
            midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            report = await usage_report(self.store, midnight.astimezone(UTC))
            self._spent = now_s, report.total.cost.total_usd
        return self._spent[1]
