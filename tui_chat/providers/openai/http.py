"""HTTP requests to one server: its key, redirects, and fields that it rejects. Knows nothing of chat."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import NoReturn

import httpx2

from tui_chat.core.error import KeyRejected, ProtocolBroken, ProviderError, SettingsError
from tui_chat.core.provider_presets import Dialect
from tui_chat.core.secret import Secret
from tui_chat.providers.bounded_body import error_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.error_details import scrub
from tui_chat.providers.http_client import make_client
from tui_chat.providers.openai.address import Address
from tui_chat.providers.openai.errors import connection_error, error_from_response
from tui_chat.providers.openai.request import Json, rejected_field, without_rejected_fields
from tui_chat.providers.provider_secrets import masker_of

REQUEST_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ProviderError)
"""What a request may raise; `Server.raise_error` turns each into an error of the core."""
_CONNECT_TIMEOUT_S = 10.0
_END_TIMEOUT_S = 5.0
"""How long a server may take to report usage and close the stream, once its model has stopped or failed."""
_MAX_ATTEMPTS = 6
_AUTH_HEADERS = {
    "bearer": ("authorization", "Bearer "),
    "x-api-key": ("x-api-key", ""),
    "api-key": ("api-key", ""),
    "gateway": ("cf-aig-authorization", "Bearer "),
}


class _KeyAuth(httpx2.Auth):
    """Adds the key to each request as it is sent, so that nothing else holds it in the clear."""

    def __init__(self, key: Secret, style: str) -> None:
        self._key = key
        self._header, self._prefix = _AUTH_HEADERS[style]

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if self._header not in request.headers:
            request.headers[self._header] = f"{self._prefix}{self._key.reveal()}"
        yield request


class Server:
    """A server with its address, its key and its connections."""

    def __init__(
        self,
        config: ProviderConfig,
        dialect: Dialect,
        address: Address,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Find the key and read the system's certificates. Both are slow: call this in a thread."""
        self.address = address
        self._config = config
        self._key = config.find_key()
        self._rejected_fields: dict[str, set[str]] = {}
        """The fields that the server rejects, by model: one model may take what another does not."""
        auth_style = config.auth or dialect.auth
        if auth_style not in (*_AUTH_HEADERS, "none"):
            sentence = f"providers.{config.name}.auth: {auth_style} is none of bearer, x-api-key, api-key and none"
            raise SettingsError(sentence, detail="bad_header")
        headers = _checked_headers(config.find_headers(), config.name)
        self.masker = masker_of(config, self._key, headers)
        """Removes the secrets of this provider from any text."""
        self._has_key = (self._key is not None and auth_style != "none") or any(
            name in headers for name, _ in _AUTH_HEADERS.values()
        )
        self._lacks_key = dialect.needs_key and not config.base_url and not self._has_key and auth_style != "none"
        auth = _KeyAuth(self._key, auth_style) if self._key is not None and auth_style != "none" else None
        timeout = httpx2.Timeout(config.timeout_s, connect=min(_CONNECT_TIMEOUT_S, config.timeout_s))
        self._client = make_client(address.parts, headers, timeout, auth=auth, transport=transport)

    async def aclose(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def request(
        self, url: str, body: Json | None, *, timeout_s: float | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Yield a successful response whose body is not read yet. Without a body the request is a GET.

        Redirects are followed on the same server only. A field that the server rejects is left out from then on,
        for the same model.
        """
        self._check_key()
        for _ in range(_MAX_ATTEMPTS):
            response = await self._client.send(self._build_request(url, body, timeout_s), stream=True)
            async with aclosing(response):
                if response.is_success:
                    yield response
                    return
                raw_error = await error_body(response)
            error = error_from_response(response, raw_error, self.masker)
            if redirect := self._redirect_url(response):
                url = redirect
            elif body is not None and (field := self._rejected_field(error, body)):
                self._rejected_of(body).add(field)
            else:
                raise error
        raise ProtocolBroken("the address leads round in a circle", detail="redirect")

    def raise_error(self, error: Exception, *, has_started: bool) -> NoReturn:
        """Raise the core's error for a failed request. Neither it nor its causes hold the key."""
        core_error = self.core_error(error, has_started=has_started)
        if core_error is error:
            raise core_error
        raise core_error from (None if isinstance(error, httpx2.LocalProtocolError) else error)

    def core_error(self, error: Exception, *, has_started: bool) -> ProviderError:
        """Return the core's error for a failed request."""
        scrub(error, self.masker)
        if isinstance(error, ProviderError):
            return error
        return connection_error(error, self.address.host_and_port, has_started, self.masker)

    def _check_key(self) -> None:
        """Raise where a key is missing, or would be sent without encryption."""
        if self._lacks_key:
            where = f": set {self._config.key_source}" if self._config.key_source else ""
            raise KeyRejected(f"{self._config.name} needs a key{where}", detail="no_key")
        if self._has_key and self.address.is_unencrypted and not self._config.allow_http:
            sentence = f"the key would go to {self.address.host} over plain http; allow_http lets it"
            raise SettingsError(sentence, detail="plain_http")

    def _build_request(self, url: str, body: Json | None, timeout_s: float | None) -> httpx2.Request:
        if timeout_s is None:
            timeout: httpx2.Timeout = self._client.timeout
        else:
            timeout = httpx2.Timeout(min(timeout_s, self._config.timeout_s))
        if body is None:
            return self._client.build_request("GET", url, headers={"accept": "application/json"}, timeout=timeout)
        accepted = without_rejected_fields(body, self._rejected_of(body))
        content = json.dumps(accepted, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
        return self._client.build_request("POST", url, content=content, headers=headers, timeout=timeout)

    def _rejected_field(self, error: ProviderError, body: Json) -> str | None:
        rejected = self._rejected_of(body)
        return rejected_field(error, without_rejected_fields(body, rejected), rejected)

    def _rejected_of(self, body: Json) -> set[str]:
        return self._rejected_fields.setdefault(str(body.get("model")), set())

    def _redirect_url(self, response: httpx2.Response) -> str | None:
        """Return where to repeat the request, if that is on the same server."""
        if response.status_code not in (301, 302, 307, 308) or response.next_request is None:
            return None
        url = str(response.next_request.url)
        return url if self.address.same_origin(url) else None


def _checked_headers(headers: Mapping[str, str], provider: str) -> dict[str, str]:
    """Return the headers with names in lower case. An error names an invalid header, never its value."""
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name):
            raise SettingsError(f"providers.{provider}.headers: a name is no header's name", detail="bad_header")
        if not (value.isascii() and value.isprintable()):
            sentence = f"providers.{provider}.headers: the value of {name} holds a character no header may"
            raise SettingsError(sentence, detail="bad_header")
    return {name.lower(): value for name, value in headers.items()}


def end_deadline() -> float:
    """Return the time of the event loop until which usage is waited for, counted from now."""
    return asyncio.get_running_loop().time() + _END_TIMEOUT_S


async def next_chunk(chunks: AsyncGenerator[bytes, None], deadline: float | None) -> bytes:
    """Return the next bytes; none at the end, or when the deadline has passed."""
    if deadline is None:
        return await anext(chunks, b"")
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(chunks, b"")
    except TimeoutError:
        return b""
