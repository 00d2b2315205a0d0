"""The words in which two texts differ."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.ui.compare.word_diff import Piece, word_diff


def test_one_other_word_is_all_that_differs() -> None:
    diff = word_diff("The cache is warm now.", "The cache is cold now.")
    assert [piece for piece in diff.left if piece.differs] == [Piece("warm ", True)]
    assert [piece for piece in diff.right if piece.differs] == [Piece("cold ", True)]
    assert diff.share == 10 / 12


def test_an_added_line_leaves_the_others_alone() -> None:
    diff = word_diff("one\ntwo\n", "one\nand a half\ntwo\n")
    assert not [piece for piece in diff.left if piece.differs]
    assert [piece.text for piece in diff.right if piece.differs] == ["and a half\n"]


def test_equal_and_empty_texts_differ_in_nothing() -> None:
    assert word_diff("same\n", "same\n").share == word_diff("", "").share == 1.0
    assert word_diff("word", "").right == []


@given(st.text("ab \n.", max_size=60), st.text("ab \n.", max_size=60))
def test_the_pieces_are_the_texts(left: str, right: str) -> None:
    diff = word_diff(left, right)
    assert "".join(piece.text for piece in diff.left) == left
    assert "".join(piece.text for piece in diff.right) == right
    assert 0 <= diff.share <= 1


def test_two_long_replies_are_compared_in_bounded_time() -> None:
    words = [f"w{number % 97}" for number in range(40_000)]
    started_s = time.monotonic()
    word_diff(" ".join(words), " ".join(reversed(words)))
    assert time.monotonic() - started_s < 5
