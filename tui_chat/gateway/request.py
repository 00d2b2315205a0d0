"""Shared by every route: the backend, the client, the body, and answers in JSON."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import NotFound
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.body import Body
from tui_chat.gateway.guard import CLIENT
from tui_chat.gateway.problem import Problem, not_found, wrong_field
from tui_chat.gateway.tokens import Client

MOST_BODY_BYTES = 32 * 1024 * 1024
_BODY_TIMEOUT_S = 60.0


def backend_of(request: Request) -> Backend:
    """Return what is behind the routes."""
    backend: Backend = request.app.state.backend
    return backend


def client_of(request: Request) -> Client:
    client: Client = request.scope[CLIENT]
    return client


async def conversation_of(request: Request) -> Conversation:
    return await backend_of(request).conversation(client_of(request), request.path_params["id"])


async def read_bytes(request: Request) -> bytes:
    """Return the bytes of the body; raise if they are too many or come too slowly."""
    pieces = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for piece in request.stream():
                pieces += piece
                if len(pieces) > MOST_BODY_BYTES:
                    raise Problem(413, "too_large", f"The body is larger than {MOST_BODY_BYTES // 2**20} MiB.")
    except TimeoutError:
        raise Problem(408, "timeout", "The body did not arrive in time.") from None
    return bytes(pieces)


async def read_body(request: Request) -> Body:
    """Return the JSON object of the body."""
    return Body.parse(await read_bytes(request))


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in JSON."""
    data = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(data, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


def count_in_query(request: Request, name: str, default: int, *, least: int = 0, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= int(text[:12]) <= most:
        raise wrong_field(name, f"must be a whole number from {least} to {most}")
    return int(text)


def check_turn(conversation: Conversation, turn_id: str) -> None:
    if not conversation.has(turn_id):
        raise refused_as_missing(NotFound(detail="turn"))


def refused_as_missing(error: NotFound) -> Problem:
    """Return the problem of a turn or a conversation that is not there."""
    if error.detail == "turn":
        return Problem(404, "not_found", "The conversation has no such turn.", "Its `turns` list them.")
    return not_found()
