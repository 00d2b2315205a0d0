"""A terminal without a name, or one that is called dumb, is given text alone; the app works in it."""

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.support.pty_terminal import Terminal

pytestmark = pytest.mark.slow

NAMES = pytest.mark.parametrize("name", [None, "", "dumb", "unknown"], ids=["unset", "empty", "dumb", "unknown"])


def in_terminal(shell: Shell, name: str | None, *words: str) -> Terminal:
    environment = shell.environment()
    del environment["TERM"], environment["COLORTERM"]
    return Terminal((*COMMAND, *words), environment=environment | ({} if name is None else {"TERM": name}))


@NAMES
def test_commands_send_no_escape_sequence_to_a_terminal_without_a_name(name: str | None, shell: Shell) -> None:
    shell("ask", "--demo", "table")
    shown = shell.only_conversation()["id"]
    for words in (["ask", "--demo", "table"], ["list"], ["show", shown], ["help", "keys"], ["search", "table"]):
        with in_terminal(shell, name, *words) as terminal:
            assert terminal.wait() == 0
            assert b"\x1b" not in terminal.output, words
            assert "Traceback" not in terminal.text and terminal.text.strip()


@pytest.mark.parametrize("name", [None, "", "unknown"], ids=["unset", "empty", "unknown"])
def test_the_app_works_in_a_terminal_without_a_name(name: str | None, shell: Shell) -> None:
    with in_terminal(shell, name, "--demo") as terminal:
        terminal.until("Ask anything")
        terminal.type("hello\r")
        terminal.until("real model")
        terminal.type("\x11")
        assert terminal.wait() == 0
