"""Listens on loopback and on a Unix socket, and stops without losing anything. The only file that knows uvicorn."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tui_chat.core.error import SettingsError
from tui_chat.gateway.app import build_app
from tui_chat.gateway.backend import Backend
from tui_chat.storage.private_files import make_private_directory, replace, temporary_file

SOCKET_FILE = "serve.sock"
STATE_FILE = "serve.json"
"""Names the process that serves this data folder, and its addresses."""
STOP_TIMEOUT_S = 1
_MOST_SOCKET_PATH = 100
"""The system takes no longer name for a socket."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the program."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signal."""
        yield


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the server listens."""

    url: str = ""
    socket_path: str = ""


class GatewayServer:
    def __init__(self, backend: Backend, folder: Path) -> None:
        self._backend = backend
        self._folder = folder
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.addresses = Addresses()

    async def start(self, *, tcp: bool = True) -> Addresses:
        """Listen; return where. Raises `SettingsError` if the address is taken or may not be used."""
        options = self._backend.options
        make_private_directory(self._folder)
        check_host(self._backend)
        refuse_second_server(self._folder)
        url = path = ""
        with ExitStack() as opened:
            sockets: list[socket.socket] = []
            if tcp:
                listener = opened.enter_context(_listen_tcp(options.host, options.port))
                sockets.append(listener)
                url = _url(options.host, listener.getsockname()[1])
            if options.socket and hasattr(socket, "AF_UNIX"):
                path = str(self._folder / SOCKET_FILE)
                if len(os.fsencode(path)) <= _MOST_SOCKET_PATH:
                    sockets.append(opened.enter_context(_listen_unix(Path(path))))
                else:
                    path = ""
            if not sockets:
                raise SettingsError(
                    "there is nothing to listen on: serve.socket is false or its path is too long", detail="serve"
                )
            self.addresses = Addresses(url, path)
            await self._run(build_app(self._backend), sockets)
            _write_state(self._folder, self.addresses)
            opened.pop_all()
        return self.addresses

    async def _run(self, app: ASGIApp, sockets: list[socket.socket]) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="wsproto",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            h11_max_incomplete_event_size=64 * 1024,
            ws_max_size=1024 * 1024,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets), name="gateway")
        listening = asyncio.create_task(self._server.is_listening.wait())
        await asyncio.wait({listening, self._task}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if self._task.done():
            self._task.result()

    @property
    def client_count(self) -> int:
        """How many streams are open."""
        return self._backend.metrics.active_streams

    async def stop(self) -> None:
        """Let open streams end, then stop listening."""
        if self._server is None or self._task is None:
            return
        self._backend.closing.set()
        self._server.should_exit = True
        await asyncio.wait({self._task}, timeout=STOP_TIMEOUT_S + 0.6)
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._backend.aclose()
        for name in (STATE_FILE, SOCKET_FILE):
            with suppress(OSError):
                (self._folder / name).unlink()
        self._server = self._task = None


def check_host(backend: Backend) -> None:
    """Raise for an address that other machines reach, unless there are named tokens."""
    host = backend.options.host
    if host not in ("127.0.0.1", "localhost", "::1") and not backend.tokens.named:
        raise SettingsError(
            f"{host} is reached by other machines: add a token of its own for each client first, with"
            " `tui-chat token add NAME`, and put TLS in front of it",
            detail="serve",
        )


def running_server(folder: Path) -> dict[str, object] | None:
    """Return the state of the server of that folder, if one answers."""
    try:
        state: dict[str, object] = json.loads((folder / STATE_FILE).read_text())
        pid = int(str(state["pid"]))
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if _answers(state) else None


def _answers(state: dict[str, object]) -> bool:
    path, url = str(state.get("socket") or ""), str(state.get("url") or "")
    try:
        if path:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(path)
        else:
            host, _, port = url.removeprefix("http://").rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True


def refuse_second_server(folder: Path) -> None:
    """Raise if a server for the same data folder runs."""
    if (state := running_server(folder)) is not None:
        raise SettingsError(
            f"a server for this data folder runs already: process {state['pid']}, {state['url']}", detail="serve"
        )


def _write_state(folder: Path, addresses: Addresses) -> None:
    state = {"pid": os.getpid(), "url": addresses.url, "socket": addresses.socket_path}
    with temporary_file(folder) as temporary:
        temporary.write_text(json.dumps(state) + "\n")
        replace(folder / STATE_FILE, temporary)


def _listen_tcp(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Named as TCP, or asyncio leaves Nagle's algorithm on, and every answer takes 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; choose another one with --port",
            detail="serve",
        ) from None
    listener.setblocking(False)
    return listener


def _listen_unix(path: Path) -> socket.socket:
    """Listen on a socket that only this user may open, from its first moment on."""
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
