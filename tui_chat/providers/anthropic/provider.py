"""Claude's models over the vendor's SDK: of it the connection, the errors and the list of models are used.

The only file that imports it. Slow to import and to construct, so both belong in a thread.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import anthropic
import httpx2

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
from tui_chat.providers.anthropic.access import Access, access_of
from tui_chat.providers.anthropic.errors import (
    Refusal,
    cut,
    page_message,
    refused,
    request_id_of,
    unreachable,
)
from tui_chat.providers.anthropic.models import is_old
from tui_chat.providers.anthropic.request import Dialect, blank_end, continued, counted_params, message_params
from tui_chat.providers.anthropic.response import batches_of, drain
from tui_chat.providers.anthropic.stream import MessageReader
from tui_chat.providers.anthropic.values import list_of, mapping_of, text_of
from tui_chat.providers.bounded_body import error_body, parse_json, whole_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.masked_model import masked_models
from tui_chat.providers.retry_after import causes, scrub

_CONNECT_S, _WRITE_S, _POOL_S = 10.0, 60.0, 10.0
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_FAULTS = (
    anthropic.AnthropicError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ValueError,
    RecursionError,
    OSError,
)
_SIGN_OF_LIFE = (SignOfLife(),)
_NO_SUCH_PAGE = (404, 405, 501)
_OF_THE_BODY = ("content-encoding", "content-length", "content-type", "transfer-encoding")
_MODELS_A_PAGE = 1000
_MOST_PAGES = 20


class BoundedClient(anthropic.DefaultAsyncHttpxClient):
    """Reads of every answer but a stream only as much as there may be; the SDK itself would read without end."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
        """Send the request; hand over a whole answer with its body read, and no encoding left to undo."""
        answer = await super().send(request, stream=True, **more)
        if stream and answer.is_success:
            return answer
        try:
            body = await (whole_body(answer) if answer.is_success else error_body(answer))
        finally:
            await answer.aclose()
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_BODY}
        headers["content-type"] = answer.headers.get("content-type", "").partition(";")[0]
        return httpx2.Response(answer.status_code, headers=headers, content=body, request=request)


class AnthropicProvider:
    """The API, or a gateway that speaks like it."""

    def __init__(self, config: ProviderConfig, *, http_client: httpx2.AsyncClient | None = None) -> None:
        """Finds the key and loads certificates, both of which take long. Raises what is wrong with the settings."""
        access = access_of(config)
        self._name = config.name
        self._masker = access.masker
        self._version = access.version
        self._named = config.models
        self._max_tokens: dict[str, int] = {}
        try:
            self._client = _client(access, config.timeout_s, http_client)
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as fault:
            scrub(fault, self._masker)
            raise SettingsError(f"no connection can be set up: {fault}", detail="connection") from fault
        for name in ("anthropic", "httpx2"):
            # At its debug level the SDK writes prompts to the log, when a variable of its own asks for it.
            logging.getLogger(name).setLevel(logging.WARNING)

    @property
    def name(self) -> str:
        """The first half of its models' references."""
        return self._name

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        """Ask, and hand over what arrives."""
        params = message_params(request, Dialect(self._version, self._max_tokens))
        if not params["messages"]:
            raise RequestRefused("there is nothing to send", detail="bad_request")
        reader = MessageReader(blank_end(continued(request)), self._masker)
        response: httpx2.Response | None = None
        try:
            create: Any = self._client.messages.create
            response = (await create(**params, stream=True)).response
            assert response is not None
            yield ReplyOpened(request_id_of(response.headers, self._masker))
            async with aclosing(batches_of(response, self._masker)) as batches:
                async for batch in batches:
                    for event in batch:
                        for news in self._read(event, reader, response):
                            yield news
                        if reader.ended:
                            with suppress(*_FAULTS):
                                await drain(batches)
                            return
            raise StreamCut("the reply ended before it was whole", detail="dropped")
        except _FAULTS as fault:
            raise self._error(fault, response) from fault
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
            said = mapping_of(event.get("error"))
            message = text_of(said.get("message")) or "the server reported an error in the middle of the reply"
            refusal = Refusal(response.status_code, text_of(said.get("type")), message, in_stream=True)
            raise refused(refusal, self._masker)
        return reader.read(event) or _SIGN_OF_LIFE

    def can_continue(self, model: str) -> bool:
        """Only the old ones take a reply to go on with."""
        return is_old(model)

    async def count_tokens(self, request: Request) -> int | None:
        """As the provider counts them; `None` where a gateway does not count."""
        params = counted_params(request)
        if not params["messages"]:
            return None
        try:
            count: Any = self._client.messages.count_tokens
            counted: object = (await count(**params)).input_tokens
        except _FAULTS as fault:
            error = self._error(fault, None)
            if error.status in _NO_SUCH_PAGE:
                return None
            raise error from fault
        return count_in_bounds(counted)

    async def models(self) -> tuple[Model, ...]:
        """The models it offers now, newest first; those named in the settings where there are such."""
        if self._named:
            return tuple(Model(f"{self._name}/{model}") for model in self._named)
        try:
            pages = [page async for page in self._pages()]
        except _FAULTS as fault:
            raise self._error(fault, None) from fault
        models = await asyncio.to_thread(_models_in, pages, self._name, self._masker)
        for model in models:
            if model.max_output_tokens:
                self._max_tokens[model.ref.removeprefix(f"{self._name}/")] = model.max_output_tokens
        return models

    async def _pages(self) -> AsyncGenerator[dict[str, Any], None]:
        """The list of models page by page, not read by the SDK, which takes long over what is no model."""
        params: dict[str, object] = {"limit": _MODELS_A_PAGE}
        for _ in range(_MOST_PAGES):
            answer = await self._client.get("/v1/models", cast_to=httpx2.Response, options={"params": params})
            try:
                page = mapping_of(parse_json(answer.content))
            except ValueError as fault:
                raise ProtocolBroken("the answer is no list of models", detail="shape") from fault
            yield page
            last = text_of(page.get("last_id"))
            if page.get("has_more") is not True or not last:
                return
            params = {"limit": _MODELS_A_PAGE, "after_id": last}

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _error(self, fault: BaseException, response: httpx2.Response | None) -> ProviderError:
        """The one mapping of faults to core errors. `response` is the stream's, once it has begun."""
        scrub(fault, self._masker)
        if (known := next((cause for cause in causes(fault) if isinstance(cause, ProviderError)), None)) is not None:
            return known
        match fault:
            case anthropic.APIStatusError():
                return refused(_refusal(fault, self._masker), self._masker)
            case anthropic.APIConnectionError():
                return unreachable(fault, self._masker)
            case anthropic.CredentialsError():
                return KeyRejected("the SDK found no credentials", detail="no_key")
            case anthropic.RetryableError():
                return Overloaded(str(fault))
            case anthropic.AnthropicError():
                return ProtocolBroken(str(fault) or type(fault).__name__)
            case _ if response is not None:
                return cut(fault, request_id_of(response.headers, self._masker))
            case ValueError():
                return RequestRefused(str(fault), detail="bad_request")
        return unreachable(fault, self._masker)


def _client(access: Access, timeout_s: float, http_client: httpx2.AsyncClient | None) -> anthropic.AsyncAnthropic:
    timeout = httpx2.Timeout(connect=_CONNECT_S, read=timeout_s, write=_WRITE_S, pool=_POOL_S)
    # A redirect would take keys in headers of our own to another host.
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


def _refusal(fault: anthropic.APIStatusError, masker: Masker) -> Refusal:
    headers, status = fault.response.headers, fault.status_code
    message = fault.api_message if isinstance(fault.api_message, str) else ""
    if not message and 300 <= status < 400:
        message = f"the server redirects to {headers.get('location', 'another address')}"
    if not message and isinstance(fault.body, str):
        message = page_message(fault.body, masker)
    word, code = text_of(fault.type), text_of(fault.error_code)
    return Refusal(status, word, message, code, headers, in_stream=status < 300)


def _models_in(pages: list[dict[str, Any]], provider: str, masker: Masker) -> tuple[Model, ...]:
    infos = [mapping_of(info) for page in pages for info in list_of(page.get("data"))]
    models = [_model(provider, info) for info in infos if info.get("lifecycle") != "retired"]
    return masked_models((model for model in models if not model.ref.endswith("/")), masker)


def _model(provider: str, info: dict[str, Any]) -> Model:
    """A model as far as the list describes it; a gateway's list may say little."""
    capabilities = mapping_of(info.get("capabilities"))
    effort = mapping_of(capabilities.get("effort"))
    can_think = mapping_of(capabilities.get("thinking")).get("supported")
    return Model(
        f"{provider}/{text_of(info.get('id'))}",
        text_of(info.get("display_name")),
        count_in_bounds(info.get("max_input_tokens")) or None,
        count_in_bounds(info.get("max_tokens")) or None,
        can_think if isinstance(can_think, bool) else None,
        tuple(level for level in _EFFORTS if mapping_of(effort.get(level)).get("supported") is True),
    )
