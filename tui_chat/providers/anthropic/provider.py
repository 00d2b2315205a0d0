"""The provider for Claude: uses the connection and the error classes of Anthropic's SDK.

The only file that imports the SDK. It is slow to import and to construct, so both belong in a thread.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RequestRefused,
    SettingsError,
    StreamCut,
)
from tui_chat.core.event import ProviderEvent, ReplyOpened, SignOfLife
from tui_chat.core.masking import Masker
from tui_chat.core.provider import Model, Request
from tui_chat.providers.anthropic.errors import (
    Refusal,
    connection_error,
    error_from_refusal,
    page_message,
    request_id_of,
    stream_cut_error,
)
from tui_chat.providers.anthropic.models import LIMITS, is_legacy, models_in
from tui_chat.providers.anthropic.request import (
    CURRENT_VERSION,
    Capabilities,
    count_params,
    message_params,
    partial_reply,
    trailing_space,
)
from tui_chat.providers.anthropic.stream import MessageReader, event_batches
from tui_chat.providers.bounded_body import drain, error_body, parse_json, whole_body
from tui_chat.providers.config import ProviderConfig, is_loopback
from tui_chat.providers.error_details import causes, scrub
from tui_chat.providers.provider_secrets import carries_secrets, masker_of
from tui_chat.providers.values import mapping_of, text_of

_DEFAULT_URL = "https://api.anthropic.com"
_KEY_HEADERS = {"": "authorization", "bearer": "authorization", "x-api-key": "x-api-key", "api-key": "api-key"}
_MIN_KEY_LENGTH = 8
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_CONNECT_TIMEOUT_S, _WRITE_TIMEOUT_S, _POOL_TIMEOUT_S = 10.0, 60.0, 10.0
_SDK_ERRORS = (
    anthropic.AnthropicError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ValueError,
    RecursionError,
    OSError,
)
_SIGN_OF_LIFE = (SignOfLife(),)
_NOT_FOUND = (404, 405, 501)
_BODY_HEADERS = ("content-encoding", "content-length", "content-type", "transfer-encoding")
_MODELS_PER_PAGE = 1000
_MAX_PAGES = 20


@dataclass(frozen=True, slots=True)
class Access:
    """What a client needs: the address, the headers with the key, and what masks secrets."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """All headers that this program sets, including the one with the key."""
    masker: Masker = field(repr=False)
    """Removes the secrets of this provider from any text."""
    version: str = CURRENT_VERSION


def access_of(config: ProviderConfig) -> Access:
    """Find the key, which may be slow. Raises `KeyRejected` where there is none, else `SettingsError`."""
    base_url = _base_url(config)
    headers = {"anthropic-version": config.api_version or CURRENT_VERSION}
    key = config.find_key() if config.auth != "none" else None
    if key is not None:
        name = _KEY_HEADERS.get(config.auth, config.auth)
        headers[name] = f"Bearer {key.reveal()}" if name == "authorization" else key.reveal()
    extra_headers = config.find_headers()
    for name, value in extra_headers.items():
        headers[name.strip().lower()] = value.strip()
    has_key = key is not None or any(map(_may_be_the_key, extra_headers.items()))
    if not has_key and config.auth != "none" and not config.is_local:
        raise KeyRejected(f"no key: {config.key_source or 'ANTHROPIC_API_KEY'} is not set", detail="no_key")
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
            raise SettingsError(
                f"the header {name!r} of {config.name} holds what cannot be sent", detail="bad_header"
            )
    return Access(base_url, headers, masker_of(config, key, extra_headers), headers["anthropic-version"])


def _base_url(config: ProviderConfig) -> str:
    url = (config.base_url or _DEFAULT_URL).strip().rstrip("/").removesuffix("/messages").removesuffix("/v1")
    try:
        parts = urlsplit(url)
        host, scheme, _ = parts.hostname, parts.scheme, parts.port
    except ValueError:
        host = scheme = None
    if scheme not in ("http", "https") or not host:
        raise SettingsError(f"the address of {config.name} is no http address", detail="bad_url")
    if scheme == "http" and not config.allow_http and not is_loopback(host):
        sentence = f"the address of {config.name} is plain http, which would send the key unencrypted"
        raise SettingsError(sentence, detail="plain_http")
    return url


def _may_be_the_key(header: tuple[str, str]) -> bool:
    name, value = header
    return len(value) >= _MIN_KEY_LENGTH and carries_secrets(name)


class BoundedClient(anthropic.DefaultAsyncHttpxClient):
    """Limits the size of every response but a successful stream; the SDK itself sets no limit."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
        """Send the request. Responses other than a successful stream come with their body read and decoded."""
        response = await super().send(request, stream=True, **more)
        if stream and response.is_success:
            return response
        try:
            body = await (whole_body(response) if response.is_success else error_body(response))
        finally:
            await response.aclose()
        headers = {name: value for name, value in response.headers.items() if name not in _BODY_HEADERS}
        headers["content-type"] = response.headers.get("content-type", "").partition(";")[0]
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


class AnthropicProvider:
    """The Messages API, or a gateway that offers it."""

    def __init__(self, config: ProviderConfig, *, http_client: httpx2.AsyncClient | None = None) -> None:
        """Find the key and load certificates, both slow. Raises `KeyRejected` or `SettingsError`."""
        access = access_of(config)
        self._name = config.name
        self._masker = access.masker
        parts = urlsplit(access.base_url)
        self._host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
        self._version = access.version
        self._listed_models = config.models
        self._max_tokens: dict[str, int] = {}
        try:
            self._client = _client(access, config.timeout_s, http_client)
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
            scrub(error, self._masker)
            raise SettingsError(f"no connection can be set up: {error}", detail="connection") from error
        for name in ("anthropic", "httpx2"):
            # The SDK has an environment variable that switches on debug logging, which would log prompts.
            logging.getLogger(name).setLevel(logging.WARNING)

    @property
    def name(self) -> str:
        """The first half of its models' references."""
        return self._name

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        """Send the request and yield the events of the reply."""
        params = message_params(request, Capabilities(self._version, self._max_tokens))
        if not params["messages"]:
            raise RequestRefused("there is nothing to send", detail="bad_request")
        reader = MessageReader(trailing_space(partial_reply(request)), self._masker)
        response: httpx2.Response | None = None
        try:
            create: Any = self._client.messages.create
            response = (await create(**params, stream=True)).response
            assert response is not None
            yield ReplyOpened(request_id_of(response.headers, self._masker))
            async with aclosing(event_batches(response, self._masker)) as batches:
                async for batch in batches:
                    for event in batch:
                        for core_event in self._read(event, reader, response):
                            yield core_event
                        if reader.is_complete:
                            with suppress(*_SDK_ERRORS):
                                await drain(batches)
                            return
            raise StreamCut("the reply ended before it was whole", detail="dropped")
        except _SDK_ERRORS as error:
            raise self._error(error, response) from error
        except ProviderError as error:
            if response is not None:
                error.request_id = error.request_id or request_id_of(response.headers, self._masker)
            raise
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
        """Return whether the model continues a partial reply."""
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
            count: Any = self._client.messages.count_tokens
            counted: object = (await count(**params)).input_tokens
        except _SDK_ERRORS as sdk_error:
            error = self._error(sdk_error, None)
            if error.status in _NOT_FOUND:
                return None
            raise error from sdk_error
        return count_in_bounds(counted)

    async def models(self) -> tuple[Model, ...]:
        """Return the models of the provider, newest first, or those named in the settings."""
        if self._listed_models:
            return tuple(Model(f"{self._name}/{model}") for model in self._listed_models)
        try:
            pages = [page async for page in self._pages()]
        except _SDK_ERRORS as error:
            raise self._error(error, None) from error
        models = await asyncio.to_thread(models_in, pages, self._name, self._masker)
        for model in models:
            if model.max_output_tokens:
                self._max_tokens[model.ref.removeprefix(f"{self._name}/")] = model.max_output_tokens
        return models

    async def _pages(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the pages of the list of models. The SDK does not parse them: it is slow with malformed entries."""
        params: dict[str, object] = {"limit": _MODELS_PER_PAGE}
        for _ in range(_MAX_PAGES):
            response = await self._client.get("/v1/models", cast_to=httpx2.Response, options={"params": params})
            try:
                page = mapping_of(parse_json(response.content))
            except ValueError as error:
                raise ProtocolBroken("the answer is no list of models", detail="shape") from error
            yield page
            last = text_of(page.get("last_id"))
            if page.get("has_more") is not True or not last:
                return
            params = {"limit": _MODELS_PER_PAGE, "after_id": last}

    async def aclose(self) -> None:
        await self._client.close()

    def _error(self, error: BaseException, response: httpx2.Response | None) -> ProviderError:
        """Map any error to one of the core. `response` is the stream's, once it has started."""
        scrub(error, self._masker)
        if (known := next((cause for cause in causes(error) if isinstance(cause, ProviderError)), None)) is not None:
            return known
        match error:
            case anthropic.APIStatusError():
                return error_from_refusal(_refusal(error, self._masker), self._masker)
            case anthropic.APIConnectionError():
                return connection_error(error, self._masker, self._host)
            case anthropic.CredentialsError():
                return KeyRejected("the SDK found no credentials", detail="no_key")
            case anthropic.RetryableError():
                return Overloaded(str(error))
            case anthropic.AnthropicError():
                return ProtocolBroken(str(error) or type(error).__name__)
            case _ if response is not None:
                return stream_cut_error(error, request_id_of(response.headers, self._masker))
            case ValueError():
                return RequestRefused(str(error), detail="bad_request")
        return connection_error(error, self._masker, self._host)


def _client(access: Access, timeout_s: float, http_client: httpx2.AsyncClient | None) -> anthropic.AsyncAnthropic:
    timeout = httpx2.Timeout(connect=_CONNECT_TIMEOUT_S, read=timeout_s, write=_WRITE_TIMEOUT_S, pool=_POOL_TIMEOUT_S)
    # A redirect would send keys in extra headers to another host.
    http_client = http_client or BoundedClient(timeout=timeout, follow_redirects=False)
    headers: dict[str, Any] = {"authorization": anthropic.omit, **access.headers}
    return anthropic.AsyncAnthropic(
        api_key="in the headers",
        base_url=access.base_url,
        default_headers=headers,
        timeout=timeout,
        max_retries=0,
        open_telemetry=False,
        http_client=http_client,
    )


def _refusal(error: anthropic.APIStatusError, masker: Masker) -> Refusal:
    headers, status = error.response.headers, error.status_code
    message = error.api_message if isinstance(error.api_message, str) else ""
    if not message and 300 <= status < 400:
        message = f"the server redirects to {headers.get('location', 'another address')}"
    if not message and isinstance(error.body, str):
        message = page_message(error.body, masker)
    error_type, code = text_of(error.type), text_of(error.error_code)
    return Refusal(status, error_type, message, code, headers, in_stream=status < 300)
