"""Vercel's AI SDK 5, 6 and 7: the messages of `useChat`, and the UI message stream v1."""

import json

from tui_chat.core.event import (
    HealthChanged,
    PartDelta,
    PartEnd,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.part import ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.gateway.body import Body
from tui_chat.gateway.chat_request import ChatRequest, Message, read_messages
from tui_chat.gateway.dialects.data_url import from_data_url
from tui_chat.gateway.dialects.dialect import NO_BUFFER, Dialect, sse, sse_text
from tui_chat.gateway.json_values import Json, cost_json, usage_json
from tui_chat.gateway.problem import failure_of
from tui_chat.gateway.turn_deltas import deltas_between


def parse(body: Body) -> ChatRequest:
    """Read the messages of `useChat`, of the newer form with parts and of the older one with content."""
    messages, system = read_messages(body, _message, system_roles=("system",))
    return ChatRequest(messages, body.text("model"), system, key=body.text("id", most=200))


def _message(item: Body, role: Role) -> Message:
    texts, attachments = [], []
    for part in item.objects("parts"):
        match part.text("type"):
            case "text":
                texts.append(part.text("text"))
            case "file":
                field = part.name("url")
                attachments.append(from_data_url(part.required_text("url"), part.text("filename", most=255), field))
    for file in item.objects("experimental_attachments"):
        attachments.append(from_data_url(file.required_text("url"), file.text("name", most=255), file.name("url")))
    if not texts and isinstance(item.raw("content"), str):
        texts.append(item.text("content"))
    return Message(role, "".join(texts), tuple(attachments))


class UiMessageStream(Dialect):
    headers = NO_BUFFER | {"x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self) -> None:
        self._turn_id = ""
        self._part = -1
        self._open = ""
        self._calls: dict[str, tuple[str, str]] = {}
        """The name and the input of each call so far."""

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(conversation_id, turn):
                return self._start(conversation_id, turn)
            case TextDelta(text):
                return self._delta("text", text)
            case ThinkingDelta(text):
                return self._delta("reasoning", text) if text else b""
            case ToolCallDelta():
                return self._call(event)
            case PartEnd(_, None):
                return self._close()
            case PartEnd(_, str() as call_id):
                return self._called(call_id)
            case PartDelta(ToolResultPart(call_id, text)):
                output = {"toolCallId": call_id, "output": text, "dynamic": True, "providerExecuted": True}
                return self._close() + sse({"type": "tool-output-available", **output})
            case PartDelta():
                return self._close()
            case RetryScheduled(attempt, delay_s, error):
                return _health({"state": "retry", "attempt": attempt, "delayS": delay_s, "kind": error.kind})
            case HealthChanged(health, silent_s):
                return _health({"state": health.value, "silentS": round(silent_s, 1)})
            case TurnEnded(turn):
                return self._end(turn)
        return b""

    def _start(self, conversation_id: str, turn: Turn) -> bytes:
        self._turn_id = turn.id
        metadata = {"conversationId": conversation_id, "model": turn.model}
        first = sse({"type": "start", "messageId": turn.id, "messageMetadata": metadata})
        return first + sse({"type": "start-step"}) + b"".join(map(self.encode, deltas_between(None, turn)))

    def _delta(self, kind: str, text: str) -> bytes:
        opened = b""
        if self._open != kind:
            opened = self._close()
            self._part, self._open = self._part + 1, kind
            opened += sse({"type": f"{kind}-start", "id": self._part_id})
        return opened + sse({"type": f"{kind}-delta", "id": self._part_id, "delta": text})

    @property
    def _part_id(self) -> str:
        return f"{self._turn_id}-{self._part}"

    def _close(self) -> bytes:
        kind, self._open = self._open, ""
        return sse({"type": f"{kind}-end", "id": self._part_id}) if kind else b""

    def _call(self, delta: ToolCallDelta) -> bytes:
        first = b""
        name, so_far = self._calls.get(delta.call_id, (delta.name, ""))
        if delta.call_id not in self._calls:
            about = {"toolCallId": delta.call_id, "toolName": name, "dynamic": True, "providerExecuted": True}
            first = self._close() + sse({"type": "tool-input-start", **about})
        self._calls[delta.call_id] = (name or delta.name, so_far + delta.input_json)
        if not delta.input_json:
            return first
        piece = {"toolCallId": delta.call_id, "inputTextDelta": delta.input_json}
        return first + sse({"type": "tool-input-delta", **piece})

    def _called(self, call_id: str) -> bytes:
        if call_id not in self._calls:
            return b""
        name, text = self._calls.pop(call_id)
        try:
            value = json.loads(text or "{}")
        except ValueError:
            value = text
        about = {"toolCallId": call_id, "toolName": name, "input": value, "dynamic": True, "providerExecuted": True}
        return sse({"type": "tool-input-available", **about})

    def _end(self, turn: Turn) -> bytes:
        closed = self._close() + b"".join(self._called(call_id) for call_id in tuple(self._calls))
        done = sse_text("[DONE]")
        if (failure := failure_of(turn)) is not None:
            return closed + sse({"type": "error", "errorText": str(failure)}) + done
        if turn.status is not TurnStatus.COMPLETE:
            return closed + sse({"type": "abort"}) + done
        metadata = {"usage": usage_json(turn.usage), **cost_json(turn.cost), "stopReason": turn.stop_reason}
        finish = {"type": "finish", "messageMetadata": metadata}
        return closed + sse({"type": "finish-step"}) + sse(finish) + done


def _health(data: Json) -> bytes:
    return sse({"type": "data-health", "data": data, "transient": True})
