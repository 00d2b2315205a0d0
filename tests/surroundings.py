"""What a program under test is given: a place to run and an environment without anybody's keys."""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a program gets of the environment: a home, a terminal, a path, and nobody's keys."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV")
        if name in os.environ
    }
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **more}
