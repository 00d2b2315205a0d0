"""What a user means by a few letters."""

import pytest

from tui_chat.core.fuzzy import closest_name, did_you_mean, match


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("lib", "Library"),
        ("lbry", "Past conversations: library"),
        ("mdl", "Choose the model"),
        ("ctm", "Choose the model"),
        ("model choose", "Choose the model"),
        ("retry OTHER", "Try again with another model /retry"),
        ("", "anything"),
    ],
)
def test_a_few_letters_in_order_are_enough(wanted: str, text: str) -> None:
    assert match(wanted, text) is not None


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("xyz", "Choose the model"),
        ("ledom", "model"),
        ("retry nothing", "Try again"),
        ("tree", "Quite a long prompt that happens not to have what is wanted, but its letters somewhere, later"),
    ],
)
def test_what_is_not_meant_is_not_found(wanted: str, text: str) -> None:
    assert match(wanted, text) is None


def test_the_places_are_the_letters_that_were_meant() -> None:
    found = match("gm", "Go to another Model")
    assert found is not None and found.places == (0, 14)
    found = match("fork tree", "tree, then fork")
    assert found is not None and found.places == (0, 1, 2, 3, 11, 12, 13, 14)


def order(wanted: str, *texts: str) -> list[str]:
    return sorted(texts, key=lambda text: -(match(wanted, text) or match("", text)).score)  # type: ignore[union-attr]


def test_what_stands_together_or_begins_a_word_comes_first() -> None:
    assert order("re", "Share", "Retry", "the end") == ["Retry", "Share", "the end"]
    assert order("tree", "the retry, even", "See the tree") == ["See the tree", "the retry, even"]
    assert order("re", "Stop the reply", "Answer again  /retry") == ["Answer again  /retry", "Stop the reply"]
    assert order("ed", "Needed", "Edit the prompt: edit") == ["Edit the prompt: edit", "Needed"]


def test_letters_that_grow_when_lowered_keep_their_places() -> None:
    found = match("x", "İx")
    assert found is not None and found.places == (1,)


@pytest.mark.parametrize(
    ("written", "meant"), [("Enter-Sends", "enter_sends"), ("them", "theme"), ("mesure", "measure"), ("zzz", None)]
)
def test_the_nearest_name_is_found_whatever_its_case_and_strokes(written: str, meant: str | None) -> None:
    assert closest_name(written, ["theme", "enter_sends", "measure"]) == meant


def test_a_sentence_ends_with_the_name_or_with_nothing() -> None:
    assert did_you_mean("them", ["theme"]) == "; did you mean theme?"
    assert did_you_mean("qqqq", ["theme"]) == ""
