"""Chat completions: OpenAI, everything that speaks its wire, and local servers. Knows the wire, not who listens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import httpx2

from tui_chat.core.error import ProtocolBroken, RequestRefused
from tui_chat.core.event import ProviderEvent, ReplyOpened
from tui_chat.core.provider import Model, Request
from tui_chat.providers.bounded_body import TooManyValues, parse_json, whole_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.masked_model import masked_models
from tui_chat.providers.openai.address import address_of, chat_path, dialect_of
from tui_chat.providers.openai.errors import REQUEST_ID_HEADERS
from tui_chat.providers.openai.http import TROUBLE, Server, drain, next_piece
from tui_chat.providers.openai.models import models_in, with_details, with_running
from tui_chat.providers.openai.request import body_of, is_continuation
from tui_chat.providers.openai.response import ReplyReader
from tui_chat.providers.retry_after import request_id_in

_LIST_LIMIT_S = 15.0
_MOST_DETAILED = 64
"""Models that are asked about one by one."""
_AT_ONCE = 8


class OpenAICompatibleProvider:
    """One server of that wire."""

    def __init__(self, config: ProviderConfig, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """Finds the key, which may be slow: make it in a thread."""
        self._config = config
        self._dialect = dialect_of(config)
        self._address = address_of(config, self._dialect)
        self._server = Server(config, self._dialect, self._address, transport)

    @property
    def name(self) -> str:
        """The first half of its models' references."""
        return self._config.name

    def can_continue(self, model: str) -> bool:
        """Whether this kind of server goes on writing a partial reply."""
        return self._dialect.continuation is not None

    async def count_tokens(self, request: Request) -> int | None:
        """This wire has no way to ask."""
        return None

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        """Ask, and hand over what arrives."""
        continuation = self._dialect.continuation if is_continuation(request) else None
        path = (continuation.chat_path if continuation else "") or chat_path(self._config, self._dialect)
        reader: ReplyReader | None = None
        try:
            async with self._server.answer(
                self._address.at(path, request.model), body_of(request, self._dialect)
            ) as answer:
                yield ReplyOpened(request_id_in(answer.headers, REQUEST_ID_HEADERS, self._server.masker))
                reader = ReplyReader(
                    answer.headers.get("content-type", ""),
                    keeps_details=bool(self._dialect.returns_reasoning),
                    masker=self._server.masker,
                )
                async with aclosing(answer.aiter_bytes()) as pieces:
                    while not reader.done and (raw := await next_piece(pieces, reader.finished)):
                        for event in reader.feed(raw):
                            yield event
                    for event in reader.end():
                        yield event
                    await drain(pieces)
        except TROUBLE as error:
            self._server.fail(error, begun=reader is not None)

    async def models(self) -> tuple[Model, ...]:
        """The models it offers now, or those its user named."""
        if self._config.models:
            return tuple(Model(f"{self.name}/{model}") for model in self._config.models)
        try:
            return await self._offered()
        except TROUBLE as error:
            self._server.fail(error, begun=False)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._server.aclose()

    async def _offered(self) -> tuple[Model, ...]:
        """The list, with what the server tells of each model and of itself."""
        models = await self._listed()
        if self._dialect.model_details:
            at_once = asyncio.Semaphore(_AT_ONCE)
            some = await asyncio.gather(*(self._detailed(model, at_once) for model in models[:_MOST_DETAILED]))
            models = (*some, *models[_MOST_DETAILED:])
        if self._dialect.running_path:
            with suppress(*TROUBLE):
                running = await self._get(self._dialect.running_path)
                models = with_running(models, running, self.name, self._config.kind)
        return models

    async def _listed(self) -> tuple[Model, ...]:
        """The list of the first place that has one."""
        *others, last = self._dialect.models_paths
        for path in others:
            try:
                return await self._read(await self._get(path))
            except (RequestRefused, ProtocolBroken):
                continue
        return await self._read(await self._get(last))

    async def _read(self, listing: Any) -> tuple[Model, ...]:
        """The models of a list; a long list is read in a thread, so that other work goes on."""
        try:
            models = await asyncio.to_thread(models_in, listing, self.name, self._config.kind)
        except ValueError as error:
            raise ProtocolBroken("the answer is no list of models", detail="shape") from error
        return masked_models(models, self._server.masker)

    async def _detailed(self, model: Model, at_once: asyncio.Semaphore) -> Model:
        """The model with what is told of it alone; without, where that fails."""
        try:
            async with at_once:
                told = await self._get(self._dialect.model_details, {"model": model.ref.partition("/")[2]})
        except TROUBLE:
            return model
        return with_details(model, told)

    async def _get(self, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._server.answer(self._address.at(path), body, limit_s=_LIST_LIMIT_S) as answer:
            raw = await whole_body(answer)
        try:
            return parse_json(raw)
        except TooManyValues as error:
            raise ProtocolBroken(f"the answer holds {error}", detail="shape") from None
        except ValueError as error:
            raise ProtocolBroken("the answer is no JSON", detail="shape") from error
