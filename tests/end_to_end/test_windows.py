"""Windows of any size, changed at any moment: the app lives, and what it shows afterwards is right."""

import random
import sys
from pathlib import Path

import pytest

from tests.benchmarks.processes import memory_mb
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

COMMAND = (sys.executable, "-m", "tui_chat", "--demo")
QUIT = "\x11"
SCREENS = {
    "chat": "",
    "library": "\x0f",
    "help": "\x1bOP",
    "tree": "\x1b[15~",
    "palette": "\x10",
    "models": "\x0c",
    "find bar": "\x06word",
    "usage": "/usage\r",
    "queue": "second\rthird\r\x1bq",
}
"""Each with the keys that lead there while a reply streams."""


def settled(terminal: Terminal) -> str:
    """Return the screen once nothing has been drawn for a while; a reply that streams is waited for."""
    drawn = -1
    while drawn != len(terminal.output):
        drawn = len(terminal.output)
        terminal.read(1.0)
    return terminal.text


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (10, 3), (1000, 500), (3, 200), (400, 2)], ids=str)
def test_a_window_of_that_size_does_not_end_the_app(size: tuple[int, int], tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0"), size=size) as terminal:
        while b"\x1b[?2004h" not in terminal.output:
            assert terminal.read(0.1)
        terminal.type("hello\r")
        settled(terminal)
        terminal.resize(80, 24)
        terminal.until(lambda text: "Ask anything" in text and "total" in text)
        terminal.type(QUIT)
        assert terminal.wait() == 0


def test_a_window_of_an_absurd_size_takes_no_memory_to_match(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path), size=(80, 24)) as terminal:
        terminal.until("Ask anything")
        terminal.resize(65535, 65535, most=50)
        settled(terminal)
        assert memory_mb([terminal.process.pid]) < 400
        terminal.resize(80, 24)
        terminal.until("Ask anything")
        terminal.type(QUIT)
        assert terminal.wait() == 0


@pytest.mark.parametrize("place", SCREENS)
def test_a_storm_of_sizes_leaves_the_screen_as_it_is_drawn_afresh(place: str, tmp_path: Path) -> None:
    sizes = random.Random(place)
    with Terminal(COMMAND, environment=clean_environment(tmp_path), size=(80, 24)) as terminal:
        terminal.until("Ask anything")
        terminal.type("code for a rate limiter\r")
        terminal.until("streaming")
        terminal.type(SCREENS[place])
        for _ in range(300):
            terminal.resize(sizes.choice((1, 2, 10, 40, 80, 200)), sizes.choice((1, 2, 3, 10, 24, 60)))
            terminal.read(0.01)
        terminal.resize(80, 24)
        after_storm = settled(terminal)
        # A window that was elsewhere is drawn from nothing.
        terminal.resize(81, 24)
        settled(terminal)
        terminal.resize(80, 24)
        assert settled(terminal) == after_storm
        terminal.type(QUIT)
        assert terminal.wait() == 0
