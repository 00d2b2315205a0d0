"""Anthropic's Messages: the body of a request, the events of a stream, the whole answer."""

from tui_chat.core.conversation import Options
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.part import TextPart, ThinkingPart
from tui_chat.core.turn import Role, Turn
from tui_chat.gateway.body import Body
from tui_chat.gateway.chat_request import ChatRequest, Message, read_messages
from tui_chat.gateway.dialects.data_url import from_base64
from tui_chat.gateway.dialects.dialect import Dialect, sse
from tui_chat.gateway.json_values import Json
from tui_chat.gateway.problem import failure_of, wrong_field
from tui_chat.gateway.problem_response import anthropic_error
from tui_chat.gateway.turn_deltas import deltas_between

_REFUSED = ("tools", "stop_sequences", "mcp_servers", "container", "output_format")
_IGNORED = ("top_p", "top_k", "service_tier", "context_management")
_STOPPED = {
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "refusal": "refusal",
    "content_filter": "refusal",
}
_PING = sse({"type": "ping"}, event="ping")


def parse(body: Body, *, counts: bool = False) -> ChatRequest:
    """Read a request, or with `counts` one that only asks for the count of its tokens."""
    for name in _REFUSED:
        if body.raw(name) not in (None, [], {}, "", False):
            raise wrong_field(name, "is not supported here; leave it out")
    messages, _ = read_messages(body, _message)
    limit = body.count("max_tokens")
    if limit is None and not counts:
        raise wrong_field("max_tokens", "is required")
    return ChatRequest(
        messages,
        body.text("model"),
        _system(body),
        Options(limit, body.number("temperature", least=0, most=2), _effort(body), _thinking(body)),
        stream=bool(body.flag("stream")),
        key=body.inner("metadata").text("conversation_id", most=200),
        ignored=tuple(name for name in _IGNORED if body.raw(name) is not None),
    )


def _system(body: Body) -> str | None:
    if isinstance(body.raw("system"), list):
        return "\n\n".join(block.text("text") for block in body.objects("system"))
    return body.text("system") if "system" in body else None


def _thinking(body: Body) -> bool | None:
    kind = body.inner("thinking").text("type")
    return {"enabled": True, "adaptive": True, "disabled": False}.get(kind)


def _effort(body: Body) -> str | None:
    return body.inner("output_config").text("effort", most=40) or None


def _message(item: Body, role: Role) -> Message:
    if isinstance(item.raw("content"), str):
        return Message(role, item.text("content"))
    texts, attachments = [], []
    for block in item.objects("content"):
        match block.text("type"):
            case "text":
                texts.append(block.text("text"))
            case "thinking" | "redacted_thinking":
                continue
            case "image" | "document":
                source, name = block.inner("source"), block.text("title", most=255)
                field = source.name("data")
                match source.text("type"):
                    case "base64":
                        kind = source.text("media_type")
                        attachments.append(from_base64(source.required_text("data"), kind, name, field))
                    case "text":
                        texts.append(source.text("data"))
                    case _:
                        raise wrong_field(source.name("type"), "must be base64 or text: nothing is fetched here")
            case _:
                raise wrong_field(block.name("type"), "must be text, image or document")
    text = "\n\n".join(filter(None, texts)) if role is Role.USER else "".join(texts)
    return Message(role, text, tuple(attachments))


class AnthropicEvents(Dialect):
    """The stream of a reply: every event has a name, as Anthropic's own SDK wants it."""

    keep_alive = _PING

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._open = ""

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                return self._start(turn)
            case TextDelta(text):
                return self._delta("text", {"type": "text_delta", "text": text})
            case ThinkingDelta(text):
                return self._delta("thinking", {"type": "thinking_delta", "thinking": text}) if text else b""
            case PartEnd(call_id=None) | PartDelta():
                return self._close()
            case RetryScheduled():
                return _PING
            case TurnEnded(turn):
                return self._end(turn)
        return b""

    def _start(self, turn: Turn) -> bytes:
        message = {**message_json(turn, self._model), "content": [], "stop_reason": None, "stop_sequence": None}
        first = sse({"type": "message_start", "message": message}, event="message_start")
        return first + b"".join(map(self.encode, deltas_between(None, turn)))

    def _delta(self, kind: str, delta: Json) -> bytes:
        opened = b""
        if self._open != kind:
            opened = self._close()
            self._index, self._open = self._index + 1, kind
            block = {"type": kind, kind: ""} | ({"signature": ""} if kind == "thinking" else {})
            start = {"type": "content_block_start", "index": self._index, "content_block": block}
            opened += sse(start, event="content_block_start")
        content = {"type": "content_block_delta", "index": self._index, "delta": delta}
        return opened + sse(content, event="content_block_delta")

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return sse({"type": "content_block_stop", "index": self._index}, event="content_block_stop")

    def _end(self, turn: Turn) -> bytes:
        closed = self._close()
        if (failure := failure_of(turn)) is not None:
            return closed + sse(anthropic_error(failure), event="error")
        ending = {"stop_reason": stop_reason(turn), "stop_sequence": None}
        delta = {"type": "message_delta", "delta": ending, "usage": usage_json(turn)}
        return closed + sse(delta, event="message_delta") + sse({"type": "message_stop"}, event="message_stop")


def stop_reason(turn: Turn) -> str:
    """Return why a reply ended, in Anthropic's words."""
    return _STOPPED.get(turn.stop_reason or "", "end_turn")


def message_json(turn: Turn, model: str) -> Json:
    content: list[Json] = []
    for part in turn.parts:
        match part:
            case TextPart(text) if text:
                content.append({"type": "text", "text": text})
            case ThinkingPart(text) if text:
                content.append({"type": "thinking", "thinking": text, "signature": ""})
    return {
        "id": f"msg_{turn.id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(turn),
        "stop_sequence": None,
        "usage": usage_json(turn),
    }


def usage_json(turn: Turn) -> Json:
    """Return tokens in Anthropic's words; 0 at the start of a stream, where nothing is known yet."""
    usage = turn.usage
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    return {
        "input_tokens": usage.input_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
    }
