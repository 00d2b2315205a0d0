"""`show`: a conversation on stdout."""

from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.storage.make import conversation, prompt, reply
from tui_chat.formats.native import dumps


@pytest.mark.slow
def test_show_prints_the_branch_and_json_the_whole(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    found = shell.only_conversation()
    text = shell("show", found["id"][:8]).out
    assert "rate limiter" in text and "code" in text
    assert found["format"] == "tui-chat" and len(found["turns"]) == 2


def test_an_unknown_id_is_a_misuse_with_a_sentence(shell: Shell) -> None:
    done = shell("show", "nothing")
    assert done.code == 2 and "tui-chat: Conversation not found." in done.err


@pytest.mark.slow
def test_show_prints_all_branches_with_branch_all(shell: Shell, tmp_path: Path) -> None:
    first, second = reply("r1", "p", "the first answer"), reply("r2", "p", "the second answer")
    file = tmp_path / "branches.json"
    file.write_text(dumps(conversation("c1", prompt("p"), first, second)))
    shell("import", str(file))
    current, everything = shell("show", "c1").out, shell("show", "c1", "--branch", "all").out
    assert "the second answer" in current and "the first answer" not in current
    assert "2. Assistant, 1 of 2 (" in everything and "the first answer" in everything
    assert "3. Assistant, 2 of 2, after 1, shown (" in everything
    assert shell("show", "c1", "--plain", "--branch", "all").out == everything
    wrong = shell("show", "c1", "--branch", "al")
    assert wrong.code == 2 and "did you mean all?" in wrong.err
