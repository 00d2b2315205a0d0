"""tui_chat itself: its command line."""

import sys
from pathlib import Path

from tests.benchmarks.subjects.subject import Subject


def command(data_dir: Path, *arguments: str) -> list[str]:
    """The program on that data."""
    return [sys.executable, "-m", "tui_chat", "--data-dir", str(data_dir), *arguments]


PRODUCT = Subject("product", "tui_chat", command)
