"""Past conversations are opened, browsed, searched and exported without a key and without a connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

ELSEWHERE = "anthropic/claude-sonnet-5-5"
"""A model whose provider would be reached for, and whose key no one has."""
COMMANDS = (
    ("list",),
    ("search", "limiter"),
    ("usage",),
    ("export", "--all", "-f", "json"),
    ("prices", "-m", ELSEWHERE),
    ("doctor", "--offline"),
)
KEY_IS_MISSING = 3
F4 = "\x1bOS"


def environment(home: Path) -> dict[str, str]:
    return clean_environment(home, TUI_CHAT_DEMO_PACE="0", TUI_CHAT_MODEL=ELSEWHERE, PYTHONPATH=str(ROOT))


def watched(home: Path, *words: str) -> list[str]:
    """A call of the program, in which what it tries to reach is written into that home."""
    return [sys.executable, "-m", "tests.support.connection_watch", str(home / "attempts"), *words]


def call(home: Path, *words: str) -> int:
    done = subprocess.run(
        watched(home, *words),
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one conversation."""
    folder = tmp_path_factory.mktemp("offline")
    assert call(folder, "ask", "--demo", "code for a rate limiter") == 0
    return folder


def test_no_command_on_the_library_reaches_for_anybody(home: Path) -> None:
    for words in COMMANDS:
        assert call(home, *words) in (0, KEY_IS_MISSING)
        assert not (home / "attempts").exists(), words


def test_the_app_opens_browses_searches_and_exports_without_reaching_for_anybody(home: Path) -> None:
    with Terminal(watched(home), environment=environment(home), size=(140, 40), cwd=home) as terminal:
        terminal.until("claude-sonnet-5-5")
        terminal.type("\x0f")
        terminal.until("Conversations 1")
        terminal.type("monotonic")
        terminal.until("All messages")
        terminal.type(F4)
        terminal.until("Export code for a rate limiter as")
        terminal.type("\r")
        terminal.until("Written to")
        terminal.type("\r")
        terminal.until(lambda text: "All messages" not in text and "monotonic" in text)
        terminal.type("\x11")
        assert terminal.wait() == 0
    assert len(list(home.glob("code-for-a-rate-limiter-*.md"))) == 1
    assert not (home / "attempts").exists()


def test_the_watch_hears_of_a_connection(tmp_path: Path) -> None:
    assert call(tmp_path, "ask", "hello", "-m", "ollama/none") != 0
    assert "socket.connect" in (tmp_path / "attempts").read_text()
