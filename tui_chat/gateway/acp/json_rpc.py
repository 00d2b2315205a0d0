"""JSON-RPC 2.0 over lines of text: requests and answers in both directions, notifications out. Knows no method."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from tui_chat.core.error import ChatError
from tui_chat.gateway.json_values import Json
from tui_chat.gateway.problem import Problem, problem_of

_log = logging.getLogger(__name__)
Method = Callable[[Json], Awaitable[Json | None]]

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
INVALID_PARAMS, INTERNAL_ERROR = -32602, -32603
NOT_FOUND = -32002
"""The protocol's own code for a resource that does not exist."""
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of one message from a client."""


class JsonRpc:
    def __init__(self, methods: Mapping[str, Method], write: Callable[[str], Awaitable[None]]) -> None:
        self._methods = methods
        self._write = write
        self._writing = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._answers: dict[int, asyncio.Future[Json]] = {}
        """By the id of our request."""

    async def notify(self, method: str, params: Json) -> None:
        await self._send({"method": method, "params": params})

    async def request(self, method: str, params: Json) -> Json:
        """Send a request and return its result; an error is an empty one."""
        self._asked += 1
        request_id = self._asked
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = answer
        try:
            await self._send({"id": request_id, "method": method, "params": params})
            return await answer
        finally:
            del self._answers[request_id]

    async def take(self, line: str) -> None:
        """Handle one line; a request runs on while further lines are read."""
        if not line.strip():
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            await self._refuse(None, PARSE_ERROR, "this line is not JSON")
            return
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            if isinstance(message, dict) and ("result" in message or "error" in message):
                self._take_answer(message)
                return
            await self._refuse(None, INVALID_REQUEST, "this is no request")
            return
        task = asyncio.create_task(self._run(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _take_answer(self, message: Json) -> None:
        request_id, result = message.get("id"), message.get("result")
        answer = self._answers.get(request_id) if isinstance(request_id, int) else None
        if answer is not None and not answer.done():
            answer.set_result(result if isinstance(result, dict) else {})

    async def settle(self, timeout_s: float) -> None:
        """Wait for the requests that still run."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)

    async def _run(self, message: Json) -> None:
        request_id, params = message.get("id"), message.get("params")
        method = self._methods.get(message["method"])
        if method is None:
            await self._refuse(request_id, METHOD_NOT_FOUND, f"there is no method {message['method']}")
            return
        try:
            result = await method(params if isinstance(params, dict) else {})
        except Problem as problem:
            await self._refuse_problem(request_id, problem)
        except ChatError as error:
            await self._refuse_problem(request_id, problem_of(error))
        else:
            if request_id is not None:
                await self._send({"id": request_id, "result": result})

    async def _refuse_problem(self, request_id: object, problem: Problem) -> None:
        code = {400: INVALID_PARAMS, 404: NOT_FOUND}.get(problem.status, INTERNAL_ERROR)
        await self._refuse(request_id, code, str(problem), {"kind": problem.kind})

    async def _refuse(self, request_id: object, code: int, message: str, data: Json | None = None) -> None:
        error = {"code": code, "message": message} | ({"data": data} if data else {})
        if request_id is not None or code in (PARSE_ERROR, INVALID_REQUEST):
            await self._send({"id": request_id, "error": error})
        else:
            _log.warning("a notification was refused: %s", message)

    async def _send(self, message: Json) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, separators=(",", ":"))
        async with self._writing:
            await self._write(line + "\n")
