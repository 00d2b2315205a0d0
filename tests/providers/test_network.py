"""Connections for HTTP: what the system reports becomes an error of the HTTP library, and nothing is lost."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tui_chat.providers.http_client import make_client
from tui_chat.providers.network import Connection, use_asyncio

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def client_for(url: str, read_s: float = 5.0) -> AsyncIterator[httpx2.AsyncClient]:
    async with make_client(urlsplit(url), {}, httpx2.Timeout(5.0, read=read_s)) as client:
        yield client


async def test_a_large_answer_arrives_whole_though_it_is_read_slowly() -> None:
    body = bytes(range(256)) * 20_000

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        await reader.read()

    async with serving(answer) as url, client_for(url) as client, client.stream("GET", url) as response:
        received = b""
        async for chunk in response.aiter_bytes():
            received += chunk
            await asyncio.sleep(0)
    assert received == body


async def test_a_large_request_is_sent_whole() -> None:
    body = b"x" * 3_000_000
    sizes = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        sizes.append(len(await reader.readexactly(len(body))))
        writer.write(HEAD + b"content-length: 2\r\n\r\nok")
        await reader.read()

    async with serving(answer) as url, client_for(url) as client:
        assert (await client.post(url, content=body)).text == "ok"
    assert sizes == [len(body)]


class Pausing(asyncio.Transport):
    """A transport that records whether it reads."""

    reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


async def test_a_server_that_sends_faster_than_it_is_read_is_paused() -> None:
    connection, transport = Connection(), Pausing()
    connection.connection_made(transport)
    for _ in range(5):
        connection.data_received(b"x" * 65_536)
    assert not transport.reads
    for _ in range(5):
        assert len(await connection.read(65_536)) == 65_536
    assert transport.reads


async def test_what_a_faster_server_has_sent_does_not_pile_up() -> None:
    connection, transport = Connection(), Pausing()
    connection.connection_made(transport)
    unread = most = 0
    for _ in range(100):
        while transport.reads:
            connection.data_received(b"x" * 262_144)  # as much as asyncio reads at once
            unread += 262_144
        most = max(most, unread)
        unread -= len(await connection.read(65_536))  # as much as httpcore2 takes at once
    assert most < 600_000


async def test_a_silent_server_is_a_read_timeout() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(answer) as url, client_for(url, read_s=0.05) as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(url)


async def test_a_connection_that_the_server_closed_while_idle_is_not_used_again() -> None:
    requests = []
    closed = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"content-length: 2\r\n\r\nok")
        await writer.drain()
        if len(requests) == 1:
            writer.close()
            await writer.wait_closed()
            closed.set()
        else:
            await reader.read()

    async with serving(answer) as url, client_for(url) as client:
        assert (await client.get(url)).text == "ok"
        await closed.wait()
        await asyncio.sleep(0.01)
        assert (await client.get(url)).text == "ok"


async def test_a_host_of_which_no_address_answers_has_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def two_addresses(host: str, port: int, **options: object) -> list[object]:
        if host != "localhost":
            return await resolve(host, port, **options)  # type: ignore[arg-type, return-value]
        found = [await resolve(address, port, type=1) for address in ("127.0.0.1", "127.0.0.2")]
        return [infos[0] for infos in found]

    monkeypatch.setattr(loop, "getaddrinfo", two_addresses)
    url = f"http://localhost:{port}"
    async with client_for(url) as client:
        with pytest.raises(httpx2.ConnectError) as raised:
            await client.get(url)
    error: BaseException | None = raised.value
    while error is not None and not isinstance(error, ConnectionRefusedError):
        error = error.__cause__ or error.__context__
    assert error is not None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate of 127.0.0.1 signed by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def _answer_to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer without a length, and end the connection without the farewell of TLS."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b"\r\n" + b"text " * 1000)
    writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await reader.read()


async def test_an_encrypted_answer_arrives_whole(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    client = httpx2.AsyncClient(verify=trusting, trust_env=False)
    use_asyncio(client)
    async with serving(_answer_to_the_end, server_context(certificate)) as url, client:
        assert (await client.get(url)).text == "text " * 1000


async def test_an_unknown_certificate_is_a_connect_error(certificate: Path) -> None:
    async with serving(_answer_to_the_end, server_context(certificate)) as url, client_for(url) as client:
        with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
            await client.get(url)
