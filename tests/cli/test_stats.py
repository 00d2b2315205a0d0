"""`stats`: how much there is."""

import json

from tests.cli.conftest import Shell


def test_stats_count_what_there_is(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    as_dict = json.loads(shell("stats", "--json").out)
    assert (as_dict["conversations"], as_dict["turns"]) == (1, 2)
    assert "conversations" in shell("stats").out
