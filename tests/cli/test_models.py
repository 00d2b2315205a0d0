"""`models` from the shell."""

import json

import pytest

from tests.cli.conftest import Shell


def test_the_demo_model_is_there_without_any_key(shell: Shell) -> None:
    (model,) = json.loads(shell("models", "--json").out)
    assert (model["id"], model["input_usd"]) == ("demo/tour", "0")


@pytest.mark.slow
def test_models_lists_a_provider_that_was_set_up_after_the_demo(shell: Shell) -> None:
    shell("models")
    done = shell("models", ANTHROPIC_API_KEY="sk-ant-12345678", ANTHROPIC_BASE_URL="http://127.0.0.1:9")
    assert "anthropic:" in done.err and "127.0.0.1:9" in done.err and "demo/tour" in done.out


def test_facts_of_a_model_come_with_their_source(shell: Shell) -> None:
    (model,) = json.loads(shell("models", "--json").out)
    assert model["price_source"] == "settings" and model["listed_at"] is not None
    assert {"context_source", "max_output_tokens", "can_think", "can_see", "can_use_tools"} <= set(model)
