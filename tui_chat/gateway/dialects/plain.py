"""Small streams: the text alone, `chunk`/`cost`/`done` events, and lines of `{"chunk"}` or `{"content"}`."""

from tui_chat.core.event import ReplyEvent, RetryScheduled, TextDelta, ToolCallDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.gateway.dialects.dialect import COMMENT, NO_BUFFER, Dialect, sse, sse_text
from tui_chat.gateway.problem import failure_of

_PING = b": ping\n\n"


class TextStream(Dialect):
    """The text of a reply and nothing else; an error can only cut it short."""

    media_type = "text/plain; charset=utf-8"
    keep_alive = b""

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                return turn.text.encode("utf-8", "replace")
            case TextDelta(text):
                return text.encode("utf-8", "replace")
        return b""


class ChunkEvents(Dialect):
    """Events named `chunk`, then `cost` and `done`; `error` before `done` where the reply failed."""

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
    usage = None if usage is None or usage.unknown else usage
    return {
        "inputTokens": None if usage is None else usage.total_input_tokens,
        "outputTokens": None if usage is None else usage.output_tokens,
        "totalCost": None if cost is None else round(float(cost.total_usd), 6),
    }


def _done(turn: Turn) -> dict[str, object]:
    return {} if turn.status is TurnStatus.COMPLETE else {"status": turn.status.value}


def _error(turn: Turn, name: str = "") -> bytes:
    failure = failure_of(turn)
    return b"" if failure is None else sse({"error": str(failure), "type": "error"}, event=name)


class DataLines(Dialect):
    """Lines of JSON without names, ending with `[DONE]`: `{"chunk"}`, or `{"content"}` with tool calls."""

    headers = NO_BUFFER | {"connection": "keep-alive"}
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
