"""The whole program as a server, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import ROOT, clean_environment


@dataclass
class Served:
    """A server that runs."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    first_lines: list[str]

    @property
    def token(self) -> str:
        return (self.folder / "serve.token").read_text().strip()


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "tui_chat", *words, "--data-dir", str(folder / "data")]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return clean_environment(folder, **{"TUI_CHAT_DEMO_PACE": "0", "PYTHONUNBUFFERED": "1", **more})


@contextmanager
def served(folder: Path, *words: str, **more: str) -> Iterator[Served]:
    """Run a server on a free port until the block ends."""
    process = subprocess.Popen(
        command(folder, "serve", "--port", "0", *words),
        cwd=ROOT,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        lines = []
        while not lines or not lines[-1].startswith("Ctrl+C"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            lines.append(line.rstrip("\n"))
        state = json.loads((folder / "data" / "serve.json").read_text())
        yield Served(process, state["url"], folder / "data", lines)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
