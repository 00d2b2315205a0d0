"""What follows from a model's name."""

import pytest

from tui_chat.providers.anthropic.models import (
    default_max_tokens,
    is_legacy,
    takes_effort,
    takes_thinking_budget,
    thinking_budget,
)

OLD = [
    "claude-2.1",
    "claude-instant-1.2",
    "claude-3-opus-20240229",
    "claude-3-5-sonnet-latest",
    "claude-3-7-sonnet-20250219",
    "claude-sonnet-4-20250514",
    "claude-4-opus-20250514",
    "claude-opus-4-0",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
]
NOT_OLD = [
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-4-8",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-fable-5-2",
    "claude-mythos-preview",
    "claude-opus-45",
    "anthropic/claude-sonnet-4-5",
    "deepseek-chat",
    "",
]


@pytest.mark.parametrize("model", OLD)
def test_old_models_are_known_by_name(model: str) -> None:
    assert is_legacy(model)
    assert takes_effort(model) is model.startswith("claude-opus-4-5")


@pytest.mark.parametrize("model", NOT_OLD)
def test_new_and_unknown_models_are_treated_as_new(model: str) -> None:
    assert not is_legacy(model)
    assert takes_effort(model)
    assert not takes_thinking_budget(model)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-3-opus-20240229", 4_096),
        ("claude-3-5-sonnet-latest", 8_192),
        ("claude-3-7-sonnet-20250219", 64_000),
        ("claude-opus-4-1-20250805", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-opus-4-5", 64_000),
        ("claude-sonnet-5-5", 64_000),
        ("deepseek-chat", 8_192),
    ],
)
def test_output_is_limited_to_what_the_model_can(model: str, tokens: int) -> None:
    assert default_max_tokens(model) == tokens


def test_only_some_of_the_old_ones_think() -> None:
    thinking = [model for model in OLD if takes_thinking_budget(model)]
    assert thinking == OLD[4:]


@pytest.mark.parametrize(
    ("effort", "max_tokens", "budget"),
    [
        (None, 64_000, 8_192),
        ("low", 64_000, 2_048),
        ("max", 64_000, 48_000),
        ("odd", 64_000, 8_192),
        ("max", 8_192, 7_168),
        ("low", 2_048, 1_024),
        ("low", 2_047, None),
    ],
)
def test_a_budget_leaves_room_for_an_answer(effort: str | None, max_tokens: int, budget: int | None) -> None:
    assert thinking_budget(effort, max_tokens) == budget
