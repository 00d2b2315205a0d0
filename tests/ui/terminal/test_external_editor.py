"""The user's own editor: whatever it does, the prompt and the terminal are as they were, or as it left the text."""

import os
import sqlite3
import stat
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

EDIT = "\x07"


def editor(folder: Path, script: str) -> str:
    """A program that does this with the file it is given."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "home").mkdir()
    yield tmp_path / "home"


def started(home: Path, command: str) -> Terminal:
    environment = {**clean_environment(home), "EDITOR": command, "TUI_CHAT_DEMO_PACE": "0"}
    terminal = Terminal([sys.executable, "-m", "tui_chat", "--demo"], environment=environment)
    terminal.until("Ask anything")
    return terminal


def modes_of(terminal: Terminal) -> list[object]:
    return termios.tcgetattr(terminal._master)[:4]


def modes_at_first() -> list[object]:
    """The modes that a new terminal has."""
    master, slave = os.openpty()
    try:
        return termios.tcgetattr(slave)[:4]
    finally:
        os.close(master)
        os.close(slave)


def leave(terminal: Terminal) -> None:
    """Send, see that keys and screen work, quit, and find the terminal as it was."""
    terminal.type(" and more")
    terminal.until(" and more")
    terminal.type("\r")
    terminal.until("Ask anything again")
    terminal.type("\x11")
    assert terminal.wait() == 0
    assert modes_of(terminal) == modes_at_first()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "exited with code 3"),
        ("exit 0", ""),
        ("kill -9 $$", "signal 9"),
        ("stty raw -echo; printf '\\033[?1049h\\033[?1000h\\033[?25l'; kill -9 $$", "signal 9"),
        ('rm "$1"', "no readable file"),
        ("printf '\\377\\376' > \"$1\"", "no readable file"),
    ],
    ids=["fails", "writes nothing", "is killed", "is killed with the terminal in disorder", "removes", "garbles"],
)
def test_an_editor_that_gives_nothing_back_changes_nothing(home: Path, script: str, message: str) -> None:
    with started(home, editor(home.parent, script)) as terminal:
        terminal.type("a prompt")
        terminal.until("a prompt")
        terminal.output = b""
        terminal.type(EDIT)
        terminal.until(lambda text: b"\x1b[?1049h" in terminal.output and "a prompt" in text and message in text)
        leave(terminal)


def test_what_the_editor_wrote_is_the_prompt(home: Path) -> None:
    with started(home, editor(home.parent, "printf 'from the editor\\n' > \"$1\"")) as terminal:
        terminal.type("draft")
        terminal.until("draft")
        terminal.type(EDIT)
        terminal.until("from the editor")
        leave(terminal)


def test_an_editor_that_does_not_exist_is_reported(home: Path) -> None:
    with started(home, "/nowhere/no-editor") as terminal:
        terminal.type("draft")
        terminal.until("draft")
        terminal.type(EDIT)
        terminal.until("no-editor")
        leave(terminal)


def test_a_reply_goes_on_while_the_editor_is_open(home: Path) -> None:
    wait = home.parent / "go"
    os.mkfifo(wait)
    with started(home, editor(home.parent, f"echo EDITING; read x < {wait}")) as terminal:
        terminal.type("long 20000\r")
        terminal.until("streaming")
        terminal.type(EDIT)
        terminal.until("EDITING")
        database = next(home.rglob("conversations.db"))
        terminal.until(lambda text: finished(database))
        wait.write_text("go\n")
        terminal.until("demo/tour")
        terminal.type("\x11")
        assert terminal.wait() == 0


def finished(database: Path) -> bool:
    """Whether every turn in the store has ended."""
    with sqlite3.connect(database) as connection:
        return connection.execute("SELECT count(*) FROM turn WHERE status = 'streaming'").fetchone() == (0,)


def test_ctrl_s_in_the_editor_does_not_stop_the_app_afterwards(home: Path) -> None:
    script = f'echo editing; until [ -e {home}/go ]; do sleep 0.05; done; echo changed > "$1"'
    with started(home, editor(home.parent, script)) as terminal:
        terminal.type(EDIT)
        terminal.until("editing")
        terminal.type("\x13")
        terminal.read(0.3)
        (home / "go").touch()
        terminal.until("▌ changed", patience_s=10)
        leave(terminal)


STOPPED_AT_ONCE = """
import os, select, sys, termios
from tui_chat.ui.terminal.external_editor import _kept_terminal
restart = termios.tcflow
def pressed_again(terminal, action):
    restart(terminal, action)
    if action == termios.TCOON:
        os.write(int(sys.argv[1]), b"\\x13\\n")
        select.select([0], [], [])  # the end of the line has arrived, so what was pressed before it has its effect
termios.tcflow = pressed_again
with _kept_terminal():
    pass
"""


def test_ctrl_s_as_the_editor_ends_does_not_stop_the_app() -> None:
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    command = [sys.executable, "-c", STOPPED_AT_ONCE, str(master)]
    try:
        subprocess.run(command, cwd=ROOT, stdin=slave, stdout=slave, pass_fds=[master], timeout=10, check=True)
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(slave)
        os.close(master)
