"""The first line with content becomes the title."""

import pytest

from tui_chat.core.title import (
    LONGEST_TITLE,
    TITLE_INSTRUCTION,
    brief_title,
    telling_title,
    title_from,
    title_in,
    title_request,
)


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


def test_a_short_prompt_is_distinguished_by_its_file_or_its_next_line() -> None:
    assert telling_title("Review this.", ["a.py", "b.py"]) == "Review this. · a.py"
    assert telling_title("Review this.\n\n```diff\n--- a/x.py\n```") == "Review this. · a/x.py"
    assert telling_title("hi\nhi\nthere") == "hi · there"
    assert telling_title("", ["a.py"]) == "a.py"
    assert telling_title("A first line that says what it is about\nmore", ["a.py"]).endswith("about")


def test_a_long_line_is_cut_at_a_word() -> None:
    title = title_from("word " * 40)
    assert title.endswith("word…") and len(title) <= LONGEST_TITLE


def test_a_line_without_blanks_is_cut_anyway() -> None:
    assert title_from("字" * 500) == "字" * (LONGEST_TITLE - 1) + "…"


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("A small parser", "A small parser"),
        ('"A small parser."', "A small parser"),
        ("Title: **A small parser**\n\nIt names …", "A small parser"),
        ("「小さな構文解析器」", "小さな構文解析器"),
        ("\n\n", ""),
    ],
)
def test_the_title_is_taken_out_of_what_a_model_answers(answer: str, title: str) -> None:
    assert title_in(answer) == title


def test_a_model_is_shown_the_start_of_the_conversation() -> None:
    asked = title_request("why? " * 10_000, "because")
    assert asked.startswith(TITLE_INSTRUCTION) and "why?" in asked and "because" in asked and len(asked) < 5_000


def test_in_a_sentence_a_title_is_cut_short() -> None:
    assert brief_title("word " * 40) == "word word word word word word word word…"
    assert brief_title(" \n") == "Untitled" and brief_title("short") == "short"
