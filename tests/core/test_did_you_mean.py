"""The name somebody probably meant."""

import pytest

from tui_chat.core.did_you_mean import did_you_mean, nearest


@pytest.mark.parametrize(
    ("written", "meant"), [("Enter-Sends", "enter_sends"), ("them", "theme"), ("mesure", "measure"), ("zzz", None)]
)
def test_the_nearest_name_is_found_whatever_its_case_and_strokes(written: str, meant: str | None) -> None:
    assert nearest(written, ["theme", "enter_sends", "measure"]) == meant


def test_a_sentence_ends_with_the_name_or_with_nothing() -> None:
    assert did_you_mean("them", ["theme"]) == "; did you mean theme?"
    assert did_you_mean("qqqq", ["theme"]) == ""
