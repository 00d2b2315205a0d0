"""`models` from the shell."""

import json

from tests.cli.conftest import Shell


def test_the_demo_model_is_there_without_any_key(shell: Shell) -> None:
    (model,) = json.loads(shell("models", "--json").out)
    assert (model["id"], model["input_usd"]) == ("demo/tour", "0")
