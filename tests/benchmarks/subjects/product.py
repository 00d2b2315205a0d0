"""tui_chat itself: its command line, and the keys that its own screens need."""

import sys
from pathlib import Path

from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Terminal


def command(data_dir: Path, *arguments: str) -> list[str]:
    """The program on that data."""
    return [sys.executable, "-m", "tui_chat", "--data-dir", str(data_dir), *arguments]


PRODUCT = Subject("product", "tui_chat", command, countdown="retry in")
LIBRARY = "\x0f"
LIST_WORDS = "Search conversations"
"""What stands on the list of conversations and nowhere else."""
PAGE_UP = "\x1b[5~"


def open_first(terminal: Terminal) -> int:
    """Go to the list of conversations and open the one last used; gives the time of the key that opens it."""
    terminal.type(LIBRARY)
    terminal.rest(1)
    return terminal.type("\r")
