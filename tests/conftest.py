"""Every test runs with an empty home, a scrubbed environment, and no way to a host but this one."""

import ipaddress
import itertools
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

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


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """No test sees anybody's keys, proxies or terminal."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.upper().startswith(_SCRUBBED) or name.upper() in _ALSO or name.upper().endswith("_API_KEY"):
                patch.delenv(name)
        patch.setenv("TERM", "xterm-256color")
        yield


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths for the homes: numbering them by looking at those that exist would slow every test down."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def empty_home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that holds nothing."""
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
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

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield
