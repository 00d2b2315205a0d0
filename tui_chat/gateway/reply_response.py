"""A reply as a response: a stream in some dialect, or only its end. Shared by the routes of every dialect."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.event import Delta, ReplyEvent, TurnEnded, TurnStarted
from tui_chat.core.turn import Turn
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.dialects.dialect import Dialect
from tui_chat.gateway.problem import RETRY_IS_NO_USE, failure_of
from tui_chat.gateway.repeated_requests import Answer
from tui_chat.gateway.reply_source import attach
from tui_chat.gateway.request import backend_of
from tui_chat.gateway.stream_response import StreamResponse, StreamSource, check_streams, reply_frames
from tui_chat.service.chat import ChatService
from tui_chat.service.joining_reader import JoiningReader
from tui_chat.service.reply import Reply

EARLY_S = 1.0
"""How long an answer waits for a first sign: an error before it can still be a status of HTTP."""


async def service_of(backend: Backend, answer: Answer) -> ChatService:
    """Return the service whose store holds the answer."""
    return backend.service if answer.saved else await backend.unsaved_service()


def answer_headers(answer: Answer) -> dict[str, str]:
    """Return the headers that name a conversation and a turn, and keep SDKs from sending the prompt again."""
    return {
        "x-conversation-id": answer.conversation_id,
        "x-turn-id": answer.turn_id,
        RETRY_IS_NO_USE: "false",
    }


def answer_of(reply: Reply, *, saved: bool = True) -> Answer:
    """Return where a reply is."""
    return Answer(reply.conversation_id, reply.turn.parent_id or "", reply.turn_id, saved)


def count_reply(backend: Backend, reply: Reply) -> None:
    """Add the reply to the metrics when it ends."""

    async def count() -> None:
        backend.metrics.record_reply((await reply.wait()).turn)

    task = asyncio.create_task(count())
    _counting.add(task)
    task.add_done_callback(_counting.discard)


_counting: set[asyncio.Task[None]] = set()


async def stream_answer(
    request: Request,
    answer: Answer,
    dialect: Dialect,
    *,
    headers: Mapping[str, str] | None = None,
    early_errors: bool = True,
    pace_s: float = 0.0,
    cut_on_failure: bool = False,
) -> Response:
    """Return a stream of the reply; an error before its first delta is raised, where the dialect wants that.

    `pace_s` is a pause after each frame, in which deltas are joined. `cut_on_failure` breaks the connection off after
    a failed reply, for a dialect that has no other way to show it.
    """
    backend = backend_of(request)
    check_streams(backend)
    source = StreamSource(cut_on_failure=cut_on_failure)
    service = await service_of(backend, answer)
    source.detach = await attach(service, answer.conversation_id, answer.turn_id, source.reader)
    first: list[ReplyEvent] = []
    if early_errors:
        first = await _first_events(source.reader)
        ended = first[-1] if first else None
        if isinstance(ended, TurnEnded) and not ended.turn.text and (failure := failure_of(ended.turn)) is not None:
            source.detach()
            raise failure
    return StreamResponse(
        backend,
        reply_frames(source, dialect, first, pace_s=pace_s),
        source,
        media_type=dialect.media_type,
        headers={**dialect.headers, **answer_headers(answer), **(headers or {})},
    )


async def _first_events(reader: JoiningReader) -> list[ReplyEvent]:
    """Return the events up to the first delta or the end, or those of the first second."""
    events: list[ReplyEvent] = []
    loop = asyncio.get_running_loop()
    until_s = loop.time() + EARLY_S
    while (left_s := until_s - loop.time()) > 0 and (item := await reader.get(left_s)) is not None:
        events.append(item[1])
        if isinstance(item[1], (Delta, TurnEnded)) or (isinstance(item[1], TurnStarted) and item[1].turn.parts):
            break
    return events


async def final_turn(backend: Backend, answer: Answer) -> Turn:
    """Wait for the end of a reply and return its turn."""
    reader, service = JoiningReader(), await service_of(backend, answer)
    detach = await attach(service, answer.conversation_id, answer.turn_id, reader)
    try:
        while True:
            item = await reader.get()
            if item is not None and isinstance(item[1], TurnEnded):
                return item[1].turn
    finally:
        detach()
