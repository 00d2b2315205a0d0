"""Shows an editor the calls of tools in a reply, and asks it where a call needs the user's answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tui_chat.core.event import ApprovalAsked, PartDelta, PartEnd, ReplyEvent, ToolCallDelta, ToolStarted
from tui_chat.core.part import ToolCallPart, ToolResultPart
from tui_chat.core.tool import Approval, Decision, Effect, Verdict
from tui_chat.gateway.acp.json_rpc import JsonRpc
from tui_chat.gateway.body import Body
from tui_chat.gateway.json_values import Json
from tui_chat.service.reply import Reply

_KINDS = {Effect.READ: "read", Effect.NETWORK: "fetch", Effect.EXECUTE: "execute", Effect.UNKNOWN: "other"}
_OPTIONS = [
    {"optionId": Decision.ONCE.value, "name": "Allow once", "kind": "allow_once"},
    {"optionId": Decision.CONVERSATION.value, "name": "Allow in this conversation", "kind": "allow_always"},
    {"optionId": Decision.DENY.value, "name": "Deny", "kind": "reject_once"},
]


class ToolCalls:
    def __init__(self, reply: Reply, rpc: JsonRpc, update: Callable[..., Awaitable[None]]) -> None:
        """`update` sends a `session/update` of a kind with these fields."""
        self._reply = reply
        self._rpc = rpc
        self._update = update
        self._open: set[str] = set()
        self._asking: set[asyncio.Task[None]] = set()

    async def show(self, event: ReplyEvent) -> None:
        """Send the part of an event about a call."""
        match event:
            case ToolCallDelta(call_id, name) if call_id not in self._open:
                self._open.add(call_id)
                await self._update("tool_call", toolCallId=call_id, title=name, status="pending")
            case PartEnd(_, str() as call_id):
                await self._change(call_id, rawInput=self._input(call_id))
            case ToolStarted(call_id):
                await self._change(call_id, status="in_progress")
            case PartDelta(ToolResultPart(call_id, text, is_error)):
                content = [{"type": "content", "content": {"type": "text", "text": text}}]
                await self._change(call_id, status="failed" if is_error else "completed", content=content)
            case ApprovalAsked(approval):
                # Keep reading the reply: it may be cancelled while the question is open.
                task = asyncio.create_task(self._ask(approval))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    def close(self) -> None:
        for task in self._asking:
            task.cancel()

    async def _change(self, call_id: str, **fields: Any) -> None:
        if call_id in self._open:
            await self._update("tool_call_update", toolCallId=call_id, **fields)

    def _input(self, call_id: str) -> object:
        calls = [part for part in self._reply.turn.parts if isinstance(part, ToolCallPart)]
        text = next((call.input_json for call in calls if call.call_id == call_id), "")
        try:
            return json.loads(text)
        except ValueError:
            return text

    async def _ask(self, approval: Approval) -> None:
        call, review = approval.call, approval.review
        lines = "\n\n".join(filter(None, (review.warning, review.details)))
        content = [{"type": "content", "content": {"type": "text", "text": lines}}] if lines else []
        about: Json = {
            "toolCallId": call.call_id,
            "title": review.summary,
            "kind": _KINDS[review.tool.effect],
            "status": "pending",
            "content": content,
            "rawInput": self._input(call.call_id),
        }
        params = {"sessionId": self._reply.conversation_id, "toolCall": about, "options": _OPTIONS}
        answer = Body(await self._rpc.request("session/request_permission", params)).inner("outcome")
        allowed = (Decision.ONCE, Decision.CONVERSATION)
        decision = next((one for one in allowed if answer.text("optionId") == one.value), Decision.DENY)
        await self._reply.answer(call.call_id, Verdict(decision))
