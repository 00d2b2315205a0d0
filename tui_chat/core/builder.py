"""Builds a turn from the events of a reply. Must not know clocks, storage or providers."""

from dataclasses import dataclass, field, replace

from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    ReplyOpened,
    SignOfLife,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolStarted,
    UsageReported,
)
from tui_chat.core.part import Opaque, Part, RoundPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.text_tokens import rough_tokens
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Usage


@dataclass(slots=True)
class _OpenPart:
    """A part that still grows."""

    kind: type[TextPart] | type[ThinkingPart] | type[ToolCallPart]
    pieces: TextBuffer = field(default_factory=TextBuffer)
    call_id: str = ""
    name: str = ""
    on_server: bool = False
    continued: bool = False
    """It continues an earlier reply, so the provider's own block would be only its second half."""

    def part(self, opaque: Opaque | None = None) -> Part:
        text = self.pieces.text
        if self.kind is ToolCallPart:
            return ToolCallPart(self.call_id, self.name, text, self.on_server, opaque)
        block = None if self.continued else opaque
        return ThinkingPart(text, block) if self.kind is ThinkingPart else TextPart(text, block)


class TurnBuilder:
    def __init__(self, turn: Turn) -> None:
        """Start with `turn`; text that it already holds is continued."""
        self._turn = turn
        self._parts: list[Part | _OpenPart] = list(turn.parts)
        self._open: _OpenPart | None = None
        self._open_at = 0
        self._calls: dict[str, int] = {}
        self.usage: Usage | None = turn.usage
        self.usage_is_final = False
        """The provider reported the usage after the model had stopped or failed."""
        self.stopped: Stopped | None = None
        self.request_id: str | None = turn.request_id
        self.characters = 0
        """Characters of prose, thinking and arguments so far."""
        self.rough_tokens = 0.0
        """Rough count of their tokens, for estimates."""
        self.started: set[str] = set()
        """Calls whose tools have started and have no result."""
        if self._parts and isinstance(last := self._parts[-1], TextPart):
            self._open = _OpenPart(TextPart, TextBuffer(last.text), continued=True)
            self._parts[-1] = self._open
            self._open_at = len(self._parts) - 1

    def add(self, event: ProviderEvent) -> None:
        match event:
            case TextDelta(text):
                self._grow(TextPart, text)
            case ThinkingDelta(text):
                self._grow(ThinkingPart, text)
            case ToolCallDelta():
                self._grow_call(event)
            case PartDelta(part):
                self._open = None
                self._parts.append(part)
                if isinstance(part, RoundPart):
                    self._start_round()
                elif isinstance(part, ToolResultPart):
                    self.started.discard(part.call_id)
            case PartEnd(opaque, call_id):
                self._close(opaque, call_id)
            case UsageReported(usage, is_final):
                self.usage = None if usage.unknown else usage
                self.usage_is_final = is_final
            case ReplyOpened(request_id):
                self.request_id = request_id or self.request_id
            case Stopped():
                self.stopped = event
            case ToolStarted(call_id):
                self.started.add(call_id)
            case SignOfLife():
                pass

    def _start_round(self) -> None:
        """Count from zero again: a `RoundPart` holds the figures of the request that ended."""
        self.usage = self.stopped = None
        self.usage_is_final = False
        self.characters = 0
        self.rough_tokens = 0.0

    def _grow(self, kind: type[TextPart] | type[ThinkingPart], text: str) -> None:
        if self._open is None or self._open.kind is not kind:
            self._open = _OpenPart(kind)
            self._open_at = len(self._parts)
            self._parts.append(self._open)
        self._open.pieces.add(text)
        self._count(text)

    def _grow_call(self, delta: ToolCallDelta) -> None:
        self._open = None
        at = self._calls.get(delta.call_id)
        part = None if at is None else self._parts[at]
        if not isinstance(part, _OpenPart):
            part = _OpenPart(ToolCallPart, TextBuffer(), delta.call_id, delta.name, delta.on_server)
            self._calls[delta.call_id] = len(self._parts)
            self._parts.append(part)
        part.name = part.name or delta.name
        part.pieces.add(delta.input_json)
        self._count(delta.input_json)

    def _count(self, text: str) -> None:
        self.characters += len(text)
        self.rough_tokens += rough_tokens(text)

    def _close(self, opaque: Opaque | None, call_id: str | None) -> None:
        if call_id is not None:
            at = self._calls.pop(call_id, None)
            if at is not None and isinstance(call := self._parts[at], _OpenPart):
                self._parts[at] = call.part(opaque)
        elif self._open is not None:
            self._parts[self._open_at] = self._open.part(opaque)
            self._open = None

    @property
    def turn(self) -> Turn:
        parts = tuple(part.part() if isinstance(part, _OpenPart) else part for part in self._parts)
        stopped = self.stopped
        return replace(
            self._turn,
            parts=parts,
            usage=self.usage,
            request_id=self.request_id,
            stop_reason=stopped.reason if stopped else None,
            stop_detail=stopped.detail if stopped else "",
        )
