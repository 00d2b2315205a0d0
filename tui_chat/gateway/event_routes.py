"""Routes that follow conversations: what is written in them by whatever program, as it comes.

A stream starts with the present state, so a client that comes back needs no log of what it missed.
"""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.error import NotFound, StorageError
from tui_chat.gateway.backend import SOURCE, Backend
from tui_chat.gateway.dialects.dialect import COMMENT, EVENT_STREAM, NO_BUFFER, sse
from tui_chat.gateway.dialects.native import ENDED, NativeDialect
from tui_chat.gateway.json_values import summary_json
from tui_chat.gateway.problem import wrong_field
from tui_chat.gateway.reply_source import attach
from tui_chat.gateway.request import backend_of, client_of
from tui_chat.gateway.stream_response import KEEP_ALIVE_S, Frames, StreamResponse, StreamSource, check_streams
from tui_chat.gateway.tokens import Client
from tui_chat.service.joining_reader import JoiningReader
from tui_chat.service.reply import Reply

POLL_S = 0.2
BUSY_POLL_S = 1.0
_MOST_CONVERSATIONS = 50
_MOST_FOLLOWED = 50
"""Of all conversations, so many of those last used are watched."""


async def conversation_events(request: Request) -> Response:
    """Follow one conversation."""
    backend, client, conversation_id = backend_of(request), client_of(request), request.path_params["id"]
    await backend.conversation(client, conversation_id)
    return await _stream(request, backend, client, (conversation_id,))


async def all_events(request: Request) -> Response:
    """Follow several conversations, or all that the token gives access to."""
    backend, client = backend_of(request), client_of(request)
    named = request.query_params.get("conversations", "")
    ids = tuple(dict.fromkeys(part for part in named.split(",") if part))
    if len(ids) > _MOST_CONVERSATIONS:
        raise wrong_field("conversations", f"must be at most {_MOST_CONVERSATIONS} ids")
    for conversation_id in ids:
        await backend.conversation(client, conversation_id)
    return await _stream(request, backend, client, ids)


async def _stream(request: Request, backend: Backend, client: Client, ids: tuple[str, ...]) -> Response:
    check_streams(backend)
    feed = EventFeed(backend, client, ids)
    source = StreamSource()
    source.detach = feed.close
    await feed.start(request.headers.get("last-event-id", ""))
    return StreamResponse(backend, feed.frames(), source, media_type=EVENT_STREAM, headers=NO_BUFFER)


class EventFeed:
    def __init__(self, backend: Backend, client: Client, ids: tuple[str, ...]) -> None:
        """Without ids, all that the client may see."""
        self._backend = backend
        self._client = client
        self._ids = ids
        self._arrived = asyncio.Event()
        self._followed: dict[str, tuple[JoiningReader, NativeDialect, Callable[[], object]]] = {}
        """By the id of the turn."""
        self._started: list[Reply] = []
        self._frames: list[bytes] = [b"retry: 2000\n\n"]
        self._known: dict[str, object] = {}
        self._unwatch: Callable[[], object] = lambda: None
        self._quiet_s = 0.0
        self._polling: asyncio.Task[None] | None = None

    async def start(self, last_event_id: str = "") -> None:
        """Write the present state, and follow from here on."""
        self._unwatch = self._backend.service.watch(self._on_reply)
        self._started += self._backend.service.replies
        await self._look(first=True)
        turn_id, _, position = last_event_id.partition(":")
        if turn_id and position != ENDED:
            await self._resume(turn_id)
        self._polling = asyncio.create_task(self._poll())

    def close(self) -> None:
        self._unwatch()
        if self._polling is not None:
            self._polling.cancel()
        for _, _, detach in self._followed.values():
            detach()

    def _on_reply(self, reply: Reply) -> None:
        self._started.append(reply)
        self._arrived.set()

    async def frames(self) -> Frames:
        """Yield what happens until the server stops."""
        closing = asyncio.create_task(self._backend.closing.wait())
        closing.add_done_callback(lambda _: self._arrived.set())
        try:
            while not self._backend.closing.is_set():
                self._arrived.clear()
                if frame := await self._next_frames():
                    self._quiet_s = 0.0
                    yield frame
                else:
                    await self._arrived.wait()
            yield await self._next_frames() + sse({"type": "closing"}, event="closing")
        finally:
            closing.cancel()

    async def _next_frames(self) -> bytes:
        while self._started:
            reply = self._started.pop()
            if await self._is_wanted(reply.conversation_id) and reply.turn_id not in self._followed:
                reader = JoiningReader(self._arrived)
                self._followed[reply.turn_id] = reader, NativeDialect(), reply.add_reader(reader)
        frames, self._frames = self._frames, []
        for turn_id, (reader, dialect, detach) in tuple(self._followed.items()):
            while (item := reader.take()) is not None:
                frames.append(dialect.encode(item[1]))
            if dialect.has_ended:
                detach()
                del self._followed[turn_id]
        return b"".join(frames)

    async def _is_wanted(self, conversation_id: str) -> bool:
        if self._ids:
            return conversation_id in self._ids
        return self._client.sees_all or conversation_id in await self._backend.own_ids(self._client)

    async def _poll(self) -> None:
        """Look for what other programs write, and for changes other than replies."""
        seen: object = None
        while True:
            # While a reply streams in here, little else happens, and looking would cost more than sending.
            pause_s = BUSY_POLL_S if self._followed else POLL_S
            await asyncio.sleep(pause_s)
            self._keep_alive(pause_s)
            try:
                if (changes := await self._backend.store.changes()) != seen:
                    await self._look()
                    seen = changes
            except (StorageError, NotFound):
                continue

    def _keep_alive(self, passed_s: float) -> None:
        """Write a comment after a silence."""
        self._quiet_s += passed_s
        if self._quiet_s >= KEEP_ALIVE_S:
            self._frames.append(COMMENT)
            self._arrived.set()

    async def _look(self, *, first: bool = False) -> None:
        for summary in await self._summaries():
            about = (summary.title, summary.turns, summary.archived_at, summary.deleted_at, summary.model)
            if self._known.get(summary.id) != about:
                self._known[summary.id] = about
                if self._ids or not first:
                    self._frames.append(_conversation_frame(summary))
            if summary.is_live and self._backend.service.reply_in(summary.id) is None:
                await self._follow_elsewhere(summary.id)
        if self._frames:
            self._arrived.set()

    async def _summaries(self) -> list[ConversationSummary]:
        store = self._backend.store
        if self._ids:
            return [await store.summary(conversation_id) for conversation_id in self._ids]
        origin = None if self._client.sees_all else (SOURCE, f"{self._client.name}/")
        return list(await store.summaries(limit=_MOST_FOLLOWED, origin=origin))

    async def _follow_elsewhere(self, conversation_id: str) -> None:
        """Follow the live replies of another program."""
        service = self._backend.service
        for turn in (await service.open(conversation_id)).turns:
            if turn.is_live and turn.id not in self._followed and service.reply_in(conversation_id) is None:
                await self._follow(conversation_id, turn.id)

    async def _resume(self, turn_id: str) -> None:
        """Write the end of a reply that ended while the client was away."""
        for conversation_id in self._ids:
            conversation = await self._backend.service.open(conversation_id)
            if conversation.has(turn_id) and not conversation.turn(turn_id).is_live:
                await self._follow(conversation_id, turn_id)

    async def _follow(self, conversation_id: str, turn_id: str) -> None:
        reader = JoiningReader(self._arrived)
        detach = await attach(self._backend.service, conversation_id, turn_id, reader)
        self._followed[turn_id] = reader, NativeDialect(), detach
        self._arrived.set()


def _conversation_frame(summary: ConversationSummary) -> bytes:
    return sse({"type": "conversation", "conversation": summary_json(summary)}, event="conversation")
