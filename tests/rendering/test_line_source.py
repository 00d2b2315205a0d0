"""Lines come out the same however the text was cut, harmless, and never too long."""

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.rendering.line_source import LONGEST_LINE, LineSource, SourceLine


def pieces(*chunks: str) -> list[SourceLine]:
    source = LineSource()
    found = []
    for chunk in chunks:
        source.append(chunk)
        while (piece := source.take()) is not None:
            found.append(piece)
    source.end()
    while (piece := source.take()) is not None:
        found.append(piece)
    return found


TEXT = st.lists(
    st.sampled_from(
        ("a", "word ", "\n", "\r\n", "\r", "\u2028", "\x1b", "x" * 3000, "y " * 1500, "\u0301" * 12, "\U000e0041")
    )
).map("".join)


@given(TEXT, st.integers(1, 700))
def test_any_cut_gives_the_same_lines(text: str, size: int) -> None:
    assert pieces(*(text[at : at + size] for at in range(0, len(text), size))) == pieces(text)


@given(TEXT)
def test_no_piece_is_too_long_and_nothing_is_lost(text: str) -> None:
    found = pieces(text)
    assert all(len(piece.raw or piece.text) <= LONGEST_LINE for piece in found)
    assert sum(piece.text.count("word") for piece in found) == text.count("word")


def test_what_was_written_is_kept_where_it_is_not_what_is_shown() -> None:
    assert pieces("a\x1bb\nc\n") == [SourceLine("a␛b", raw="a\x1bb"), SourceLine("c")]


def test_line_ends_of_other_kinds_end_lines() -> None:
    assert [piece.text for piece in pieces("a\u2028b\r\nc\rd")] == ["a", "b", "c␍d"]


def test_a_carriage_return_at_the_end_is_not_shown_before_it_is_certain() -> None:
    source = LineSource()
    source.append("a\r")
    assert source.take() is None
    assert [piece.text for piece in source.partial()] == ["a"]
    source.append("\n")
    assert source.take() == SourceLine("a")
    assert source.text == "a\r\n"
