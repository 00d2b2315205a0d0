"""A disk that is really full: text stays on the screen, is marked as unsaved, and is saved later."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

COMMAND = (sys.executable, "-m", "tui_chat")
SIZE_MB = 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0700", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mounting, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def texts(database: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [text for (text,) in connection.execute("SELECT text FROM turn ORDER BY seq")]


def test_the_app_goes_on_unsaved_and_saves_everything_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    database = small_disk / "conversations.db"
    with Terminal((*COMMAND, "--demo", "--data-dir", str(small_disk)), environment=environment) as terminal:
        terminal.until("Ask anything")
        terminal.type("table before it is full\r")
        terminal.until(lambda text: "Reykjav" in text and "streaming" not in text)
        ballast = fill(small_disk)
        terminal.type("code while it is full\r")
        terminal.until(lambda text: "NOT SAVED" in text and "now = monotonic()" in text)
        terminal.type("unicode while it is still full\r")
        terminal.until(lambda text: "unicode while it is still full" in text and "NOT SAVED" in text)
        assert "Traceback" not in terminal.text
        ballast.unlink()
        terminal.until(lambda text: "NOT SAVED" not in text)
        terminal.type("\x11")
        assert terminal.wait(patience_s=10) == 0
    stored = texts(database)
    assert [text for text in stored if "full" in text] == [
        "table before it is full",
        "code while it is full",
        "unicode while it is still full",
    ]
    assert len(stored) == 6 and all(stored)


def test_the_app_that_is_ended_on_a_full_disk_leaves_the_database_whole(small_disk: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    with Terminal((*COMMAND, "--demo", "--data-dir", str(small_disk)), environment=environment) as terminal:
        terminal.until("Ask anything")
        terminal.type("table\r")
        terminal.until(lambda text: "Reykjav" in text and "streaming" not in text)
        fill(small_disk)
        terminal.type("slow\r")
        terminal.until("NOT SAVED")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(patience_s=20) == 143
        assert "Traceback" not in terminal.text
    assert texts(small_disk / "conversations.db")[0] == "table"


def test_ask_prints_the_reply_and_exits_with_five(small_disk: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")

    def ask(prompt: str) -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, "--data-dir", str(small_disk), "ask", "-m", "demo/tour", prompt]
        return subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    assert ask("table").returncode == 0
    fill(small_disk)
    done = ask("code please")
    assert done.returncode == 5
    assert "rate limiter" in done.stdout
    assert "disk is full" in done.stderr and "Traceback" not in done.stderr
    assert texts(small_disk / "conversations.db")[0] == "table"
