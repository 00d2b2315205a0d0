"""Stdout as a console of rich: as many colours as the terminal has, and none where it knows no sequences."""

import sys

from rich.console import Console

from tui_chat.cli.store_access import knows_sequences


def stdout_console() -> Console:
    """Return a console that writes to stdout."""
    return Console(file=sys.stdout, color_system="auto" if knows_sequences() else None, highlight=False, markup=False)


def redrawing_console() -> Console | None:
    """Return a console where stdout is a terminal that can go up a row."""
    console = stdout_console()
    return console if console.is_terminal and knows_sequences() else None
