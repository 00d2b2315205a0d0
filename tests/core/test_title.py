"""The first line that says something becomes the title."""

import pytest

from tui_chat.core.title import LONGEST_TITLE, title_from


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("hello", "hello"),
        ("\n\n  # A *nice*   heading\nmore", "A *nice* heading"),
        ("```\ncode()\n```", "code()"),
        ("> - quoted", "quoted"),
        ("   \n\t", "Untitled"),
    ],
)
def test_a_title_is_the_first_line_without_marks(prompt: str, title: str) -> None:
    assert title_from(prompt) == title


def test_a_long_line_is_cut_at_a_word() -> None:
    title = title_from("word " * 40)
    assert title.endswith("word…") and len(title) <= LONGEST_TITLE


def test_a_line_without_blanks_is_cut_anyway() -> None:
    assert title_from("字" * 500) == "字" * (LONGEST_TITLE - 1) + "…"
