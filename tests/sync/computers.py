"""Computers of one user, each a home of its own, with the whole program on it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.environment import clean_environment


@dataclass
class Computer:
    """A home; commands run there as a user types them."""

    home: Path
    prefix: tuple[str, ...] = ()
    """Before each command, such as the network namespace that it runs in."""

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment(self.home, TUI_CHAT_MODEL="demo/tour", TUI_CHAT_DEMO_PACE="0")

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / ".local/share/tui-chat"

    def call(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            [*self.prefix, sys.executable, "-m", "tui_chat", *words],
            env=self.environment, input=stdin, capture_output=True, text=True, timeout=90,
        )  # fmt: skip

    def run(self, *words: str, stdin: str = "") -> str:
        """Run a command that succeeds; return its output."""
        done = self.call(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fail(self, *words: str, stdin: str = "") -> str:
        """Run a command that fails with a sentence of its own; return that."""
        done = self.call(*words, stdin=stdin)
        assert done.returncode not in (0, 1), (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr

    def ask(self, text: str, *options: str) -> None:
        """Send a prompt to the demo model."""
        self.run("ask", *options, text)

    def export(self) -> list[Any]:
        """Return all conversations, with their turns."""
        return [
            json.loads(self.run("show", "--json", row["id"]))
            for row in json.loads(self.run("list", "--json", "--limit", "0"))
        ]

    @contextmanager
    def running(self, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Start a command, with a pipe to it; kill it at the end if it still runs."""
        with subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "tui_chat", *words],
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()


def canonical(computer: Computer) -> dict[str, Any]:
    """Return what must be the same everywhere: every text, title and place in the tree."""
    return {
        talk["id"]: {
            "title": talk["title"],
            "model": talk["model"],
            "turns": [
                (turn["id"], turn.get("parent_id", turn.get("parent")), turn["role"], json.dumps(turn["parts"]))
                for turn in talk["turns"]
            ],
        }
        for talk in computer.export()
    }
