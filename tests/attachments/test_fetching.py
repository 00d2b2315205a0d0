"""Files fetched by https."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tui_chat.attachments import fetching
from tui_chat.attachments.fetching import Fetched, FetchFailed, fetch, is_public

PUBLIC = "93.184.216.34"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)


class Server:
    """Answers each request on loopback with the bytes for its path, and notes what was asked."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.dialled: list[tuple[str, int, str]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            with connected:
                request = b""
                while b"\r\n\r\n" not in request and (data := connected.recv(65536)):
                    request += data
                self.requests.append(request.decode())
                path = request.decode().split(" ")[1]
                answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                with suppress(OSError):
                    connected.sendall(answer)

    def dial(self, address: str, port: int, host: str) -> socket.socket:
        self.dialled.append((address, port, host))
        return socket.create_connection(("127.0.0.1", self.port), 5)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, bytes]], Server]]:
    servers: list[Server] = []

    def start(answers: dict[str, bytes]) -> Server:
        servers.append(Server(answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def public(host: str, port: int) -> Sequence[str]:
    return [PUBLIC]


def fetched(server: Server, url: str) -> Fetched:
    return fetch(url, resolve=public, dial=server.dial, limit_s=10)


def failure(server: Server, url: str) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetched(server, url)
    return str(caught.value)


Serve = Callable[[dict[str, bytes]], Server]


def test_a_file_is_fetched_with_its_name(serve: Serve) -> None:
    server = serve({"/a/my%20shot.png?x=1": ok(PNG)})
    assert fetched(server, "https://example.com/a/my%20shot.png?x=1#part") == Fetched("my shot.png", PNG)
    assert server.dialled == [(PUBLIC, 443, "example.com")]
    assert "Host: example.com\r\n" in server.requests[0]


def test_the_server_may_name_the_file(serve: Serve) -> None:
    server = serve({"/get": ok(PNG, 'Content-Disposition: attachment; filename="../../x/report.pdf"')})
    assert fetched(server, "https://example.com/get").name == "report.pdf"
    server = serve({"/": ok(PNG)})
    assert fetched(server, "https://example.com").name == "example.com"


def test_redirects_are_followed_three_times_and_checked(serve: Serve) -> None:
    hops = {f"/{n}": moved(f"/{n + 1}") for n in range(9)}
    server = serve({**hops, "/3": ok(PNG)})
    assert fetched(server, "https://example.com/0").data == PNG
    assert failure(serve(hops), "https://example.com/0") == "The address redirects more than 3 times."
    server = serve({"/0": moved("http://example.com/1")})
    assert failure(server, "https://example.com/0") == "Only https addresses are fetched."
    assert len(server.requests) == 1


def test_a_redirect_into_the_own_network_is_not_followed(serve: Serve) -> None:
    server = serve({"/0": moved("https://inside.example/secret")})

    def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.7"] if host == "inside.example" else [PUBLIC]

    with pytest.raises(FetchFailed, match="own network"):
        fetch("https://example.com/0", resolve=resolve, dial=server.dial)
    assert len(server.dialled) == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], [PUBLIC, "192.168.1.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]],
)
def test_no_connection_is_made_to_a_private_address(serve: Serve, addresses: list[str]) -> None:
    server = serve({})
    with pytest.raises(FetchFailed, match="own network"):
        fetch("https://rebind.example/", resolve=lambda host, port: addresses, dial=server.dial)
    assert not server.dialled


def test_public_addresses_are_distinguished_from_all_others() -> None:
    assert all(map(is_public, (PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8")))
    private = (
        "0.0.0.0 10.1.2.3 100.64.0.1 172.16.0.1 198.18.0.1 224.0.0.1 255.255.255.255 :: fe80::1%eth0 fc00::1 ff02::1"
    )
    assert not any(map(is_public, (*private.split(), "2002:7f00:1::", "localhost", "")))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.com/", "Only https addresses are fetched."),
        ("ftp://example.com/", "Only https addresses are fetched."),
        ("file:///etc/passwd", "Only https addresses are fetched."),
        ("https://", "The address is not valid."),
        ("https://[::1", "The address is not valid."),
        ("https://example.com:99999/", "The address is not valid."),
        ("https://example.com/a b", "The address is not valid."),
        ("https://example.com/\r\nX: y", "The address is not valid."),
        ("https://me:pw@example.com/", "An address with a user name or password is not fetched."),
    ],
)
def test_an_address_that_is_not_fetched_reports_why(serve: Serve, url: str, sentence: str) -> None:
    server = serve({})
    assert failure(server, url) == sentence
    assert not server.dialled


def test_a_large_file_is_refused_before_it_is_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)
    announced_large = b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n"
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_500_000)
    server = serve({"/announced": announced_large, "/endless": endless})
    assert failure(server, "https://example.com/announced") == "The file is larger than 1 MB."
    assert failure(server, "https://example.com/endless") == "The file is larger than 1 MB."


def test_a_broken_answer_reports_what_happened(serve: Serve) -> None:
    server = serve(
        {
            "/cut": ok(PNG)[:-500],
            "/junk": b"hello\r\n\r\n",
            "/chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        }
    )
    assert failure(server, "https://example.com/none") == "The server answered with status 404."
    for path in ("cut", "junk", "chunk"):
        assert failure(server, f"https://example.com/{path}") == "The server cannot be reached."


def test_a_server_that_never_ends_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def dial(address: str, _: int, host: str) -> socket.socket:
            return socket.create_connection(("127.0.0.1", port))

        with pytest.raises(FetchFailed, match="took too long"):
            fetch("https://example.com/", resolve=public, dial=dial, limit_s=0.3)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=example.com"
    names = ["-addext", "subjectAltName=DNS:example.com"]
    subprocess.run([*command.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def serve() -> None:
        for _ in range(2):
            connected, _ = listening.accept()
            try:
                with context.wrap_socket(connected, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(ok(PNG))
            except OSError:
                connected.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda address, timeout: real(("127.0.0.1", port), timeout))
    with listening:
        assert fetch("https://example.com/x.png", resolve=public).data == PNG
        with pytest.raises(FetchFailed, match="certificate"):
            fetch("https://other.example/x.png", resolve=public)
        thread.join(5)
