"""What a program under test is given, a place to run and an environment without anybody's keys, and what it kept."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a program gets of the environment: a home, a terminal, a path, and no keys."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV")
        if name in os.environ
    }
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **more}


def only_conversation(home: Path) -> dict[str, Any]:
    """The one conversation that the program kept, as it prints it."""

    def called(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tui_chat", *words], cwd=ROOT, env=clean_environment(home), capture_output=True
        )
        return json.loads(done.stdout)

    (only,) = called("list", "--json")
    shown: dict[str, Any] = called("show", "--json", only["id"])
    return shown
