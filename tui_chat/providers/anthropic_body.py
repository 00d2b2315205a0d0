"""Reads the body of an answer as events, whatever the server sent instead. Knows HTTP, not what the events mean."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2

from tui_chat.core.error import ProtocolBroken
from tui_chat.providers.anthropic_errors import page_message
from tui_chat.providers.anthropic_sse import COMMENT, Event, EventCutter
from tui_chat.providers.anthropic_values import mapping_of
from tui_chat.providers.anthropic_wire import events_of_message

_DRAIN_S = 0.2
"""For the last bytes after the message."""
_LARGEST_ANSWER_BYTES = 32_000_000


async def batches_of(response: httpx2.Response) -> AsyncGenerator[list[dict[str, Any] | None], None]:
    """The events as they come, those of one read together; `None` for a comment."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/json"):
        body = await _whole(response)
        if kind == "text/html":
            title = page_message(body.decode("utf-8", "replace"))
            raise ProtocolBroken(f"a web page came instead of a reply: {title}", detail="html")
        yield _events_of_answer(json.loads(body))
        return
    cutter = EventCutter()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            if events := cutter.feed(chunk):
                batch, fault = _parsed_all(events)
                yield batch
                if fault is not None:
                    raise fault
    # What the end of the stream cut short is no event; that it was cut shows by the message's missing end.
    yield _parsed_all(cutter.end())[0]


def _parsed_all(events: list[Event]) -> tuple[list[dict[str, Any] | None], Exception | None]:
    """The events as values up to the first that cannot be read, and why it cannot."""
    batch: list[dict[str, Any] | None] = []
    for event in events:
        try:
            batch.append(_parsed(event))
        except (ValueError, RecursionError) as fault:
            return batch, fault
    return batch, None


def _parsed(event: Event) -> dict[str, Any] | None:
    """The event as a value; raises `ValueError` for what cannot be read."""
    name, data = event
    if event is COMMENT or data == b"[DONE]":
        return None
    if name == "ping":
        return {"type": "ping"}
    if name == "error" and not data.startswith(b"{"):
        return {"type": "error", "error": {"message": data.decode("utf-8", "replace")}}
    value = json.loads(data.decode()) if data else None
    return value if isinstance(value, dict) else None


def _events_of_answer(answer: object) -> list[dict[str, Any] | None]:
    """A server that was asked for a stream and answered with everything at once."""
    match answer:
        case {"type": "message"}:
            return [*events_of_message(mapping_of(answer))]
        case {"error": dict()}:
            return [{**mapping_of(answer), "type": "error"}]
    raise ProtocolBroken("the answer is no message", detail="json")


async def _whole(response: httpx2.Response) -> bytes:
    """The body, as far as is bearable."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _LARGEST_ANSWER_BYTES:
                raise ValueError("an answer without end")
    return bytes(body)


async def drain(batches: AsyncGenerator[object, None]) -> None:
    """Read to the end of a whole message, so that the connection can be used again."""
    async with asyncio.timeout(_DRAIN_S):
        async for _ in batches:
            pass
