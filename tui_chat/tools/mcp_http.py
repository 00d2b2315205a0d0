"""The size of answers of MCP servers at an address: one that is too large ends early. Needs no SDK."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

MAX_BODY_BYTES = 20_000_000
"""Of one answer that is no stream of events; the SDK bounds each event."""
PLAIN = {"Accept-Encoding": "identity"}
"""A small packed answer could unpack to any size."""


async def bound_body(response: httpx2.Response) -> None:
    """Let the body fail where it is too long; a hook, so that proxies of the environment stay in use."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.RemoteProtocolError("the server sent a packed answer that was not asked for")
    if "text/event-stream" not in response.headers.get("content-type", ""):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """A body that fails once it is too long."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for chunk in self._stream:
            taken += len(chunk)
            if taken > MAX_BODY_BYTES:
                raise httpx2.RemoteProtocolError(f"the answer is longer than {MAX_BODY_BYTES:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
