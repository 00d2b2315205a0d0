"""Vercel's AI SDK 4: the data stream, one line a piece, each with a code for its kind."""

from typing import Any

from tui_chat.core.event import ReplyEvent, TextDelta, ThinkingDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Turn
from tui_chat.gateway.dialects.dialect import NO_BUFFER, Dialect, compact
from tui_chat.gateway.dialects.openai import finish_reason
from tui_chat.gateway.problem import failure_of

_TEXT, _ERROR, _REASONING, _START, _STEP_END, _END = "03gfed"
_REASONS = {"content_filter": "content-filter"}


class DataStream(Dialect):
    media_type = "text/plain; charset=utf-8"
    headers = NO_BUFFER | {"x-vercel-ai-data-stream": "v1"}
    keep_alive = b""

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                first = _line(_START, {"messageId": turn.id})
                first += _line(_REASONING, turn.thinking) if turn.thinking else b""
                return first + (_line(_TEXT, turn.text) if turn.text else b"")
            case TextDelta(text):
                return _line(_TEXT, text)
            case ThinkingDelta(text):
                return _line(_REASONING, text) if text else b""
            case TurnEnded(turn):
                return _end(turn)
        return b""


def _end(turn: Turn) -> bytes:
    if (failure := failure_of(turn)) is not None:
        return _line(_ERROR, str(failure))
    reason = finish_reason(turn)
    usage = turn.usage
    tokens = {
        "promptTokens": None if usage is None else usage.total_input_tokens,
        "completionTokens": None if usage is None else usage.output_tokens,
    }
    ending = {"finishReason": _REASONS.get(reason, reason), "usage": tokens}
    return _line(_STEP_END, {**ending, "isContinued": False}) + _line(_END, ending)


def _line(code: str, value: Any) -> bytes:
    return f"{code}:{compact(value)}\n".encode("utf-8", "replace")
