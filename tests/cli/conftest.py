"""The program as it is called from a shell, with a home of its own and a demo model that does not dawdle."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.loaded_program import call_program

COMMAND = (sys.executable, "-m", "tui_chat")


@dataclass
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The output of --jsonl."""
        return [json.loads(line) for line in self.out.splitlines()]


def _text(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n")


@dataclass
class Shell:
    """Somewhere to call the program from."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        return clean_environment(self.home, **{"TUI_CHAT_DEMO_PACE": "0", **more})

    def __call__(self, *words: str, stdin: str | None = None, **more: str) -> Done:
        code, out, err = call_program(words, self.environment(**more), None if stdin is None else stdin.encode())
        return Done(code, _text(out), _text(err))

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Call it and do not wait."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def only_conversation(self) -> dict[str, Any]:
        """The one conversation there is, as `show --json` shows it."""
        (only,) = json.loads(self("list", "--json").out)
        shown: dict[str, Any] = json.loads(self("show", "--json", only["id"]).out)
        return shown


MakeShell = Callable[[], Shell]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell with an empty home."""
    return Shell(tmp_path)
