"""Connections for HTTP on plain asyncio. Knows no HTTP.

httpcore2's own are made with anyio, which for every read makes a cancel scope, and takes the socket out of the event
loop and puts it back. A streamed reply is read a token at a time, so that was a tenth of its processor time.
"""
# ruff: noqa: ASYNC109 — httpcore2 names the parameter

import asyncio
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

_HAPPY_EYEBALLS_S = 0.25
"""After so long the next address of a host is tried as well."""
_MOST_UNREAD = 256 * 1024
"""Bytes after which nothing more is read until some are taken."""

_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


def use_asyncio(client: httpx2.AsyncClient) -> None:
    """Let a client connect by this module, except to proxies: httpx2 has no parameter for that."""
    transport = client._transport
    if isinstance(transport, httpx2.AsyncHTTPTransport):
        transport._pool._network_backend = AsyncioBackend()


class AsyncioBackend(httpcore2.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of the host that answers."""
        with _errors(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with asyncio.timeout(timeout):
                connection = await _connect(host, port, local_address)
        for option in socket_options or ():
            connection.transport.get_extra_info("socket").setsockopt(*option)
        return connection

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _connect(host: str, port: int, local_address: str | None) -> "Connection":
    loop = asyncio.get_running_loop()
    local = (local_address, 0) if local_address else None
    try:
        _, connection = await loop.create_connection(
            Connection, host, port, local_addr=local, happy_eyeballs_delay=_HAPPY_EYEBALLS_S
        )
    except OSError as error:
        if error.errno is not None:
            raise
        # Several addresses failed, and the error names no reason; that of one alone does.
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        _, connection = await loop.create_connection(Connection, *addresses[-1][4][:2], local_addr=local)
    return connection


class Connection(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection, plain or with TLS; one task reads it, one writes."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._unread = bytearray()
        self._is_paused = False
        """Reading waits until some of `_unread` is taken."""
        self._has_ended = False
        """The other side sends nothing more."""
        self._fault: Exception | None = None
        """Why the connection was lost."""
        self._arrival: asyncio.Future[None] | None = None
        """What a read waits for."""
        self._room = asyncio.Event()
        """Set while the system takes what is written."""
        self._room.set()

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > _MOST_UNREAD and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Return whether to keep the connection open for writing, which TLS cannot."""
        self._has_ended = True
        self._wake()
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._fault = True, exc
        self._room.set()
        self._wake()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # Called by httpcore2

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, or wait for it; nothing at the end."""
        if not self._unread and not self._has_ended:
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._arrival
            except TimeoutError as error:
                raise httpcore2.ReadTimeout(str(error)) from error
        if not self._unread and self._fault is not None:
            raise httpcore2.ReadError(str(self._fault)) from self._fault
        data = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        # The transport reads far more at once than is taken here: resumed any sooner, it would always be ahead.
        if self._is_paused and not self._has_ended and len(self._unread) <= _MOST_UNREAD // 2:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send this, and wait until the system has room for more."""
        if self.transport.is_closing():
            raise httpcore2.WriteError("the connection is closed") from self._fault
        self.transport.write(buffer)
        with _errors(httpcore2.WriteTimeout, httpcore2.WriteError):
            async with asyncio.timeout(timeout):
                await self._room.wait()
        if self._fault is not None:
            raise httpcore2.WriteError(str(self._fault)) from self._fault

    async def aclose(self) -> None:
        """Close at once, without waiting for the other side."""
        self.transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Encrypt the connection from here on."""
        loop = asyncio.get_running_loop()
        try:
            with _errors(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with asyncio.timeout(timeout):
                    transport = await loop.start_tls(
                        self.transport, self, ssl_context, server_hostname=server_hostname
                    )
        except (httpcore2.ConnectTimeout, httpcore2.ConnectError):
            self.transport.abort()
            raise
        assert transport is not None
        self.transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "is_readable":
                return bool(self._unread) or self._has_ended
            case "client_addr":
                return self.transport.get_extra_info("sockname")
            case "server_addr":
                return self.transport.get_extra_info("peername")
        return self.transport.get_extra_info(info)


@contextmanager
def _errors(timeout: type[Exception], other: type[Exception]) -> Iterator[None]:
    """Raise errors of the system as those of httpcore2."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise other(str(error)) from error
