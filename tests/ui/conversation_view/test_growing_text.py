"""Verbatim text that grows in pieces is laid out as the whole is."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.rendering.copying import copied_text
from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view.growing_text import GrowingText

LETTERS = st.text(alphabet="ab \n\tü日e\u0301", max_size=200)


def laid(pieces: list[str], indent: int = 0) -> GrowingText:
    text = GrowingText(12, DARK.text, indent)
    for piece in pieces:
        text.append(piece)
    return text


@given(LETTERS, st.lists(st.integers(0, 200), max_size=6), st.sampled_from((0, 2)))
def test_any_pieces_make_the_same_rows(source: str, cuts: list[int], indent: int) -> None:
    places = sorted({0, len(source), *(cut for cut in cuts if cut < len(source))})
    pieces = [source[start:end] for start, end in pairwise(places)]
    assert laid(pieces, indent).lines == laid([source], indent).lines
    assert laid(pieces).source == source


def test_copying_gives_back_what_was_written() -> None:
    source = "some words that are wrapped\n\n    indented\nend"
    assert copied_text(laid([source], 2).lines) == source


def test_a_line_without_an_end_costs_no_more_than_others() -> None:
    text = GrowingText(80, DARK.text)
    for _ in range(2000):
        text.append("abcdefghij" * 10)
    assert len(text._tail) <= 4096
    assert copied_text(text.lines) == "abcdefghij" * 20_000


def test_newlines_at_the_end_make_no_rows() -> None:
    assert len(laid(["one\n", "\n", "\n"]).lines) == 1
    assert len(laid(["one\n", "\n", "two"]).lines) == 3
