"""A turn of a conversation: a prompt or a reply."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tui_chat.core.error import Fault
from tui_chat.core.part import Part, RoundPart, TextPart, ThinkingPart, ToolResultPart
from tui_chat.core.usage import Cost, Usage

EDITED = "edited"
"""The stop reason of a reply that the user wrote, from one of a model."""
_LEAST_MEASURED_TOKENS, _LEAST_MEASURED_MS = 5, 50
"""A reply of fewer tokens, or in less time, arrives at once, and shows nothing about the speed of its model."""


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class TurnStatus(StrEnum):
    STREAMING = "streaming"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Found streaming with no living owner: the program died while it streamed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt or a reply, with everything known about it."""

    id: str
    parent_id: str | None
    """The turn it answers; `None` at the root of the tree."""
    role: Role
    parts: tuple[Part, ...]
    status: TurnStatus
    created_at: datetime
    model: str = ""
    """`provider/model` of a reply; empty for a prompt."""
    usage: Usage | None = None
    cost: Cost | None = None
    stop_reason: str | None = None
    """The provider's own word for why it stopped: `end_turn`, `max_tokens`, `refusal` …"""
    stop_detail: str = ""
    """The provider's explanation, such as why it refused."""
    fault: Fault | None = None
    request_id: str | None = None
    ttft_ms: int | None = None
    """From the request's start to the first delta."""
    duration_ms: int | None = None
    """From the request's start to the end; of several requests, without the waits for the later ones."""

    @property
    def text(self) -> str:
        """The prose alone, as it is read and copied; with a blank line where tools ran in between."""
        pieces: list[str] = []
        gap = ""
        before: Part | None = None
        for part in self.parts:
            if isinstance(part, TextPart):
                pieces += [gap, part.text] if pieces else [part.text]
                gap = ""
            elif isinstance(part, ToolResultPart) and isinstance(before, RoundPart):
                gap = "\n\n"
            before = part
        return "".join(pieces)

    @property
    def thinking(self) -> str:
        return "\n\n".join(part.text for part in self.parts if isinstance(part, ThinkingPart) and part.text)

    @property
    def is_live(self) -> bool:
        return self.status is TurnStatus.STREAMING

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens a second from the first delta to the end, where both are known."""
        if self.usage is None or self.usage.unknown or self.ttft_ms is None or self.duration_ms is None:
            return None
        return measured_speed(self.usage.output_tokens, self.duration_ms - self.ttft_ms)


def measured_speed(tokens: int, streamed_ms: int) -> float | None:
    """Return tokens a second; `None` if there is too little of them to measure."""
    is_measurable = streamed_ms >= _LEAST_MEASURED_MS and tokens >= _LEAST_MEASURED_TOKENS
    return tokens * 1000 / streamed_ms if is_measurable else None
