"""Real shells in a pseudo-terminal that complete the program's words, as a user's Tab key does."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.pty_terminal import Terminal

BIN = Path(sys.executable).parent
READY = "READY>"
_START = {
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; PROMPT='READY>'\n"),
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='READY>'; bind 'set page-completions off'\n"),
    "fish": (["fish", "--no-config", "-i"], "function fish_prompt; printf READY\\>; end\n"),
}


@dataclass
class CompletingShell:
    """A shell at its prompt, with the program's completion loaded, in a folder of its own."""

    terminal: Terminal
    folder: Path

    def complete(self, line: str, done: str | Callable[[str], bool]) -> str:
        """Type a line, press Tab until bash too lists candidates, and wait; returns the screen."""
        self.terminal.type(line + "\t\t\t")
        return self.terminal.until(done)

    def __enter__(self) -> "CompletingShell":
        return self

    def __exit__(self, *error: Any) -> None:
        self.terminal.__exit__(*error)

    @property
    def files(self) -> list[str]:
        """What is in the shell's folder: nothing, unless some text was run as a command."""
        return sorted(path.name for path in self.folder.iterdir())


def completing_shell(kind: str, environment: Mapping[str, str], folder: Path) -> CompletingShell:
    """Start that shell and load the completion; skips the test where the shell is missing."""
    if shutil.which(kind) is None:
        pytest.skip(f"{kind} is not installed")
    environment = {**environment, "PATH": f"{BIN}:{environment['PATH']}"}
    script = folder.parent / f"completion.{kind}"
    source = {**environment, "_TUI_CHAT_COMPLETE": f"source_{kind}"}
    script.write_bytes(subprocess.run([BIN / "tui-chat"], env=source, capture_output=True, check=True).stdout)
    folder.mkdir(exist_ok=True)
    command, first = _START[kind]
    terminal = Terminal(command, environment=environment, size=(160, 60), cwd=folder)
    terminal.type(f"{first}source {script}; clear\n")
    terminal.until(lambda text: text.strip() == READY)
    return CompletingShell(terminal, folder)
