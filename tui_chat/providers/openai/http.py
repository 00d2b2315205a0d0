"""One server over httpx2: the key on every request, redirects, fields it will not take. Knows no chat."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import httpx2

from tui_chat.core.error import KeyRejected, ProtocolBroken, ProviderError, SettingsError
from tui_chat.core.secret import Secret
from tui_chat.providers.bounded_body import error_body
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.masked_model import masker_of
from tui_chat.providers.openai.address import Address
from tui_chat.providers.openai.dialects import Dialect, Json
from tui_chat.providers.openai.errors import error_of, error_on_the_way
from tui_chat.providers.openai.request import relented, unwanted_field
from tui_chat.providers.retry_after import scrub

TROUBLE = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ProviderError)
"""What a request may raise before `Server.fail` has made it an error of the core."""
_CONNECT_LIMIT_S = 10.0
_LAST_WORDS_LIMIT_S = 5.0
"""How long a server may take to tell its usage and hang up, once its model has stopped."""
_DRAIN_LIMIT_S = 0.2
"""For the last bytes after a whole reply, which let the connection be used again."""
_MOST_TRIES = 6
_AUTH_HEADERS = {
    "bearer": ("authorization", "Bearer "),
    "x-api-key": ("x-api-key", ""),
    "api-key": ("api-key", ""),
    "gateway": ("cf-aig-authorization", "Bearer "),
}


class _KeyAuth(httpx2.Auth):
    """Puts the key on each request as it leaves, so that nothing else holds it in the clear."""

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
        """Finds the key and reads the system's certificates, both slow: make it in a thread."""
        self.address = address
        self._config = config
        self._key = config.find_key()
        self._refused: set[str] = set()
        """Fields it would not take."""
        style = config.auth or dialect.auth
        if style not in (*_AUTH_HEADERS, "none"):
            sentence = f"providers.{config.name}.auth: {style} is none of bearer, x-api-key, api-key and none"
            raise SettingsError(sentence, detail="bad_header")
        headers = _sendable(config.find_headers(), config.name)
        self.masker = masker_of(config, self._key, headers)
        """Takes this provider's secrets out of whatever its server says."""
        self._has_key = (self._key is not None and style != "none") or any(
            name in headers for name, _ in _AUTH_HEADERS.values()
        )
        self._lacks_key = dialect.needs_key and not config.base_url and not self._has_key and style != "none"
        auth = _KeyAuth(self._key, style) if self._key is not None and style != "none" else None
        self._client = self._connect(headers, auth, transport)
        for name in ("httpx2", "httpcore2"):
            # They write whole addresses to the log, and those may hold a password.
            logging.getLogger(name).setLevel(logging.WARNING)

    def _connect(
        self, headers: Mapping[str, str], auth: httpx2.Auth | None, transport: httpx2.AsyncBaseTransport | None
    ) -> httpx2.AsyncClient:
        """The client. This machine is reached past any proxy; what the environment has wrong is told."""
        limit_s = self._config.timeout_s
        try:
            return httpx2.AsyncClient(
                headers={"user-agent": "tui-chat", **headers},
                auth=auth,
                timeout=httpx2.Timeout(limit_s, connect=min(_CONNECT_LIMIT_S, limit_s)),
                # Reading the system's certificates takes a fifth of a second; here nothing is encrypted.
                verify=not (self.address.is_loopback and self.address.parts.scheme == "http"),
                trust_env=not self.address.is_loopback,
                transport=transport,
            )
        except OSError as error:
            reason = error.strerror or "they are none"
            sentence = f"the certificates that SSL_CERT_FILE names cannot be read: {reason}"
            raise SettingsError(sentence, detail="tls") from error
        except (ValueError, ImportError) as error:
            sentence = "the proxy that the environment names is of a kind that cannot be used"
            raise SettingsError(sentence, detail="proxy") from error

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def answer(
        self, url: str, body: Json | None, *, limit_s: float | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """An answer that is no error, not yet read. A request without a body is a GET.

        A redirect is followed on the same server only; a field the server will not take is left out from then on.
        """
        self._check_key()
        for _ in range(_MOST_TRIES):
            answer = await self._client.send(self._request(url, body, limit_s), stream=True)
            try:
                if answer.is_success:
                    yield answer
                    return
                told = await error_body(answer)
            finally:
                await answer.aclose()
            error = error_of(answer, told, self.masker)
            if moved := self._moved_to(answer):
                url = moved
            elif body is not None and (field := unwanted_field(error, relented(body, self._refused), self._refused)):
                self._refused.add(field)
            else:
                raise error
        raise ProtocolBroken("the address leads round in a circle", detail="redirect")

    def fail(self, error: Exception, *, begun: bool) -> NoReturn:
        """Raise the core's error for what went wrong; nowhere in it, or in what it hangs on, is the key."""
        scrub(error, self.masker)
        if isinstance(error, ProviderError):
            raise error
        told = error_on_the_way(error, self.address.place, begun, self.masker)
        raise told from (None if isinstance(error, httpx2.LocalProtocolError) else error)

    def _check_key(self) -> None:
        """An error where a key is missing, or could be read on the way."""
        if self._lacks_key:
            where = f": set {self._config.key_source}" if self._config.key_source else ""
            raise KeyRejected(f"{self._config.name} needs a key{where}", detail="no_key")
        if self._has_key and self.address.is_plain and not self._config.allow_http:
            sentence = f"the key would go to {self.address.host} over plain http; allow_http lets it"
            raise SettingsError(sentence, detail="plain_http")

    def _request(self, url: str, body: Json | None, limit_s: float | None) -> httpx2.Request:
        if limit_s is None:
            limit: httpx2.Timeout = self._client.timeout
        else:
            limit = httpx2.Timeout(min(limit_s, self._config.timeout_s))
        if body is None:
            return self._client.build_request("GET", url, headers={"accept": "application/json"}, timeout=limit)
        content = json.dumps(relented(body, self._refused), ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
        return self._client.build_request("POST", url, content=content, headers=headers, timeout=limit)

    def _moved_to(self, answer: httpx2.Response) -> str | None:
        """Where the request is to be made again, if that is on the same server."""
        if answer.status_code not in (301, 302, 307, 308) or answer.next_request is None:
            return None
        url = str(answer.next_request.url)
        return url if self.address.same_origin(url) else None


def _sendable(headers: Mapping[str, str], provider: str) -> dict[str, str]:
    """Headers as they may be sent; one that may not is named, its value never told."""
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name):
            raise SettingsError(f"providers.{provider}.headers: a name is no header's name", detail="bad_header")
        if not (value.isascii() and value.isprintable()):
            sentence = f"providers.{provider}.headers: the value of {name} holds a character no header may"
            raise SettingsError(sentence, detail="bad_header")
    return {name.lower(): value for name, value in headers.items()}


async def next_piece(pieces: AsyncGenerator[bytes, None], finished: bool) -> bytes:
    """The next bytes; none at the end, or when a server that has finished does not hang up."""
    if not finished:
        return await anext(pieces, b"")
    try:
        async with asyncio.timeout(_LAST_WORDS_LIMIT_S):
            return await anext(pieces, b"")
    except TimeoutError:
        return b""


async def drain(pieces: AsyncGenerator[bytes, None]) -> None:
    """Read what is left after a whole reply, if it comes at once."""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_DRAIN_LIMIT_S):
            async for _ in pieces:
                pass
