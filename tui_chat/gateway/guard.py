"""Lets a request through or refuses it, before anything else runs: token, host, origin, kind of body.

A token is always needed. Host and origin are checked as well, since a web page that the user visits can send requests
to this machine, and by DNS rebinding even read the answers. No cookie is read or set.
"""

import time
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_chat.gateway.backend import Backend
from tui_chat.gateway.problem import Problem
from tui_chat.gateway.problem_response import problem_response
from tui_chat.gateway.tokens import Client

CLIENT = "tui_chat.client"
"""The key under which a request's scope holds its client."""
OPEN_PATHS = frozenset({"/", "/healthz"})
_UPLOADS = "/api/v1/attachments"
_WRONG_PER_S = 5
_PAUSE_S = 60.0
_NO_TOKEN = Problem(
    401,
    "unauthorized",
    "A token is needed.",
    "Send it as `Authorization: Bearer TOKEN`; `tui-chat serve` names its file.",
    headers={"www-authenticate": "Bearer"},
)
_CORS_METHODS = "GET, POST, PATCH, DELETE"
_CORS_HEADERS = (
    "authorization, content-type, x-api-key, api-key, last-event-id, x-conversation-id, x-save, x-filename"
)


class Guard:
    def __init__(self, app: ASGIApp, backend: Backend, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._backend = backend
        self._wrong = WrongTokens(clock_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._backend.metrics.requests += 1
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin if origin is not None and self._is_allowed(origin, scope) else None
        try:
            if scope["type"] == "http" and scope["method"] == "OPTIONS":
                self._check_place(scope, headers)
                await _preflight(allowed)(scope, receive, send)
                return
            scope[CLIENT] = self._client(scope, headers)
            self._check_place(scope, headers)
            _check_body(scope, headers)
        except Problem as problem:
            self._backend.metrics.refusals[problem.status] += 1
            await _refuse(problem, allowed, scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send, allowed))

    def _client(self, scope: Scope, headers: Headers) -> Client | None:
        if scope["path"] in OPEN_PATHS and scope["type"] == "http":
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if ticket := (query.get("ticket") or [""])[0] or _protocol_ticket(scope):
            client = self._backend.tickets.redeem(ticket)
        elif token := _token(headers):
            client = self._backend.tokens.client_of(token)
        else:
            raise _NO_TOKEN
        if client is None:
            self._wrong.count()
            raise Problem(401, "unauthorized", "The token or ticket is wrong.", _NO_TOKEN.next_step)
        return client

    def _check_place(self, scope: Scope, headers: Headers) -> None:
        """Raise for a host by which this server is not called, and for a page that may not call it."""
        if not _is_unix(scope) and not self._is_own_host(headers.get("host", ""), scope):
            raise Problem(
                421,
                "wrong_host",
                "This server is not called by that host name.",
                "Add it to serve.hosts; a proxy must pass the Host header with the port.",
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_allowed(origin, scope):
            raise Problem(403, "wrong_origin", "Pages of that origin may not call.", "Add it to serve.origins.")
        if origin is None and headers.get("sec-fetch-site") == "cross-site":
            raise Problem(403, "wrong_origin", "Other sites may not call.", "Add the origin to serve.origins.")

    def _is_own_host(self, host: str, scope: Scope) -> bool:
        port = (scope.get("server") or ("", 0))[1]
        configured = self._backend.options.hosts
        names = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]", *configured)}
        return host.lower() in {name.lower() for name in (*names, *configured)}

    def _is_allowed(self, origin: str, scope: Scope) -> bool:
        if origin in self._backend.options.origins:
            return True
        scheme, _, host = origin.partition("://")
        return scheme == "http" and not _is_unix(scope) and self._is_own_host(host, scope)


class WrongTokens:
    """Counts wrong tokens; too many in a second make every further one wait. A right one always passes."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._second = 0
        self._count = 0
        self._until_s = 0.0

    def count(self) -> None:
        """Count a wrong token; raise if there were too many."""
        now_s = self._clock_s()
        if now_s >= self._until_s:
            self._count = self._count + 1 if int(now_s) == self._second else 1
            self._second = int(now_s)
            if self._count <= _WRONG_PER_S:
                return
            self._until_s = now_s + _PAUSE_S
        raise Problem(
            429,
            "too_many_wrong_tokens",
            "Too many wrong tokens.",
            "Wait a minute.",
            headers={"retry-after": str(max(1, round(self._until_s - now_s)))},
        )


def _token(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "") or headers.get("api-key", "")


def _protocol_ticket(scope: Scope) -> str:
    """Return the ticket among the sub-protocols of a WebSocket: it stays out of addresses and logs."""
    for protocol in scope.get("subprotocols") or ():
        if protocol.startswith("ticket."):
            return str(protocol.removeprefix("ticket."))
    return ""


def _is_unix(scope: Scope) -> bool:
    server = scope.get("server")
    return server is None or server[1] is None


def _check_body(scope: Scope, headers: Headers) -> None:
    """Raise for a body that a form of a web page could send without being asked for permission."""
    if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    wanted = "application/octet-stream" if scope["path"].startswith(_UPLOADS) else "application/json"
    if kind != wanted and not (is_empty and not kind):
        raise Problem(415, "wrong_content_type", f"The body must be {wanted}.", f"Set content-type to {wanted}.")


def _preflight(allowed: str | None) -> Response:
    if allowed is None:
        return Response(status_code=204)
    return Response(
        status_code=204,
        headers={
            **_cors(allowed),
            "access-control-allow-methods": _CORS_METHODS,
            "access-control-allow-headers": _CORS_HEADERS,
            "access-control-max-age": "600",
        },
    )


def _cors(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "x-conversation-id, x-turn-id, x-ignored-fields, retry-after",
        "vary": "Origin",
    }


async def _refuse(problem: Problem, allowed: str | None, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted, closing answers the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": problem.message})
        return
    response = problem_response(problem, scope["path"])
    response.headers.update(_cors(allowed) if allowed else {})
    await response(scope, receive, send)


def _with_headers(send: Send, allowed: str | None) -> Send:
    """Return a `send` that adds the headers of every answer."""
    added = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        **(_cors(allowed) if allowed else {}),
    }
    raw = [(name.encode(), value.encode("latin-1")) for name, value in added.items()]

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *raw]}
        await send(message)

    return with_headers
