"""The provider for Claude: requests to the Messages API, or to a gateway that offers it, over plain HTTP.

Without Anthropic's SDK: importing it takes more than a second of processor time and more than 40 MB of memory, and a
chat needs three requests only.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

import httpx2

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.error import ProtocolBroken, ProviderError, RequestRefused, StreamCut
from tui_chat.core.event import ProviderEvent, ReplyOpened, SignOfLife
from tui_chat.core.provider import Model, Request
from tui_chat.providers.anthropic.access import access_of
from tui_chat.providers.anthropic.errors import (
    Refusal,
    connection_error,
    error_from_refusal,
    error_from_response,
    request_id_of,
    stream_cut_error,
)
from tui_chat.providers.anthropic.models import LIMITS, is_legacy, models_in
from tui_chat.providers.anthropic.request import (
    Capabilities,
    count_params,
    message_params,
    partial_reply,
    trailing_space,
)
from tui_chat.providers.anthropic.stream import MessageReader, event_batches
from tui_chat.providers.bounded_body import drain, error_body, parse_json, whole_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.error_details import scrub
from tui_chat.providers.http_client import make_client
from tui_chat.providers.values import mapping_of, text_of

_CONNECT_TIMEOUT_S, _WRITE_TIMEOUT_S, _POOL_TIMEOUT_S = 10.0, 60.0, 10.0
_REQUEST_ERRORS = (
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ProviderError,
    ValueError,
    RecursionError,
    OSError,
)
_SIGN_OF_LIFE = (SignOfLife(),)
_MESSAGES, _COUNT, _MODELS = "/v1/messages", "/v1/messages/count_tokens", "/v1/models"
_NOT_FOUND = (404, 405, 501)
_MODELS_PER_PAGE = 1000
_MAX_PAGES = 20


class AnthropicProvider:
    def __init__(self, config: ProviderConfig, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """Find the key and load certificates, both slow. Raises `KeyRejected` or `SettingsError`."""
        access = access_of(config)
        self._name = config.name
        self._access = access
        self._masker = access.masker
        self._listed_models = config.models
        self._max_tokens: dict[str, int] = {}
        timeout = httpx2.Timeout(
            connect=_CONNECT_TIMEOUT_S, read=config.timeout_s, write=_WRITE_TIMEOUT_S, pool=_POOL_TIMEOUT_S
        )
        # Redirects are not followed: they would send keys in extra headers to another host.
        self._client = make_client(access.parts, access.headers, timeout, transport=transport)

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        params = message_params(request, Capabilities(self._access.version, self._max_tokens))
        if not params["messages"]:
            raise RequestRefused("there is nothing to send", detail="bad_request")
        reader = MessageReader(trailing_space(partial_reply(request)), self._masker)
        response: httpx2.Response | None = None
        try:
            response = await self._send("POST", _MESSAGES, body={**params, "stream": True})
            yield ReplyOpened(request_id_of(response.headers, self._masker))
            async with aclosing(event_batches(response, self._masker)) as batches:
                async for batch in batches:
                    for event in batch:
                        for core_event in self._read(event, reader, response):
                            yield core_event
                        if reader.is_complete:
                            with suppress(*_REQUEST_ERRORS):
                                await drain(batches)
                            return
            raise StreamCut("the reply ended before it was whole", detail="dropped")
        except ProviderError as error:
            if response is not None:
                error.request_id = error.request_id or request_id_of(response.headers, self._masker)
            raise
        except _REQUEST_ERRORS as error:
            raise self._error(error, response) from error
        finally:
            if response is not None:
                await response.aclose()

    def _read(
        self, event: dict[str, Any] | None, reader: MessageReader, response: httpx2.Response
    ) -> Sequence[ProviderEvent]:
        if event is None:
            return _SIGN_OF_LIFE
        if event.get("type") == "error":
            error_json = mapping_of(event.get("error"))
            message = text_of(error_json.get("message")) or "the server reported an error in the middle of the reply"
            refusal = Refusal(response.status_code, text_of(error_json.get("type")), message, in_stream=True)
            raise error_from_refusal(refusal, self._masker)
        return reader.read(event) or _SIGN_OF_LIFE

    def can_continue(self, model: str) -> bool:
        return is_legacy(model)

    def takes(self, model: str) -> AttachmentLimits:
        """Return the limits of the Messages API."""
        return LIMITS

    async def count_tokens(self, request: Request) -> int | None:
        """Return the input tokens as the provider counts them; `None` where a gateway cannot."""
        params = count_params(request)
        if not params["messages"]:
            return None
        try:
            counted = await self._get_json("POST", _COUNT, body=params)
        except _REQUEST_ERRORS as caught:
            error = self._error(caught, None)
            if error.status in _NOT_FOUND:
                return None
            raise error from caught
        return count_in_bounds(counted.get("input_tokens"))

    async def models(self) -> tuple[Model, ...]:
        """Return the models of the provider, newest first, or those named in the settings."""
        if self._listed_models:
            return tuple(Model(f"{self._name}/{model}") for model in self._listed_models)
        try:
            pages = [page async for page in self._pages()]
        except _REQUEST_ERRORS as error:
            raise self._error(error, None) from error
        models = await asyncio.to_thread(models_in, pages, self._name, self._masker)
        for model in models:
            if model.max_output_tokens:
                self._max_tokens[model.ref.removeprefix(f"{self._name}/")] = model.max_output_tokens
        return models

    async def _pages(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the pages of the list of models."""
        query = {"limit": str(_MODELS_PER_PAGE)}
        for _ in range(_MAX_PAGES):
            yield (page := await self._get_json("GET", _MODELS, query=query))
            last = text_of(page.get("last_id"))
            if page.get("has_more") is not True or not last:
                return
            query["after_id"] = last

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _get_json(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the answer, which is a JSON object."""
        response = await self._send(method, path, body=body, query=query)
        try:
            return mapping_of(parse_json(await whole_body(response)))
        except ValueError as error:
            raise ProtocolBroken("the answer is no JSON", detail="shape") from error
        finally:
            await response.aclose()

    async def _send(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Return a successful response whose body is not read yet."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") if body is not None else None
        headers = {"accept": "application/json", **({"content-type": "application/json"} if body is not None else {})}
        url = f"{self._access.base_url}{path}"
        request = self._client.build_request(method, url, content=content, params=query, headers=headers)
        response = await self._client.send(request, stream=True)
        if response.is_success:
            return response
        async with aclosing(response):
            raw_error = await error_body(response)
        raise error_from_response(response, raw_error, self._masker)

    def _error(self, error: Exception, response: httpx2.Response | None) -> ProviderError:
        """Map any error to one of the core. `response` is the stream's, once it has started."""
        scrub(error, self._masker)
        if isinstance(error, ProviderError):
            return error
        if response is not None:
            return stream_cut_error(error, request_id_of(response.headers, self._masker))
        if isinstance(error, ValueError):
            return RequestRefused(str(error), detail="bad_request")
        return connection_error(error, self._masker, self._access.host_and_port)
