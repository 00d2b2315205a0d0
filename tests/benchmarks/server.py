"""A model behind loopback HTTP, run as a process of its own: it streams what the prompt asks for, and logs when.

A prompt reads `bench 500@100 9500@0 500@100`: 500 tokens at 100 a second, then 9,500 at once, then 500 again, one
delta a token. Every phase sends the same from its start, so that phases can be compared; before each but the
first it waits for a line on stdin. `bench hold` never answers, `bench busy` answers that the model is overloaded.
What happens is reported on stdout, a JSON object a line; the time at which each marked delta was written goes to the
file named as argument.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.reply import MARK, tokens

_PHASE = re.compile(r"(\d+)@(\d+)")
_MODELS = ["claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5"]
_PING_S = 2.0
_REFUSAL = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
_BUSY = (
    b"HTTP/1.1 529 Overloaded\r\ncontent-type: application/json\r\nretry-after: 8\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_REFUSAL), _REFUSAL)
)


def report(event: str, **what: Any) -> None:
    """Print what happens now."""
    print(json.dumps({"event": event, "at": time.monotonic_ns(), **what}), flush=True)


def frame(data: dict[str, Any]) -> bytes:
    """One server-sent event, as an HTTP chunk."""
    body = f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(body), body)


def delta(text: str) -> bytes:
    """One piece of text."""
    return frame({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


def plan_of(request: dict[str, Any]) -> str:
    """The last prompt where it is addressed to the benchmark; a title and such get an ordinary answer."""
    content = request.get("messages", [{}])[-1].get("content", "")
    if isinstance(content, list):
        content = "\n".join(part.get("text", "") for part in content)
    _, addressed, plan = str(content).rpartition("bench ")  # prompts that were never answered may stand before it
    return addressed + plan.strip() if addressed and str(content).startswith(addressed) else "1@0"


class Model:
    """Answers requests; one reply at a time may have phases."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._marks = count()
        self._go = asyncio.Event()

    async def follow(self, stdin: asyncio.StreamReader) -> None:
        """Let the next phase begin at each line."""
        while await stdin.readline():
            self._go.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"content-length: *(\d+)", head, re.I)
                body = await reader.readexactly(int(length[1])) if length else b""
                path = head.split(" ", 2)[1].partition("?")[0]
                if path.endswith("/messages") and plan_of(json.loads(body)) == "bench busy":
                    report("request", plan="bench busy")
                    writer.write(_BUSY)
                elif path.endswith("/messages"):
                    if not await self._reply(json.loads(body), reader, writer):
                        break
                else:
                    writer.write(_plain(path))
                    await writer.drain()
        writer.close()

    async def _reply(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Stream until the end or until the client goes away; report which."""
        plan = plan_of(request)
        report("request", plan=plan, turns=len(request["messages"]))
        gone = asyncio.create_task(reader.read(1))
        streaming = asyncio.create_task(self._stream(request, plan, writer))
        await asyncio.wait((gone, streaming), return_when=asyncio.FIRST_COMPLETED)
        closed = gone.done()
        if closed:
            report("closed", plan=plan)
        for task in (gone, streaming):
            task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await task
        return not closed

    async def _stream(self, request: dict[str, Any], plan: str, writer: asyncio.StreamWriter) -> None:
        if plan == "bench hold":
            await asyncio.Event().wait()
        phases = [(tokens(int(amount), self._marks), int(rate)) for amount, rate in _PHASE.findall(plan)]
        usage = {"input_tokens": len(str(request["messages"])) // 4, "output_tokens": 1}
        message: dict[str, Any] = {"id": f"msg_{time.monotonic_ns()}", "type": "message", "role": "assistant"}
        message |= {
            "content": [],
            "model": request["model"],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_1\r\n")
        writer.write(b"transfer-encoding: chunked\r\n\r\n" + frame({"type": "message_start", "message": message}))
        writer.write(
            frame({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        )
        for number, (made, rate) in enumerate(phases):
            if number:
                await self._pause(writer)
                writer.write(delta("\n\n"))
            await self._phase(made, rate, writer)
        amount = sum(len(made) for made, _ in phases)
        stop = {"stop_reason": "end_turn", "stop_sequence": None}
        writer.write(frame({"type": "content_block_stop", "index": 0}))
        writer.write(frame({"type": "message_delta", "delta": stop, "usage": {"output_tokens": amount}}))
        writer.write(frame({"type": "message_stop"}) + b"0\r\n\r\n")
        await writer.drain()
        report("ended", plan=plan)

    async def _phase(self, made: list[str], rate: int, writer: asyncio.StreamWriter) -> None:
        written: list[tuple[str, int]] = []
        began = time.monotonic_ns()
        try:
            async for piece in _paced(made, rate):
                if writer.is_closing():
                    raise ConnectionResetError
                now = time.monotonic_ns()
                writer.write(b"".join(delta(token) for token in piece))
                written += [(found[0], now) for token in piece if (found := MARK.search(token))]
                if not rate:
                    await writer.drain()
            ended = time.monotonic_ns()
        finally:  # also for a client that was killed
            with self._log.open("a") as log:
                log.writelines(f"{word} {at}\n" for word, at in written)
        report("phase", began=began, ended=ended, tokens=len(made), last=written[-1][0] if written else "")

    async def _pause(self, writer: asyncio.StreamWriter) -> None:
        self._go.clear()
        while not self._go.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._go.wait(), _PING_S)
                return
            writer.write(frame({"type": "ping"}))


async def _paced(made: list[str], rate: int) -> AsyncIterator[list[str]]:
    """One token at a time at that rate, or a hundred at a time as fast as they are taken."""
    if not rate:
        for at in range(0, len(made), 100):
            yield made[at : at + 100]
        return
    began = time.monotonic()
    for number, token in enumerate(made):
        delay = began + number / rate - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        yield [token]


def _plain(path: str) -> bytes:
    """The answer to whatever else a client may ask."""
    models = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in _MODELS
    ]
    known = {
        "models": {"data": models, "has_more": False, "first_id": _MODELS[0], "last_id": _MODELS[-1]},
        "count_tokens": {"input_tokens": 1},
    }
    answer = known.get(path.rstrip("/").rpartition("/")[2])
    body = json.dumps(answer or {"type": "error", "error": {"type": "not_found_error", "message": path}}).encode()
    status = b"200 OK" if answer else b"404 Not Found"
    return b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


async def main() -> None:
    """Serve until stdin closes."""
    model = Model(Path(sys.argv[1]))
    listener = await asyncio.start_server(model.serve, "127.0.0.1", 0, limit=1 << 26)
    report("listening", port=listener.sockets[0].getsockname()[1])
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    await model.follow(stdin)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
