"""Claude's models over the vendor's SDK: of it the connection, the errors and the list of models are used.

The only file that imports it. Slow to import and to construct, so both belong in a thread.
"""

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
from tui_chat.core.provider import Model, Request
from tui_chat.providers.anthropic_access import Access, access_of
from tui_chat.providers.anthropic_body import batches_of, drain
from tui_chat.providers.anthropic_errors import (
    Refusal,
    cut,
    page_message,
    refused,
    request_id_of,
    scrub,
    unreachable,
)
from tui_chat.providers.anthropic_models import is_old
from tui_chat.providers.anthropic_request import Dialect, blank_end, continued, counted_params, message_params
from tui_chat.providers.anthropic_values import mapping_of, text_of
from tui_chat.providers.anthropic_wire import MessageReader
from tui_chat.providers.config import ProviderConfig

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


class AnthropicProvider:
    """The API, or a gateway that speaks like it."""

    def __init__(self, config: ProviderConfig, *, http_client: httpx2.AsyncClient | None = None) -> None:
        """Finds the key and loads certificates, both of which take long. Raises what is wrong with the settings."""
        access = access_of(config)
        self._name = config.name
        self._secrets = access.secrets
        self._version = access.version
        self._named = config.models
        self._max_tokens: dict[str, int] = {}
        try:
            self._client = _client(access, config.timeout_s, http_client)
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as fault:
            scrub(fault, self._secrets)
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
        reader = MessageReader(blank_end(continued(request)))
        response: httpx2.Response | None = None
        try:
            create: Any = self._client.messages.create
            response = (await create(**params, stream=True)).response
            assert response is not None
            yield ReplyOpened(request_id_of(response.headers))
            async with aclosing(batches_of(response)) as batches:
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
            error.request_id = error.request_id or (request_id_of(response.headers) if response else None)
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
            raise refused(refusal, self._secrets)
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
            infos = [info async for info in self._client.models.list(limit=1000)]
        except _FAULTS as fault:
            raise self._error(fault, None) from fault
        models = [_model(self._name, info) for info in infos if getattr(info, "lifecycle", None) != "retired"]
        for model in models:
            if model.max_output_tokens:
                self._max_tokens[model.ref.removeprefix(f"{self._name}/")] = model.max_output_tokens
        return tuple(models)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _error(self, fault: BaseException, response: httpx2.Response | None) -> ProviderError:
        """The one mapping of faults to core errors. `response` is the stream's, once it has begun."""
        scrub(fault, self._secrets)
        match fault:
            case anthropic.APIStatusError():
                return refused(_refusal(fault), self._secrets)
            case anthropic.APIConnectionError():
                return unreachable(fault, self._secrets)
            case anthropic.CredentialsError():
                return KeyRejected("the SDK found no credentials", detail="no_key")
            case anthropic.RetryableError():
                return Overloaded(str(fault))
            case anthropic.AnthropicError():
                return ProtocolBroken(str(fault) or type(fault).__name__)
            case _ if response is not None:
                return cut(fault, request_id_of(response.headers))
            case ValueError():
                return RequestRefused(str(fault), detail="bad_request")
        return unreachable(fault, self._secrets)


def _client(access: Access, timeout_s: float, http_client: httpx2.AsyncClient | None) -> anthropic.AsyncAnthropic:
    timeout = httpx2.Timeout(connect=_CONNECT_S, read=timeout_s, write=_WRITE_S, pool=_POOL_S)
    # A redirect would take keys in headers of our own to another host.
    http_client = http_client or anthropic.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False)
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


def _refusal(fault: anthropic.APIStatusError) -> Refusal:
    headers, status = fault.response.headers, fault.status_code
    message = fault.api_message if isinstance(fault.api_message, str) else ""
    if not message and 300 <= status < 400:
        message = f"the server redirects to {headers.get('location', 'another address')}"
    if not message and isinstance(fault.body, str):
        message = page_message(fault.body)
    word, code = text_of(fault.type), text_of(fault.error_code)
    return Refusal(status, word, message, code, headers, in_stream=status < 300)


def _model(provider: str, info: object) -> Model:
    """A model as far as the list describes it; a gateway's list may say little."""
    capabilities = getattr(info, "capabilities", None)
    thinking, effort = getattr(capabilities, "thinking", None), getattr(capabilities, "effort", None)
    can_think = getattr(thinking, "supported", None)
    return Model(
        f"{provider}/{text_of(getattr(info, 'id', None))}",
        text_of(getattr(info, "display_name", None)),
        count_in_bounds(getattr(info, "max_input_tokens", None)) or None,
        count_in_bounds(getattr(info, "max_tokens", None)) or None,
        can_think if isinstance(can_think, bool) else None,
        tuple(level for level in _EFFORTS if getattr(getattr(effort, level, None), "supported", False) is True),
    )
