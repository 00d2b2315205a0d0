"""Options of a request, as they are typed, shown and suggested."""

import pytest

from tui_chat.core.conversation import Options
from tui_chat.core.option_syntax import options_text, parse_options
from tui_chat.ui.commands.option_suggestions import suggest_options


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("effort=high thinking=on", Options(effort="high", thinking=True)),
        ("max_tokens=4000 temperature=0.2", Options(4000, 0.2)),
        ("thinking=off", Options(thinking=False)),
    ],
)
def test_options_are_read_and_shown_as_they_are_typed(words: str, made: Options) -> None:
    assert parse_options(Options(), words) == made
    assert parse_options(Options(), options_text(made)) == made


def test_an_empty_value_takes_one_back_and_leaves_the_others() -> None:
    assert parse_options(Options(4000, 0.2, "low", True), "effort= thinking= max_tokens=") == Options(temperature=0.2)


@pytest.mark.parametrize("words", ["max_tokens=many", "thinking=perhaps", "volume=11"])
def test_an_invalid_option_is_reported(words: str) -> None:
    with pytest.raises(ValueError, match=words.partition("=")[0]):
        parse_options(Options(), words)


def test_the_models_own_efforts_are_suggested_where_they_are_known() -> None:
    assert [one.value for one in suggest_options("")][:3] == ["effort=low", "effort=medium", "effort=high"]
    own = [one.value for one in suggest_options("", ("low", "max"))]
    assert own[:2] == ["effort=low", "effort=max"] and "effort=high" not in own


def test_what_was_typed_already_is_not_suggested_again() -> None:
    values = [one.value for one in suggest_options("effort=low thi")]
    assert values and all(value.startswith("effort=low ") and value.count("effort") == 1 for value in values)
