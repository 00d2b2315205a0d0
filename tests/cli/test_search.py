"""`search`: matches in titles and messages."""

import json

from tests.cli.conftest import Shell


def test_a_search_finds_the_turn_and_lights_the_word(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    (hit,) = json.loads(shell("search", "monotonic role:assistant", "--json").out)
    start, end = hit["marks"][0]
    assert hit["snippet"][start:end].lower() == "monotonic"
    assert "monotonic" in shell("search", "monotonic").out
    assert shell("search", '"unclosed ( AND').code == 0
