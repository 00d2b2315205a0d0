"""`fork`: a new conversation with the messages of another one."""

import json

import pytest

from tests.cli.conftest import Shell


@pytest.mark.slow
def test_a_fork_is_a_conversation_of_its_own(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    source = shell.only_conversation()
    forked_id = shell("fork", source["id"]).out.strip()
    forked = json.loads(shell("show", "--json", forked_id).out)
    assert forked["origin"]["conversation_id"] == source["id"] and len(forked["turns"]) == 2


def test_an_unknown_turn_is_not_called_an_unknown_conversation(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    done = shell("fork", shell.only_conversation()["id"], "--turn", "zz")
    assert done.code == 2 and "The conversation has no such turn" in done.err
