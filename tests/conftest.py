"""Every test runs with an empty home, a scrubbed environment, and no way to a host but this one."""

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Under nohup it would be ignored by every program that a test starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_SCRUBBED = ("ANTHROPIC_", "OPENAI_", "OLLAMA_", "TUI_CHAT_", "XDG_", "TEXTUAL", "HTTP_PROXY", "HTTPS_PROXY", "PG")
_ALSO = (
    "ALL_PROXY",
    "NO_PROXY",
    "NO_COLOR",
    "FORCE_COLOR",
    "VISUAL",
    "EDITOR",
    "SSL_CERT_FILE",
    "ESCDELAY",
    "COLUMNS",
    "LINES",
)


@pytest.fixture(autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that holds nothing, and an environment without anybody's keys or proxies."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.upper().startswith(_SCRUBBED) or name.upper() in _ALSO or name.upper().endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TERM", "xterm-256color")
    return home


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connecting anywhere but to this machine fails the test."""

    def checked(address: Any) -> None:
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0].partition("%")[0]).is_loopback:
            raise AssertionError(f"a test reached for {address}")

    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        checked(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        checked(address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)
    yield
