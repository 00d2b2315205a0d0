"""`delete` and `restore`: the trash."""

import json

from tests.cli.conftest import Shell


def test_a_deleted_conversation_can_be_restored(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    conversation_id = shell.only_conversation()["id"]
    assert "tui-chat restore" in shell("delete", conversation_id[:8]).out
    assert json.loads(shell("list", "--json").out) == []
    assert "code" in shell("restore").out
    assert shell("restore", conversation_id[:8]).code == 0
    assert len(json.loads(shell("list", "--json").out)) == 1


def test_restore_reports_a_conversation_that_was_not_in_the_trash(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    only = shell.only_conversation()["id"]
    assert "was not in the trash" in shell("restore", only).out
    shell("delete", only)
    assert "is restored" in shell("restore", only).out
