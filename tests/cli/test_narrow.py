"""What is printed for people keeps within their window, and goes on under itself where it is longer."""

import re

import pytest
from rich.cells import cell_len

from tests.cli.conftest import COMMAND, Shell
from tests.support.pty_terminal import Terminal

COLUMNS = 64


def printed(shell: Shell, *words: str) -> list[str]:
    """The lines that a terminal is sent, without their colours."""
    with Terminal((*COMMAND, *words), environment=shell.environment(), size=(COLUMNS, 40)) as terminal:
        terminal.wait()
        shown = terminal.output.decode()
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "").splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("words", ["usage", "doctor --offline", "search rate limiter", "list"])
def test_no_line_is_wider_than_the_window(shell: Shell, words: str) -> None:
    shell("ask", "--demo", "code for a rate limiter, described at such length that it does not fit into a line")
    lines = printed(shell, *words.split())
    assert lines and all(cell_len(line) <= COLUMNS for line in lines), lines


def test_a_hit_is_whole_under_its_title_and_highlighted_across_rows(shell: Shell) -> None:
    shell("ask", "--demo", "code for a rate limiter " * 5)
    shown, piped = printed(shell, "search", "rate limiter"), shell("search", "rate limiter").out.splitlines()
    assert len(shown) > len(piped)
    assert words_below(shown) == words_below(piped)


def words_below(lines: list[str]) -> list[str]:
    """What stands under the titles."""
    assert all(re.match(r"[0-9a-f]{8}  |    ", line) for line in lines)
    return " ".join(line for line in lines if line.startswith("    ")).split()


def test_into_a_pipe_every_finding_is_one_line(shell: Shell) -> None:
    lines = shell("doctor", "--offline").out.splitlines()
    assert all(re.match(r"[✓·✗] |\s+→ ", line) for line in lines)
