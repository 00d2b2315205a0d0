"""Runs the README's main command as a newcomer would: types a prompt, sees the reply end, quits, finds it saved.

`python -m tests.tools.drive_main_command` exits with 0 when all of that held.
"""

import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal


def main_command() -> list[str]:
    """The first command of the README that starts the program, without what brings its environment."""
    found = re.search(r"^(?:uv run )?(tui-chat --demo)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert found, "the README names no main command"
    program, *rest = found[1].split()
    installed = Path(sys.executable).parent / program
    return [str(installed if installed.exists() else shutil.which(program) or program), *rest]


def footer(screen: str) -> str:
    """The last line: model, state and figures; the state is gone when the reply has ended."""
    return screen.rstrip().splitlines()[-1]


def drive(home: Path) -> None:
    """Once through."""
    with Terminal(main_command(), environment=clean_environment(home)) as terminal:
        terminal.until("Ask anything")
        terminal.type("code\r")
        terminal.until(lambda text: "streaming" in footer(text))
        terminal.until(lambda text: "streaming" not in footer(text) and "Enter send" in footer(text))
        terminal.type("\x11")
        code = terminal.wait()
    assert code == 0, f"it ended with {code}"
    with sqlite3.connect(next(home.rglob("conversations.db"))) as connection:
        found = connection.execute("SELECT role, status FROM turn ORDER BY rowid").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert found == [("user", "complete"), ("assistant", "complete")], found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        drive(Path(folder))
    print("the main command works: a prompt was answered, saved, and the program left with 0")
