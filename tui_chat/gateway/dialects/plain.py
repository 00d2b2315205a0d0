"""Small streams: the text alone, `chunk`/`cost`/`done` events, and lines of `{"chunk"}` or `{"content"}`."""

from tui_chat.core.event import PartEnd, ReplyEvent, RetryScheduled, TextDelta, ToolCallDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.gateway.dialects.dialect import COMMENT, EVENT_STREAM, NO_BUFFER, sse, sse_text
from tui_chat.gateway.problem import problem_of

_KEEP_ALIVE = {**NO_BUFFER, "connection": "keep-alive"}
_PING = b": ping\n\n"


class TextStream:
    """The text of a reply and nothing else; an error can only cut it short."""

    media_type = "text/plain; charset=utf-8"
    headers = NO_BUFFER
    keep_alive = b""

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                return turn.text.encode("utf-8", "replace")
            case TextDelta(text):
                return text.encode("utf-8", "replace")
        return b""


class ChunkEvents:
    """Events named `chunk`, then `cost` and `done`; `error` before `done` where the reply failed."""

    media_type = EVENT_STREAM
    headers = NO_BUFFER
    keep_alive = COMMENT

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                return sse({"text": turn.text}, event="chunk") if turn.text else b""
            case TextDelta(text):
                return sse({"text": text}, event="chunk")
            case RetryScheduled():
                return COMMENT
            case TurnEnded(turn):
                return _error(turn, "error") + sse(_cost(turn), event="cost") + sse(_done(turn), event="done")
        return b""


def _cost(turn: Turn) -> dict[str, object]:
    usage, cost = turn.usage, turn.cost
    is_known = usage is not None and not usage.unknown
    return {
        "inputTokens": usage.total_input_tokens if usage is not None and is_known else None,
        "outputTokens": usage.output_tokens if usage is not None and is_known else None,
        "totalCost": None if cost is None else round(float(cost.total_usd), 6),
    }


def _done(turn: Turn) -> dict[str, object]:
    return {} if turn.status is TurnStatus.COMPLETE else {"status": turn.status.value}


def _error(turn: Turn, name: str = "") -> bytes:
    if turn.status is not TurnStatus.FAILED or turn.fault is None:
        return b""
    return sse({"error": str(problem_of(turn.fault)), "type": "error"}, event=name)


class DataLines:
    """Lines of JSON without names, ending with `[DONE]`: `{"chunk"}`, or `{"content"}` with tool calls."""

    media_type = EVENT_STREAM
    headers = _KEEP_ALIVE
    keep_alive = _PING

    def __init__(self, field: str) -> None:
        """`field` is `chunk` or `content`."""
        self._field = field
        self._calls: dict[str, int] = {}

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                return self._text(turn.text) if turn.text else b""
            case TextDelta(text):
                return self._text(text)
            case ToolCallDelta() if self._field == "content":
                return self._call(event)
            case PartEnd():
                return b""
            case RetryScheduled():
                return _PING
            case TurnEnded(turn):
                return _error(turn) + sse_text("[DONE]")
        return b""

    def _text(self, text: str) -> bytes:
        typed = {"type": "content"} if self._calls else {}
        return sse({**typed, self._field: text})

    def _call(self, delta: ToolCallDelta) -> bytes:
        is_first = delta.call_id not in self._calls
        index = self._calls.setdefault(delta.call_id, len(self._calls))
        call: dict[str, object] = {"index": index, "id": delta.call_id, "arguments": delta.input_json}
        call |= {"name": delta.name} if is_first else {}
        return sse({"type": "tool_call", "tool_call": call})
