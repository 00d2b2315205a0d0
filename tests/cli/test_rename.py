"""`rename`: another title."""

import pytest

from tests.cli.conftest import Shell


@pytest.mark.slow
def test_a_new_title_stays(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    shell("rename", shell.only_conversation()["id"], "My \x1b[2Jtitle")
    shell("ask", "--demo", "-c", "table")
    assert shell.only_conversation()["title"] == "My \x1b[2Jtitle"
    assert "\x1b" not in shell("list").out


def test_an_empty_title_is_refused_and_blanks_around_one_go(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    only = shell.only_conversation()["id"]
    assert shell("rename", only, "  ").code == 2
    shell("rename", only, "  Mine ")
    assert shell.only_conversation()["title"] == "Mine"
