"""A response that streams: keep-alive, a limit on how long a client may not read, and a proper end.

It only follows a reply: a client that goes away ends this response and nothing else.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_chat.core.event import ReplyEvent, TurnEnded
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.dialects.dialect import Dialect
from tui_chat.gateway.metrics import StreamRecord
from tui_chat.gateway.problem import Problem
from tui_chat.service.joining_reader import JoiningReader

KEEP_ALIVE_S = 15.0
SEND_TIMEOUT_S = 30.0
MOST_STREAMS = 64

Frames = AsyncGenerator[bytes, None]


class StreamResponse(Response):
    def __init__(
        self,
        backend: Backend,
        frames: Frames,
        source: "StreamSource",
        *,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(b"", headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._backend = backend
        self._frames = frames
        self._source = source
        self._sending_since_s: float | None = None
        """Since when a frame waits for the client to read."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the frames end, the client leaves, or it does not read."""
        if scope["method"] == "HEAD":
            self._source.detach()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        backend, start_s = self._backend, asyncio.get_running_loop().time()
        backend.metrics.active_streams += 1
        write = asyncio.create_task(self._write(send))
        gone = asyncio.create_task(_disconnected(receive))
        stalled = asyncio.create_task(self._stalled())
        tasks = {write, gone, stalled}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not write.done():
                self._source.outcome = "stalled" if stalled.done() else "left"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._source.detach()
            backend.metrics.active_streams -= 1
            duration_s = asyncio.get_running_loop().time() - start_s
            backend.metrics.record_stream(self._source.record(scope["path"], duration_s))
        if not write.cancelled() and (fault := write.exception()) is not None:
            raise fault

    async def _stalled(self) -> None:
        """Return once the client has not read for too long; one timer costs less than one for each frame."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SEND_TIMEOUT_S / 4)
            if self._sending_since_s is not None and loop.time() - self._sending_since_s >= SEND_TIMEOUT_S:
                return

    async def _write(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._frames):
            async for frame in self._frames:
                self._source.chunks += 1
                self._sending_since_s = loop.time()
                await send({"type": "http.response.body", "body": frame, "more_body": True})
                self._sending_since_s = None
        if not (self._source.cut_on_failure and self._source.outcome == "failed"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class StreamSource:
    """What a stream reads from, and how it went."""

    def __init__(self, *, cut_on_failure: bool = False) -> None:
        self.reader = JoiningReader()
        self.cut_on_failure = cut_on_failure
        self.detach: Callable[[], object] = lambda: None
        """Ends the sending of events to the reader."""
        self.outcome = "complete"
        self.chunks = 0

    def record(self, path: str, duration_s: float) -> StreamRecord:
        return StreamRecord(path, duration_s, self.chunks, self.reader.joined_deltas, self.outcome)


def check_streams(backend: Backend) -> None:
    """Raise if too many streams are open."""
    if backend.metrics.active_streams >= MOST_STREAMS:
        message = f"{MOST_STREAMS} streams are open already."
        raise Problem(429, "too_many_streams", message, "Close one.", headers={"retry-after": "2"})


async def reply_frames(
    source: StreamSource, dialect: Dialect, first: Sequence[ReplyEvent] = (), *, pace_s: float = 0.0
) -> Frames:
    """Yield the bytes of one reply to its end; `first` are events that were read already."""
    waiting = deque(first)
    while True:
        event: ReplyEvent | None
        if waiting:
            event = waiting.popleft()
        else:
            item = await source.reader.get(KEEP_ALIVE_S)
            event = None if item is None else item[1]
        if frame := dialect.keep_alive if event is None else dialect.encode(event):
            yield frame
            if pace_s:
                await asyncio.sleep(pace_s)
        if isinstance(event, TurnEnded):
            source.outcome = event.turn.status.value
            return


async def _disconnected(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
