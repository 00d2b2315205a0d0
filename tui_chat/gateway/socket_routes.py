"""The WebSocket: send, follow and cancel, several conversations on one connection. It only follows replies."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, NotFound
from tui_chat.core.event import TextDelta, TurnEnded, TurnStarted
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.body import Body
from tui_chat.gateway.dialects.dialect import compact
from tui_chat.gateway.guard import CLIENT
from tui_chat.gateway.problem import Problem, failure_of, problem_of
from tui_chat.gateway.reply_response import answer_of, count_reply
from tui_chat.gateway.reply_source import attach
from tui_chat.gateway.request import refused_as_missing
from tui_chat.gateway.stream_response import SEND_TIMEOUT_S, check_streams
from tui_chat.gateway.tokens import Client
from tui_chat.service.joining_reader import JoiningReader

_PROTOCOL = "tui-chat"
_MOST_FOLLOWED = 16
_GOING_AWAY = 1001


async def socket(websocket: WebSocket) -> None:
    """Serve one connection."""
    backend: Backend = websocket.app.state.backend
    try:
        check_streams(backend)
    except Problem as problem:
        await websocket.close(1013, problem.message)
        return
    offered = websocket.scope.get("subprotocols") or []
    await websocket.accept(_PROTOCOL if _PROTOCOL in offered else None)
    backend.metrics.active_streams += 1
    connection = _Connection(backend, websocket.scope[CLIENT], websocket)
    closing = asyncio.create_task(backend.closing.wait())
    reading = asyncio.create_task(connection.read())
    try:
        await asyncio.wait({closing, reading}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await connection.settle()
            await websocket.close(_GOING_AWAY)
    finally:
        backend.metrics.active_streams -= 1
        for task in (closing, reading):
            task.cancel()
        connection.close()
        await asyncio.wait({closing, reading})


class _Connection:
    """What one client has asked for."""

    def __init__(self, backend: Backend, client: Client, websocket: WebSocket) -> None:
        self._backend = backend
        self._client = client
        self._websocket = websocket
        self._following: dict[str, asyncio.Task[None]] = {}
        """By the id of the turn."""
        self._sending = asyncio.Lock()

    async def read(self) -> None:
        """Handle messages until the client leaves."""
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                text = await self._websocket.receive_text()
                try:
                    await self._handle(Body.parse(text.encode("utf-8", "replace")))
                except Problem as problem:
                    await self._send_problem(problem)
                except NotFound as error:
                    await self._send_problem(refused_as_missing(error))
                except ChatError as error:
                    await self._send_problem(problem_of(error))

    async def settle(self) -> None:
        """Wait a moment for the ends of replies that have stopped."""
        if self._following:
            await asyncio.wait(self._following.values(), timeout=0.5)

    def close(self) -> None:
        for task in self._following.values():
            task.cancel()

    async def _handle(self, message: Body) -> None:
        session_id = message.text("sessionId", most=200)
        match message.text("type", "send"):
            case "send":
                await self._say(session_id, message)
            case "cancel":
                conversation = await self._conversation(session_id)
                await self._backend.service.cancel(conversation.id)
            case "follow":
                await self._follow_live(session_id)
            case other:
                raise Problem(400, "invalid_request", f"type: {other} is none of send, cancel and follow.")

    async def _say(self, session_id: str, message: Body) -> None:
        backend = self._backend
        text = message.required_text("text")
        await backend.check_limits()
        try:
            conversation = await self._conversation(session_id)
        except Problem:
            model = await backend.model_ref(message.text("model"))
            key = f"id:{session_id}" if session_id else ""
            conversation = backend.new_conversation(self._client, model, key=key)
        reply = await backend.service.send(conversation.without_tools(), text)
        count_reply(backend, reply)
        self._follow(session_id or conversation.id, answer_of(reply).conversation_id, reply.turn_id)

    async def _conversation(self, session_id: str) -> Conversation:
        return await self._backend.named_conversation(self._client, session_id)

    async def _follow_live(self, session_id: str) -> None:
        conversation = await self._conversation(session_id)
        live = [turn for turn in conversation.turns if turn.is_live]
        if not live:
            await self._send({"type": "done", "sessionId": session_id, "status": None})
        for turn in live:
            self._follow(session_id, conversation.id, turn.id)

    def _follow(self, session_id: str, conversation_id: str, turn_id: str) -> None:
        if len(self._following) >= _MOST_FOLLOWED:
            raise Problem(429, "too_many_streams", f"{_MOST_FOLLOWED} replies are followed already.")
        if turn_id not in self._following:
            task = asyncio.create_task(self._relay(session_id, conversation_id, turn_id))
            self._following[turn_id] = task
            task.add_done_callback(lambda _: self._following.pop(turn_id, None))

    async def _relay(self, session_id: str, conversation_id: str, turn_id: str) -> None:
        reader = JoiningReader()
        detach: Callable[[], object] = await attach(self._backend.service, conversation_id, turn_id, reader)
        about = {"sessionId": session_id, "turnId": turn_id}
        try:
            while (item := await reader.get()) is not None:
                match item[1]:
                    case TurnStarted(_, turn):
                        await self._send({"type": "started", "conversationId": conversation_id, **about})
                        if turn.text:
                            await self._send({"type": "chunk", "chunk": turn.text, **about})
                    case TextDelta(text):
                        await self._send({"type": "chunk", "chunk": text, **about})
                    case TurnEnded(turn):
                        if (failure := failure_of(turn)) is not None:
                            await self._send_problem(failure, **about)
                        await self._send({"type": "done", "status": turn.status.value, **about})
                        return
        finally:
            detach()

    async def _send_problem(self, problem: Problem, **about: str) -> None:
        await self._send({"type": "error", "kind": problem.kind, "error": str(problem), **about})

    async def _send(self, message: dict[str, object]) -> None:
        try:
            async with self._sending, asyncio.timeout(SEND_TIMEOUT_S):
                await self._websocket.send_text(compact(message))
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            self.close()
