"""Reads response bodies, JSON and web pages within limits of size and time. Knows no wire."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import httpx2

from tui_chat.core.error import ProtocolBroken
from tui_chat.providers.sse import LARGEST_EVENT_BYTES

_MAX_ERROR_BYTES = 64_000
"""Of the body of an error response, which is shown in a few hundred characters."""
_ERROR_TIMEOUT_S = 5.0
_DRAIN_TIMEOUT_S = 0.2
_MAX_VALUES = 100_000
"""In one JSON text; each takes up to 0.3 µs, and the parser lets no other thread run meanwhile."""
LONGEST_DELTA = 50_000
"""Characters in one delta."""
_decode = json.JSONDecoder().decode
_TITLE = re.compile(r"<(title|h1)\b[^<>]*>", re.IGNORECASE)
_INVISIBLE = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>|</?[a-z!][^<>]*\Z", re.IGNORECASE)
"""A tag; at the end also one that is cut off."""


class TooManyValues(ValueError):
    """The JSON holds so many values that parsing it would block the event loop."""


async def error_body(response: httpx2.Response) -> bytes:
    """Return the start of the body of an error response, as far as it arrives; the status says most."""
    body = bytearray()
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_ERROR_TIMEOUT_S), aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) >= _MAX_ERROR_BYTES:
                    break
    return bytes(body[:_MAX_ERROR_BYTES])


async def whole_body(response: httpx2.Response) -> bytes:
    """Return the whole body. Raises `ProtocolBroken` if it is too large."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > LARGEST_EVENT_BYTES:
                raise too_large()
    return bytes(body)


async def drain(chunks: AsyncIterator[object]) -> None:
    """Read what is left after a complete reply, if it arrives at once, so that the connection can be reused."""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_DRAIN_TIMEOUT_S):
            async for _ in chunks:
                pass


def too_large() -> ProtocolBroken:
    return ProtocolBroken(f"the answer is larger than {LARGEST_EVENT_BYTES / 1e6:g} MB", detail="shape")


def parse_json(text: str | bytes) -> Any:
    """Return the value in a JSON text. Raises `ValueError` if invalid, `TooManyValues` if slow to parse."""
    if len(text) > _MAX_VALUES:
        commas = text.count(",") if isinstance(text, str) else text.count(b",")
        if commas > _MAX_VALUES:
            raise TooManyValues(f"more than {_MAX_VALUES} values")
    try:
        return json.loads(text) if isinstance(text, bytes) else _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def in_parts(text: str) -> Sequence[str]:
    """Cut a very long text into deltas, so that handling it does not block the event loop."""
    if len(text) <= LONGEST_DELTA:
        return (text,) if text else ()
    return [text[at : at + LONGEST_DELTA] for at in range(0, len(text), LONGEST_DELTA)]


def page_title(text: str) -> str | None:
    """Return the title or the first heading of a page, in linear time; `None` where it has neither."""
    if (opening := _TITLE.search(text)) is None:
        return None
    closing = re.compile(rf"</{opening[1]}\b", re.IGNORECASE).search(text, opening.end())
    return without_tags(text[opening.end() : closing.start()]) if closing else None


def page_text(text: str) -> str:
    """Return the visible text of a page, in linear time."""
    visible: list[str] = []
    at = 0
    while (opening := _INVISIBLE.search(text, at)) is not None:
        visible.append(text[at : opening.start()])
        closing = re.compile(rf"</{opening[1]}\s*>", re.IGNORECASE).search(text, opening.end())
        at = closing.end() if closing else len(text)
    return without_tags(" ".join((*visible, text[at:])))


def without_tags(text: str) -> str:
    """Return the text between the tags in one line."""
    text = _TAG.sub(" ", text)
    with suppress(ValueError):  # a character reference may have more digits than Python parses
        text = html.unescape(text)
    return " ".join(text.split())
