"""A loopback server that replays bytes, whole or in pieces, and then fails in any way a server can.

In a test: `async with Wire(Answer(steps=pieces(body, by="byte"))) as wire: … wire.url … wire.requests`.
From a shell: `python -m tests.support.wire_server reply.sse --delay 0.01` prints its address, then a JSON line for
each request, for each end of an answer, and for each answer that the client left.
"""

import argparse
import asyncio
import json
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from itertools import chain, islice, pairwise, repeat
from pathlib import Path
from typing import Any, Literal

EVENT_STREAM = "text/event-stream; charset=utf-8"
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
COMMENT = b": still here\n\n"
_EVENT_END = re.compile(rb"(?:\r\n\r\n|\n\n|\r\r)")


class End(Enum):
    """A way to stop that is not the end of the body."""

    RESET = auto()
    """The connection is reset."""
    CLOSE = auto()
    """It is closed where more was announced."""
    CUT = auto()
    """The body ends cleanly, as if that had been all."""
    HANG = auto()
    """Not another byte, until the client leaves."""
    PING = auto()
    """Signs of life and nothing else, until the client leaves."""


Step = bytes | float | End
"""Bytes to send, seconds to wait, or a way to stop."""
Cut = Literal["whole", "event", "byte", "utf8"]
Newline = Literal["lf", "crlf", "cr"]


def pieces(body: bytes, by: Cut = "whole", newline: Newline = "lf") -> list[bytes]:
    """The body cut up: in one piece, event by event, byte by byte, or inside every character of several bytes."""
    body = body.replace(b"\r\n", b"\n")
    if newline != "lf":
        body = body.replace(b"\n", b"\r\n" if newline == "crlf" else b"\r")
    match by:
        case "whole":
            return [body]
        case "byte":
            return [body[at : at + 1] for at in range(len(body))]
        case "event":
            ends = [found.end() for found in _EVENT_END.finditer(body)]
        case "utf8":
            ends = [at for at, byte in enumerate(body) if byte & 0xC0 == 0x80]
    cuts = [0, *ends, len(body)]
    return [body[start:end] for start, end in pairwise(cuts) if start < end]


def paced(parts: Iterable[bytes], delay_s: float) -> list[Step]:
    """The pieces with a wait before each."""
    return [step for part in parts for step in (delay_s, part)]


@dataclass(frozen=True)
class Answer:
    """The response to one request."""

    steps: Iterable[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = EVENT_STREAM
    wait_s: float = 0.0
    """Before the status line."""
    framing: Literal["chunked", "close", "short"] = "chunked"
    """How the body's length is sent: in chunks, by closing, or with a lie (`short`: more is announced than sent)."""
    ping: bytes = PING
    ping_every_s: float = 0.01
    silent: bool = False
    """Not even a status line: the steps are all that is sent."""

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        """A plain answer, or an error."""
        return cls((json.dumps(value).encode(),), status, headers or {}, "application/json")

    @classmethod
    def html(cls, text: str, *, status: int = 200) -> "Answer":
        """A page, as proxies send it."""
        return cls((text.encode(),), status, {}, "text/html; charset=utf-8")


@dataclass(eq=False)
class Seen:
    """A request as it came, and how it ended."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    connection: int
    """Which connection it came over, from 1."""
    at_s: float = field(default_factory=time.monotonic)
    sent: bytearray = field(default_factory=bytearray)
    """The body as far as it was handed to the network."""
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    """The answer is over, in whatever way."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """The connection is closed; before `finished`, that was the client."""
    gone_at_s: float | None = None
    client_left: bool = False
    """The client closed the connection in the middle of the answer."""

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)


class Wire:
    """The server. Each request gets the next answer; the last one is repeated. Paths in `routes` are apart."""

    def __init__(self, *answers: Answer, routes: Mapping[str, Answer] | None = None) -> None:
        self._answers: Iterator[Answer] = chain(answers[:-1], repeat(answers[-1])) if answers else iter(())
        self._routes = dict(routes or {})
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.connections = 0
        self.requests: list[Seen] = []
        self.on_event: Callable[[str, Seen], None] = lambda what, seen: None
        """Receives `request`, `left` and `finished`."""

    async def start(self, port: int = 0) -> "Wire":
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port)
        return self

    async def stop(self) -> None:
        """Close every connection and stop."""
        assert self._server is not None
        self._server.close()
        tasks = [connection.end() for connection in list(self._connections)]
        await asyncio.gather(*[task for task in tasks if task is not None], return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> "Wire":
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def answer_to(self, seen: Seen) -> Answer:
        """What that request gets."""
        if (route := self._routes.get(seen.path.partition("?")[0])) is not None:
            return route
        return next(self._answers, Answer.json({"error": {"message": "no such page"}}, status=404))


class _Connection(asyncio.Protocol):
    """One connection: reads requests and plays their answers, one after another."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._read = bytearray()
        self._seen: Seen | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._wire._connections.add(self)
        self._wire.connections += 1
        self._number = self._wire.connections

    def connection_lost(self, error: Exception | None) -> None:
        self._wire._connections.discard(self)
        self._writable.set()
        if (seen := self._seen) is not None:
            seen.gone_at_s = time.monotonic()
            if not seen.finished.is_set():
                seen.client_left = True
                self._wire.on_event("left", seen)
            seen.gone.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._task is None or self._task.done():
            self._next_request()

    def end(self) -> asyncio.Task[None] | None:
        """Close it from this side."""
        if self._seen is not None:
            self._seen.finished.set()
        self._transport.abort()
        return self._task

    def _next_request(self) -> None:
        head, separator, rest = bytes(self._read).partition(b"\r\n\r\n")
        if not separator:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._read = bytearray(rest[length:])
        method, path, _ = first.split(" ")
        self._seen = Seen(method, path, headers, rest[:length], self._number)
        self._wire.requests.append(self._seen)
        self._wire.on_event("request", self._seen)
        self._task = asyncio.get_running_loop().create_task(self._play(self._seen))

    async def _play(self, seen: Seen) -> None:
        answer = self._wire.answer_to(seen)
        await asyncio.sleep(answer.wait_s)
        if not answer.silent:
            self._transport.write(_head(answer))
        end = None
        for step in answer.steps:
            if isinstance(step, End):
                end = step
                break
            if isinstance(step, float | int):
                await asyncio.sleep(step)
                continue
            self._send(seen, answer, step)
            await self._writable.wait()
            await asyncio.sleep(0)
        await self._finish(seen, answer, end)

    def _send(self, seen: Seen, answer: Answer, data: bytes) -> None:
        chunked = answer.framing == "chunked" and not answer.silent
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        seen.sent += data

    async def _finish(self, seen: Seen, answer: Answer, end: End | None) -> None:
        if end is End.HANG:
            await asyncio.Event().wait()
        while end is End.PING:
            await asyncio.sleep(answer.ping_every_s)
            self._send(seen, answer, answer.ping)
        seen.finished.set()
        self._wire.on_event("finished", seen)
        if end is End.RESET:
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        elif end is End.CLOSE or answer.framing != "chunked" or answer.silent:
            self._transport.close()
        else:
            self._transport.write(b"0\r\n\r\n")
            self._task = None
            self._next_request()


def _head(answer: Answer) -> bytes:
    reason = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else "Other"
    headers = {"content-type": answer.content_type, **answer.headers}
    match answer.framing:
        case "chunked":
            headers["transfer-encoding"] = "chunked"
        case "close":
            headers["connection"] = "close"
        case "short":
            headers["content-length"] = "1000000000"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} {reason}\r\n{lines}\r\n".encode()


def _answer_from(arguments: argparse.Namespace, path: Path) -> Answer:
    body = path.read_bytes()
    if path.suffix == ".json":
        return Answer((body,), arguments.status, dict(arguments.header), "application/json")
    parts = pieces(body, arguments.by, arguments.newline)
    steps = paced(islice(parts, arguments.after), arguments.delay)
    if arguments.fault:
        steps.append(End[arguments.fault.upper()])
    return Answer(steps, arguments.status, dict(arguments.header), wait_s=arguments.wait)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.wire_server", description=__doc__)
    parser.add_argument("file", nargs="+", type=Path, help="each request gets the next one, the last is repeated")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each piece")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before the status line")
    parser.add_argument("--by", choices=["whole", "event", "byte", "utf8"], default="event")
    parser.add_argument("--newline", choices=["lf", "crlf", "cr"], default="lf")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--header", action="append", default=[], type=lambda text: tuple(text.split(": ", 1)))
    parser.add_argument("--fault", choices=[end.name.lower() for end in End], help="what happens in the end")
    parser.add_argument("--after", type=int, help="how many pieces are sent before that; all of them by default")
    return parser.parse_args(words)


def _line(what: str, seen: Seen) -> str:
    about = {"event": what, "method": seen.method, "path": seen.path, "connection": seen.connection}
    if what == "request":
        about["body"] = seen.body.decode("utf-8", "replace")
    return json.dumps({**about, "sent": len(seen.sent), "after_s": round(time.monotonic() - seen.at_s, 4)})


async def serve(words: Sequence[str] | None = None) -> None:
    """Listen until killed."""
    arguments = _arguments(words)
    wire = Wire(*[_answer_from(arguments, path) for path in arguments.file])
    wire.on_event = lambda what, seen: print(_line(what, seen), flush=True)
    await wire.start(arguments.port)
    print(wire.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(130)
