"""The provider for the OpenAI wire, chat completions and Responses: OpenAI, servers like it, and local servers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import httpx2

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.error import Overloaded, ProtocolBroken, RequestRefused
from tui_chat.core.event import ProviderEvent
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import Model, Request
from tui_chat.core.tool import SERVER_TOOLS, WEB_SEARCH
from tui_chat.providers.bounded_body import TooManyValues, parse_json, whole_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.address import RESPONSES_PATH, address_of, chat_path, dialect_of, uses_responses
from tui_chat.providers.openai.background import BackgroundReplies
from tui_chat.providers.openai.http import REQUEST_ERRORS, Server
from tui_chat.providers.openai.models import models_in, with_details, with_running
from tui_chat.providers.openai.reply_events import reply_events
from tui_chat.providers.openai.reply_reader import JsonReader
from tui_chat.providers.openai.request import Json, is_continuation, request_body
from tui_chat.providers.openai.responses_request import responses_body
from tui_chat.providers.openai.responses_stream import ResponsesReader
from tui_chat.providers.openai.stream import ChunkReader
from tui_chat.providers.provider_secrets import masked_models

_LIST_TIMEOUT_S = 15.0
_MAX_DETAILED = 64
"""Models whose details are requested one by one."""
_MAX_CONCURRENT = 8
_FAILED = 500


class OpenAICompatibleProvider:
    def __init__(self, config: ProviderConfig, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """Find the key, which may be slow: call this in a thread."""
        self._config = config
        self._dialect = dialect_of(config)
        self._address = address_of(config, self._dialect)
        self._server = Server(config, self._dialect, self._address, transport)
        self._background = BackgroundReplies(self._server)

    @property
    def name(self) -> str:
        return self._config.name

    def can_continue(self, model: str) -> bool:
        return self._dialect.continuation is not None and not uses_responses(self._config, self._dialect, model)

    def takes(self, model: str) -> AttachmentLimits:
        """Return what this server takes; its limits on sizes are its own."""
        takes_pdf = self._dialect.takes_files or uses_responses(self._config, self._dialect, model)
        return AttachmentLimits(takes_pdf=takes_pdf, request_bytes=self._dialect.max_request_bytes)

    async def count_tokens(self, request: Request) -> int | None:
        """Return `None`: this wire cannot count tokens."""
        return None

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        path, body, json_reader = self._prepare(request)
        is_open = False
        try:
            url = self._address.url(path, request.model)
            if "background" in body and isinstance(json_reader, ResponsesReader):
                events = self._background.events(url, body, json_reader)
            else:
                events = reply_events(self._server, url, body, json_reader)
            async with aclosing(events):
                async for event in events:
                    is_open = True
                    yield event
        except REQUEST_ERRORS as error:
            self._server.raise_error(self._failed_with_files(error, request), has_started=is_open)

    def _failed_with_files(self, error: Exception, request: Request) -> Exception:
        """Return the refusal for a local server that fails on files: again, it would fail again, or hang."""
        if not (isinstance(error, Overloaded) and error.status == _FAILED and self._address.is_loopback):
            return error
        if not any(isinstance(part, AttachmentPart) for turn in request.turns for part in turn.parts):
            return error
        return RequestRefused(
            error.message, detail="fails_with_files", status=error.status, request_id=error.request_id
        )

    def _prepare(self, request: Request) -> tuple[str, Json, JsonReader]:
        """Return the path and the body of a request, and what reads the reply."""
        self._check_server_tools(request)
        dialect, masker = self._dialect, self._server.masker
        if uses_responses(self._config, dialect, request.model):
            body = responses_body(request, dialect, self.name, in_background=self._config.background)
            return RESPONSES_PATH, body, ResponsesReader(masker)
        continuation = dialect.continuation if is_continuation(request) else None
        path = (continuation.chat_path if continuation else "") or chat_path(self._config, dialect)
        reader = ChunkReader(
            keeps_details=dialect.reasoning_field == "reasoning_details",
            thinking_in_total_only=dialect.thinking_in_total_only,
            masker=masker,
        )
        return path, request_body(request, dialect), reader

    def _check_server_tools(self, request: Request) -> None:
        """Raise for a tool that was chosen and that this API does not have."""
        has_search = uses_responses(self._config, self._dialect, request.model)
        for name in SERVER_TOOLS:
            if name in request.options.tools and not (name == WEB_SEARCH and has_search):
                sentence = f"{self.name} has no {name} here; /tools switches it off"
                raise RequestRefused(sentence, detail="no_server_tool")

    async def models(self) -> tuple[Model, ...]:
        """Return the models of the server, or those named in the settings."""
        if listed := self._config.models or self._dialect.listed_models:
            return tuple(Model(f"{self.name}/{model}") for model in listed)
        try:
            return await self._list_models()
        except REQUEST_ERRORS as error:
            self._server.raise_error(error, has_started=False)

    async def aclose(self) -> None:
        await self._background.aclose()
        await self._server.aclose()

    async def _list_models(self) -> tuple[Model, ...]:
        """Return the list, completed with the details of each model where the list lacks them."""
        models = await self._get_first_list()
        if self._dialect.model_details_path:
            slots = asyncio.Semaphore(_MAX_CONCURRENT)
            detailed = await asyncio.gather(*(self._add_details(model, slots) for model in models[:_MAX_DETAILED]))
            models = (*detailed, *models[_MAX_DETAILED:])
        if self._dialect.running_path:
            with suppress(*REQUEST_ERRORS):
                running = await self._get_json(self._dialect.running_path)
                models = with_running(models, running, self.name, self._dialect)
        return models

    async def _get_first_list(self) -> tuple[Model, ...]:
        *others, last = self._dialect.models_paths
        for path in others:
            try:
                return await self._read_models(await self._get_json(path))
            except (RequestRefused, ProtocolBroken):
                continue
        return await self._read_models(await self._get_json(last))

    async def _read_models(self, listing: Any) -> tuple[Model, ...]:
        """Read a list of models in a thread, since a long list would block the event loop."""
        try:
            models = await asyncio.to_thread(models_in, listing, self.name, self._dialect)
        except ValueError as error:
            raise ProtocolBroken("the answer is no list of models", detail="shape") from error
        return masked_models(models, self._server.masker)

    async def _add_details(self, model: Model, slots: asyncio.Semaphore) -> Model:
        """Return the model with its details, or unchanged where the request for them fails."""
        try:
            async with slots:
                details = await self._get_json(
                    self._dialect.model_details_path, {"model": model.ref.partition("/")[2]}
                )
        except REQUEST_ERRORS:
            return model
        return with_details(model, details)

    async def _get_json(self, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._server.request(self._address.url(path), body, timeout_s=_LIST_TIMEOUT_S) as response:
            raw = await whole_body(response)
        try:
            return parse_json(raw)
        except TooManyValues as error:
            raise ProtocolBroken(f"the answer holds {error}", detail="shape") from None
        except ValueError as error:
            raise ProtocolBroken("the answer is no JSON", detail="shape") from error
