"""The native stream: server-sent events under the names of `ask --jsonl`, with a snapshot."""

from tui_chat.core.event import (
    ApprovalAsked,
    ApprovalGiven,
    FormAnswered,
    FormAsked,
    HealthChanged,
    PartDelta,
    PartEnd,
    ReplyEvent,
    RetryScheduled,
    SavingChanged,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolProgress,
    ToolStarted,
    ToolsUnsupported,
    TurnEnded,
    TurnStarted,
    UsageChanged,
)
from tui_chat.core.part import TextPart, ToolResultPart
from tui_chat.core.turn import Turn
from tui_chat.gateway.dialects.dialect import Dialect, compact, sse, sse_text
from tui_chat.gateway.json_values import Json, approval_json, cost_json, fault_json, turn_json, usage_json

ENDED = "end"
"""The second half of the id of a turn's last event; before it, the id counts characters."""


class NativeDialect(Dialect):
    """One reply; several replies of several conversations may share a stream, each with a dialect of its own."""

    def __init__(self) -> None:
        self._conversation_id = ""
        self._turn_id = ""
        self._text_head = ""
        self._characters = 0
        self.has_ended = False

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(conversation_id, turn):
                return self._start(conversation_id, turn)
            case TextDelta(text):
                self._characters += len(text)
                # By far the most frequent event: only the text is encoded each time.
                line = f"{self._text_head}{compact(text)}}}"
                return sse_text(line, event="text", event_id=f"{self._turn_id}:{self._characters}")
            case ThinkingDelta(text):
                return self._frame("thinking", text=text) if text else b""
            case ToolCallDelta(call_id, name, piece, on_server):
                return self._frame("tool_call", call_id=call_id, name=name, input_json=piece, on_server=on_server)
            case UsageChanged(usage, cost):
                return self._frame("usage", usage=usage_json(usage), **cost_json(cost))
            case RetryScheduled(attempt, delay_s, error):
                return self._frame("retry", attempt=attempt, delay_s=round(delay_s, 3), error=fault_json(error.fault))
            case HealthChanged(health, silent_s):
                return self._frame("health", health=health.value, silent_s=round(silent_s, 1))
            case SavingChanged(error):
                return self._frame("saving", error=fault_json(error.fault if error else None))
            case TurnEnded(turn, _, save_error):
                self.has_ended = True
                fault = save_error.fault if save_error else None
                return self._frame("ended", turn=turn_json(turn), save_error=fault_json(fault))
            case PartDelta(ToolResultPart(call_id, text) as part):
                return self._frame("tool_result", call_id=call_id, text=text, status=part.status.value)
            case ToolStarted(call_id):
                return self._frame("tool_started", call_id=call_id)
            case ToolProgress(call_id, tail):
                return self._frame("tool_progress", call_id=call_id, tail=tail)
            case ApprovalAsked(approval):
                return self._frame("approval", approval=approval_json(approval))
            case ApprovalGiven(call_id, verdict):
                return self._frame("approved", call_id=call_id, decision=verdict.decision.value)
            case PartDelta() | PartEnd() | ToolsUnsupported() | FormAsked() | FormAnswered():
                return b""

    def _start(self, conversation_id: str, turn: Turn) -> bytes:
        self._conversation_id, self._turn_id = conversation_id, turn.id
        # Of the deltas alone: the whole text has blank lines where tools ran.
        self._characters = sum(len(part.text) for part in turn.parts if isinstance(part, TextPart))
        about = {"type": "text", "conversation_id": conversation_id, "turn_id": turn.id, "text": ""}
        self._text_head = compact(about).removesuffix('""}')
        first = self._frame("started", parent_id=turn.parent_id, model=turn.model)
        return first if not turn.parts else first + self._frame("snapshot", turn=turn_json(turn))

    def _frame(self, event: str, **fields: object) -> bytes:
        about: Json = {"type": event, "conversation_id": self._conversation_id, "turn_id": self._turn_id}
        event_id = f"{self._turn_id}:{ENDED if event == 'ended' else self._characters}"
        return sse(about | fields, event=event, event_id=event_id)
