"""Whatever the program writes is its user's alone from the first moment, also where the umask opens all to all."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal
from tui_chat.ui.chat.output_actions import write_new_file

COMMAND = (sys.executable, "-m", "tui_chat")


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What anybody else may look at."""
    found = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # journals come and go
            if (mode := path.lstat().st_mode) & 0o077 and not stat.S_ISLNK(mode):
                found.append(f"{oct(mode)} {path.relative_to(folder)}")
    return found


def run(home: Path, *words: str) -> None:
    environment = clean_environment(home, TUI_CHAT_DEMO_PACE="0")
    subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=True, capture_output=True
    )


def test_nothing_that_commands_write_is_open_to_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(0o700)
    run(home, "ask", "-m", "demo/tour", "hello")
    run(home, "config", "init")
    run(home, "export", "--all", "-f", "json", "-o", str(home / "all.json"))
    run(home, "export", "--all", "-o", str(home / "notes"))
    run(home, "backup", str(home / "copy.db"))
    written = {path.name for path in home.rglob("*") if path.is_file()}
    assert {"conversations.db", "config.toml", "all.json", "copy.db"} <= written
    assert open_to_others(home) == []


def test_neither_is_a_database_in_use_a_draft_or_the_log_of_a_crash(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(0o700)
    command = (sys.executable, "-m", "tests.support.crashing_program", "a key", "--demo")
    with Terminal(command, environment=clean_environment(home)) as terminal:
        terminal.until("Ask anything")
        terminal.type("slow\r")
        terminal.until("streaming")
        terminal.type("a draft")
        for _ in range(20):
            terminal.read(0.05)
            assert open_to_others(home) == [], "also while journals come and go"
        terminal.type("\x06")
        assert terminal.wait(patience_s=10) == 1
    assert [path.name for path in home.rglob("*.log")] == ["tui-chat.log"]
    assert open_to_others(home) == []


def test_code_that_is_saved_is_private_and_goes_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(tmp_path / "theirs")
    (tmp_path / "mine.py").write_text("mine")
    for taken in ("link.py", "mine.py"):
        with pytest.raises(FileExistsError):
            write_new_file(tmp_path / taken, "print(1)")
    assert not (tmp_path / "theirs").exists() and (tmp_path / "mine.py").read_text() == "mine"
    saved = tmp_path / "code.py"
    write_new_file(saved, "print(1)")
    assert saved.read_text() == "print(1)" and stat.S_IMODE(saved.stat().st_mode) == 0o600
