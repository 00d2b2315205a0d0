"""A relay between a client and a server that delays, cuts, resets or swallows, and keeps every byte it passed."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Faults:
    """What the relay does to each connection."""

    latency_s: float = 0.0
    """Before each piece, in both directions."""
    cut_after: int | None = None
    """Bytes from the server after which the connection is closed; the client gets all of them."""
    cut_sent_after: int | None = None
    """Bytes from the client after which the connection is closed; the server gets all of them."""
    resets: bool = False
    """A cut is an RST instead of an end."""
    is_silent: bool = False
    """Accept, and pass nothing."""
    is_down: bool = False
    """Refuse every connection."""


@dataclass
class Relay:
    """Listens on a port, of the loopback by default, and passes everything to another one."""

    target: int
    host: str = field(default="127.0.0.1", kw_only=True)
    faults: Faults = field(default_factory=Faults)
    passed: bytearray = field(default_factory=bytearray)
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        upstream: asyncio.StreamWriter | None = None
        try:
            if self.faults.is_down:
                return
            if self.faults.is_silent:
                await asyncio.Event().wait()
            server_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target)
            ways = (
                asyncio.create_task(self._pass(reader, upstream, self.faults.cut_sent_after)),
                asyncio.create_task(self._pass(server_reader, writer, self.faults.cut_after)),
            )
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (asyncio.CancelledError, OSError):
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, upstream):
                if end is not None:
                    self._close(end)
                    with suppress(OSError):
                        await end.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> None:
        count = 0
        while data := await reader.read(1 << 16):
            if self.faults.is_silent:
                await asyncio.Event().wait()
            if self.faults.latency_s:
                await asyncio.sleep(self.faults.latency_s)
            if limit is not None and count + len(data) >= limit:
                writer.write(data[: limit - count])
                await writer.drain()
                return
            count += len(data)
            self.passed += data
            writer.write(data)
            await writer.drain()

    def _close(self, writer: asyncio.StreamWriter) -> None:
        if self.faults.resets:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
