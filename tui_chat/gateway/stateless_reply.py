"""Starts the reply to a history, saved or not, and once however often the request is sent. Knows no wire format."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from tui_chat.gateway.backend import Backend
from tui_chat.gateway.chat_request import ChatRequest
from tui_chat.gateway.problem import Problem
from tui_chat.gateway.repeated_requests import Answer
from tui_chat.gateway.reply_response import answer_of, count_reply
from tui_chat.gateway.request import backend_of, client_of
from tui_chat.gateway.stateless import History
from tui_chat.service.chat import ChatService
from tui_chat.service.reply import Reply

CONVERSATION_HEADER = "x-conversation-id"
SAVE_HEADER = "x-save"
_KEPT_S = 60.0
"""How long a chat that is not saved can be read again after its end, by a repeated request."""
_removing: set[asyncio.Task[None]] = set()


async def answer_history(request: Request, chat: ChatRequest, body: bytes) -> Answer:
    """Start the reply, or return the one that an earlier sending of the same request started."""
    backend, client = backend_of(request), client_of(request)
    chat = replace(chat, key=chat.key or request.headers.get(CONVERSATION_HEADER, "")[:200])
    if not chat.prompt.text.strip() and not chat.prompt.attachments:
        raise Problem(400, "invalid_request", "messages: the last message is empty.", field_name="messages")
    model = await backend.model_ref(chat.model)
    is_saved = _is_saved(request, backend, chat)

    async def started() -> Answer:
        await backend.check_limits()
        history = History(backend, client, chat)
        if is_saved:
            reply = await history.send(model)
        else:
            service = await backend.unsaved_service()
            reply = await history.send_new(service, model)
            _remove_later(service, reply)
        count_reply(backend, reply)
        return answer_of(reply, saved=is_saved)

    given = request.headers.get("idempotency-key", "")
    words = given.encode() or body
    key = f"{client.name} {request.url.path} {hashlib.sha256(words).hexdigest()}"
    return await backend.repeated.once(key, started, is_repeated=bool(given) or _is_retry(request))


def _is_retry(request: Request) -> bool:
    """Return whether an SDK sends the request again by itself."""
    return request.headers.get("x-stainless-retry-count", "0") not in ("", "0")


def _is_saved(request: Request, backend: Backend, chat: ChatRequest) -> bool:
    if chat.store is False or request.headers.get(SAVE_HEADER, "").lower() in ("no", "false", "0"):
        return False
    if request.url.path.startswith("/unsaved/") or backend.options.save == "none":
        return False
    return backend.options.save == "all" or bool(chat.key)


def _remove_later(service: ChatService, reply: Reply) -> None:
    """Remove a chat that is not saved from memory some time after its end."""

    async def remove() -> None:
        await reply.wait()
        await asyncio.sleep(_KEPT_S)
        store = service.save_queue.store
        await store.delete(reply.conversation_id)
        await store.purge(datetime.now(UTC) + timedelta(days=1))

    task = asyncio.create_task(remove())
    _removing.add(task)
    task.add_done_callback(_removing.discard)
