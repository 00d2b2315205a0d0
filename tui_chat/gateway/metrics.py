"""Counters of the gateway: streams, times, refusals. Knows no request and no clock."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from tui_chat.core.turn import Turn, TurnStatus

_KEPT = 200


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One stream to a client, after its end."""

    path: str
    duration_s: float
    chunks: int
    joined_deltas: int
    outcome: str
    """`complete`, `cancelled`, `failed`, `interrupted`, `left` or `stalled`."""


@dataclass
class Metrics:
    """What happened since the server started."""

    active_streams: int = 0
    requests: int = 0
    streams: deque[StreamRecord] = field(default_factory=lambda: deque(maxlen=_KEPT))
    streams_total: int = 0
    joined_deltas: int = 0
    refusals: Counter[int] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    _ttft_ms: deque[int] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _tokens_per_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def record_stream(self, record: StreamRecord) -> None:
        self.streams.append(record)
        self.streams_total += 1
        self.joined_deltas += record.joined_deltas

    def record_reply(self, turn: Turn) -> None:
        """Count a reply that a client asked for."""
        self.replies[turn.status.value] += 1
        if turn.ttft_ms is not None:
            self._ttft_ms.append(turn.ttft_ms)
        if turn.status is TurnStatus.COMPLETE and turn.tokens_per_s is not None:
            self._tokens_per_s.append(turn.tokens_per_s)

    def as_json(self) -> dict[str, Any]:
        """Return all figures; a median of nothing is null."""
        return {
            "requests": self.requests,
            "active_streams": self.active_streams,
            "streams_total": self.streams_total,
            "joined_deltas": self.joined_deltas,
            "replies": dict(self.replies),
            "refusals": {str(status): count for status, count in sorted(self.refusals.items())},
            "median_ttft_ms": median(self._ttft_ms) if self._ttft_ms else None,
            "median_tokens_per_s": round(median(self._tokens_per_s), 1) if self._tokens_per_s else None,
            "streams": [asdict(record) | {"duration_s": round(record.duration_s, 3)} for record in self.streams],
        }
