"""No byte of a temporary conversation is on disk: while it is open, after it was left, after a kill."""

import signal
import sys
import time
from pathlib import Path

from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

APP = (sys.executable, "-m", "tui_chat", "--demo")
PROMPT, DRAFT = b"purple elephants", b"unsent walrus"


def assert_untouched(home: Path) -> None:
    """Look into every file of every folder that the program has, the write-ahead log included."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "conversations.db" for path in files)
    for path in files:
        content = path.read_bytes()
        assert PROMPT not in content and DRAFT not in content, path


def pass_time(terminal: Terminal, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        terminal.read(0.05)


def open_and_talk(terminal: Terminal) -> None:
    terminal.until("Ask anything")
    terminal.type("saved words\r")
    terminal.until("saved words")
    terminal.type("/temp\r")
    terminal.until("saved nowhere")
    terminal.type(f"error 400 {PROMPT.decode()}\r")
    terminal.until("Request req_demo_400")
    assert "TEMPORARY: not saved" in terminal.text
    terminal.type(f"long 20 {PROMPT.decode()}\r")
    terminal.until("long 20")
    terminal.type(DRAFT.decode())
    terminal.until(DRAFT.decode())
    pass_time(terminal, 1.0)  # longer than the delay with which drafts are saved


def test_nothing_is_on_disk_while_it_is_open_and_after_it_was_left(tmp_path: Path) -> None:
    with Terminal(APP, environment=clean_environment(tmp_path)) as terminal:
        open_and_talk(terminal)
        assert_untouched(tmp_path)
        terminal.type("\x0e")
        terminal.until("Leaving discards")
        pass_time(terminal, 0.4)  # else it is a key held down
        terminal.type("\x0e")
        terminal.until(lambda text: "TEMPORARY" not in text)
        assert_untouched(tmp_path)
        terminal.type("\x11")
        assert terminal.wait() == 0
    assert_untouched(tmp_path)


def test_nothing_is_on_disk_after_the_program_was_killed_or_quit_within_it(tmp_path: Path) -> None:
    for end in (signal.SIGKILL, signal.SIGTERM):
        with Terminal(APP, environment=clean_environment(tmp_path)) as terminal:
            open_and_talk(terminal)
            terminal.signal(end)
            terminal.wait()
        assert_untouched(tmp_path)
