"""Reads bodies and JSON from outside within bounds of size and time, and says what a web page says. Knows no wire."""

import asyncio
import html
import json
import re
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import Any

import httpx2

from tui_chat.core.error import ProtocolBroken
from tui_chat.providers.sse import LARGEST_EVENT_BYTES

_MOST_ERROR_BYTES = 64_000
"""Of the body of an error, which is shown in a few hundred characters."""
_ERROR_LIMIT_S = 5.0
_MOST_VALUES = 100_000
"""In one JSON text; each takes up to 0.3 µs, and the parser lets no other thread run meanwhile."""
LONGEST_DELTA = 50_000
"""Characters of a text that are taken in at once."""
_decode = json.JSONDecoder().decode
_TITLE = re.compile(r"<(title|h1)\b[^<>]*>", re.IGNORECASE)
_INVISIBLE = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


class TooManyValues(ValueError):
    """JSON that may be whole, but would hold up everything else."""


async def error_body(answer: httpx2.Response) -> bytes:
    """Return the beginning of an error's body, as far as it comes soon."""
    body = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(_ERROR_LIMIT_S), aclosing(answer.aiter_bytes()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) >= _MOST_ERROR_BYTES:
                    break
    return bytes(body[:_MOST_ERROR_BYTES])


async def whole_body(answer: httpx2.Response) -> bytes:
    """Return the whole body. `ProtocolBroken` where it is larger than any answer."""
    body = bytearray()
    async with aclosing(answer.aiter_bytes()) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > LARGEST_EVENT_BYTES:
                raise too_large()
    return bytes(body)


def too_large() -> ProtocolBroken:
    """Return the error for an answer that is larger than any answer should be."""
    return ProtocolBroken(f"the answer is larger than {LARGEST_EVENT_BYTES / 1e6:g} MB", detail="shape")


def parse_json(text: str | bytes) -> Any:
    """Return the value in a JSON text. `ValueError` where it is none, `TooManyValues` where reading takes long."""
    if len(text) > _MOST_VALUES:
        commas = text.count(",") if isinstance(text, str) else text.count(b",")
        if commas > _MOST_VALUES:
            raise TooManyValues(f"more than {_MOST_VALUES} values")
    try:
        return json.loads(text) if isinstance(text, bytes) else _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def in_parts(text: str) -> Sequence[str]:
    """Cut a very long text that came at once, so that other work can be done while it is taken in."""
    if len(text) <= LONGEST_DELTA:
        return (text,) if text else ()
    return [text[at : at + LONGEST_DELTA] for at in range(0, len(text), LONGEST_DELTA)]


def page_title(text: str) -> str | None:
    """Return the title or the first heading of a page; `None` where it has neither. The time is linear."""
    if (opening := _TITLE.search(text)) is None:
        return None
    closing = re.compile(rf"</{opening[1]}\b", re.IGNORECASE).search(text, opening.end())
    return without_tags(text[opening.end() : closing.start()]) if closing else None


def page_text(text: str) -> str:
    """Return what a reader sees of a page. The time is linear."""
    seen: list[str] = []
    at = 0
    while (opening := _INVISIBLE.search(text, at)) is not None:
        seen.append(text[at : opening.start()])
        closing = re.compile(rf"</{opening[1]}\s*>", re.IGNORECASE).search(text, opening.end())
        at = closing.end() if closing else len(text)
    return without_tags(" ".join((*seen, text[at:])))


def without_tags(text: str) -> str:
    """Return the text between the tags, in one line."""
    text = _TAG.sub(" ", text)
    with suppress(ValueError):  # a character's number may have more digits than Python reads
        text = html.unescape(text)
    return " ".join(text.split())
