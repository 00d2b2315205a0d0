"""The app under a watch of the system's calls: it makes no connection, whatever screen is opened."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
_INTERNET = re.compile(r"(?:connect|sendto|sendmsg)\(.*sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?\"([^\"]+)\"")
LOCAL_SERVERS = {11434, 8080, 8000, 1234, 4000}
"""Where servers of this machine listen: whatever offers models asks there, and nowhere else."""

SCREENS = (
    ("\x0f", "Search conversations"),
    ("\x1bOP", "Keys and commands"),
    ("\x10", "Enter select"),
    ("\x1b[15~", "Conversation tree"),
    ("/usage\r", "s period"),
)
"""Keys that open a screen, and what is seen there."""


def reached(trace: Path) -> set[tuple[str, int]]:
    """Hosts and ports that the program tried to reach over the network."""
    return {(host, int(port)) for port, host in _INTERNET.findall(trace.read_text(errors="replace"))}


@pytest.mark.parametrize("words", [(), ("--demo",)], ids=["no key", "demo"])
def test_the_app_makes_no_connection_whatever_is_opened(words: tuple[str, ...], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-qq", "-s", "200", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace))
    command = (*strace, sys.executable, "-m", "tui_chat", *words)
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    with Terminal(command, environment=environment, size=(120, 40)) as terminal:
        terminal.until("Ask anything", patience_s=60)
        terminal.type("hello\r")
        terminal.until("hello")
        assert reached(trace) == set()
        for keys, seen in SCREENS:
            terminal.type(keys)
            terminal.until(seen)
            terminal.type("\x1b")
            terminal.until(lambda text, seen=seen: seen not in text)
        terminal.type("\x0c")
        terminal.until("Enter select")
        for _ in range(20):
            terminal.read(0.1)
        terminal.type("\x11")
        assert terminal.wait() == 0
    assert {host for host, _ in reached(trace)} <= {"127.0.0.1", "::1"}
    assert {port for _, port in reached(trace)} <= LOCAL_SERVERS
