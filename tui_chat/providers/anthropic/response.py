"""Reads the body of an answer as events, whatever the server sent instead. Knows HTTP, not what the events mean."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2

from tui_chat.core.error import ProtocolBroken
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.providers.anthropic.errors import page_message
from tui_chat.providers.anthropic.stream import events_of_message
from tui_chat.providers.anthropic.values import mapping_of
from tui_chat.providers.bounded_body import error_body, parse_json, whole_body
from tui_chat.providers.sse import COMMENT, Event, EventReader, slices

_DRAIN_S = 0.2
"""For the last bytes after the message."""
_Batch = list[dict[str, Any] | None]


async def batches_of(response: httpx2.Response, masker: Masker = NO_SECRETS) -> AsyncGenerator[_Batch, None]:
    """The events as they come, those of one read together; `None` for a comment, or bytes that complete none."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        title = page_message((await error_body(response)).decode("utf-8", "replace"), masker)
        raise ProtocolBroken(f"a web page came instead of a reply: {title}", detail="html")
    if kind == "application/json":
        yield _events_of_answer(parse_json(await whole_body(response)))
        return
    reader = EventReader()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            for part in slices(chunk):
                batch, fault = _parsed_all(reader.feed(part))
                yield batch or [None]
                if fault := fault or reader.fault:
                    raise fault
    # What the end of the stream cut short is no event; that it was cut shows by the message's missing end.
    yield _parsed_all(reader.end())[0]


def _parsed_all(events: list[Event]) -> tuple[_Batch, Exception | None]:
    """The events as values up to the first that cannot be read, and why it cannot."""
    batch: _Batch = []
    for event in events:
        try:
            batch.append(_parsed(event))
        except ValueError as fault:
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
    value = parse_json(data.decode()) if data else None
    return value if isinstance(value, dict) else None


def _events_of_answer(answer: object) -> list[dict[str, Any] | None]:
    """A server that was asked for a stream and answered with everything at once."""
    match answer:
        case {"type": "message"}:
            return [*events_of_message(mapping_of(answer))]
        case {"error": dict()}:
            return [{**mapping_of(answer), "type": "error"}]
    raise ProtocolBroken("the answer is no message", detail="json")


async def drain(batches: AsyncGenerator[object, None]) -> None:
    """Read to the end of a whole message, so that the connection can be used again."""
    async with asyncio.timeout(_DRAIN_S):
        async for _ in batches:
            pass
