"""The protocol of a dialect, and the frames of server-sent events. Knows no socket and no clock."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from tui_chat.core.event import ReplyEvent

EVENT_STREAM = "text/event-stream"
NO_BUFFER = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
"""Headers that keep proxies from holding a stream back."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
COMMENT = b": keep-alive\n\n"


class Dialect(Protocol):
    """Writes the events of one reply as bytes. It has state: each stream has its own."""

    media_type: str = EVENT_STREAM
    headers: Mapping[str, str] = NO_BUFFER
    keep_alive: bytes = COMMENT
    """Written after a silence."""

    def encode(self, event: ReplyEvent) -> bytes:
        """Return the bytes of an event; empty for an event that this dialect does not show."""
        ...


def sse(data: object, *, event: str = "", event_id: str = "") -> bytes:
    """Return one server-sent event with JSON on one line."""
    return sse_text(compact(data), event=event, event_id=event_id)


def sse_text(line: str, *, event: str = "", event_id: str = "") -> bytes:
    """Return one server-sent event with a line of text."""
    lines = [f"event: {event}"] if event else []
    lines += [f"id: {event_id}"] if event_id else []
    return "\n".join((*lines, f"data: {line}", "", "")).encode("utf-8", "replace")


def compact(data: Any) -> str:
    """Return JSON on one line."""
    return _ENCODER.encode(data)
