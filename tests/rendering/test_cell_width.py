"""Widths and cuts are those of the screen."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import is_narrow, normalize_graphemes, prefix_within, width, wrap

SCREEN_TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("  abcde\u0301日本語。「👩\u200d💻👍🏽🇫🇷❤\ufe0fשלוםकि1\u20e3é…—"),
        st.characters(codec="utf-8", exclude_characters="\n\t"),
    )
).map(lambda text: normalize_graphemes(clean(text)).replace("\n", " "))


@given(SCREEN_TEXT, st.integers(2, 40), st.integers(0, 40))
def test_no_row_is_wider_than_its_room(text: str, cells: int, first: int) -> None:
    first = min(first, cells)
    for number, (start, end) in enumerate(wrap(text, cells, first)):
        assert width(text[start:end].rstrip(" ")) <= (first if number == 0 else cells) or first < 2


@given(SCREEN_TEXT, st.integers(2, 40))
def test_rows_leave_out_nothing_but_spaces(text: str, cells: int) -> None:
    rows = wrap(text, cells)
    assert "".join(text[start:end] for start, end in rows).replace(" ", "") == text.replace(" ", "")
    for (_, end), (start, _) in itertools.pairwise(rows):
        assert text[end:start].strip(" ") == ""


@given(SCREEN_TEXT, st.integers(0, 50))
def test_a_prefix_fits(text: str, cells: int) -> None:
    cut = prefix_within(text, cells)
    assert width(text[:cut]) <= cells


@given(SCREEN_TEXT)
def test_narrow_text_takes_one_cell_for_each_character(text: str) -> None:
    assert not is_narrow(text) or cell_len(text) == len(text)


def test_words_are_kept_whole_where_they_fit() -> None:
    text = "the quick brown fox"
    assert [text[start:end] for start, end in wrap(text, 10)] == ["the quick", "brown fox"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert wrap("a" * 25, 10) == [(0, 10), (10, 20), (20, 25)]


def test_a_word_that_does_not_fit_behind_a_label_moves_down() -> None:
    assert wrap("abcdefgh", 10, 4) == [(0, 0), (0, 8)]


def test_wide_text_breaks_between_characters_but_not_before_a_full_stop() -> None:
    text = "日本語日本。語"
    assert [text[start:end] for start, end in wrap(text, 10)] == ["日本語日", "本。語"]


@pytest.mark.parametrize(
    ("written", "shown", "cells"),
    [
        ("⚠\ufe0f note", "⚠ note", 6),
        ("👩\u200d💻", "👩\u200d💻", 2),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥", 2),
        ("a\u200db", "ab", 2),
        ("1\ufe0f\u20e3", "1\u20e3", 1),
        ("👍🏽", "👍🏽", 2),
        ("🇫🇷", "🇫🇷", 2),
        ("e\u0301", "e\u0301", 1),
        ("שלום", "שלום", 4),
    ],
)
def test_sequences_are_shown_as_every_terminal_counts_them(written: str, shown: str, cells: int) -> None:
    assert normalize_graphemes(written) == shown
    assert width(shown) == cells
