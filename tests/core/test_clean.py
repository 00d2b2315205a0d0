"""Outside text is made harmless, and nothing else is changed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.clean import PairJoiner, clean, clean_line, valid_text


def test_control_characters_become_visible_signs() -> None:
    assert clean("a\x1b[2Jb\x07\x7f\x9b") == "a␛[2Jb␇␡\ufffd"


def test_newlines_and_tabs_stay_and_other_line_ends_become_newlines() -> None:
    assert clean("a\tb\r\nc\u2028d\x85e") == "a\tb\nc\nd\ne"


def test_a_lone_carriage_return_is_shown() -> None:
    assert clean("safe\rfake") == "safe␍fake"


def test_bidirectional_overrides_and_hidden_characters_are_shown() -> None:
    assert clean("a\u202eb\u200bc\u2066d") == "a\ufffdb\ufffdc\ufffdd"


def test_a_run_of_tag_characters_is_one_sign() -> None:
    assert clean("x\U000e0041\U000e0042y") == "x\ufffdy"


def test_joiners_and_selectors_stay() -> None:
    assert clean("👨\u200d👩\u200d👧 ❤\ufe0f क्\u200cष") == "👨\u200d👩\u200d👧 ❤\ufe0f क्\u200cष"


def test_a_tower_of_combining_marks_is_cut() -> None:
    assert clean("e" + "\u0301" * 10_000) == "e" + "\u0301" * 8


def test_a_single_line_stays_one() -> None:
    assert clean_line(" a\n b\x1b\t c ") == "a b␛ c"


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    for character in clean(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2060"


@given(st.text(alphabet=st.characters(codec="utf-8")).filter(lambda text: "\ud800" not in text), st.data())
def test_pieces_cut_inside_a_pair_come_out_whole(text: str, data: st.DataObject) -> None:
    halves = "".join(chr(half) for half in memoryview(text.encode("utf-16-le")).cast("H"))
    joiner, out, at = PairJoiner(), "", 0
    while at < len(halves):
        step = data.draw(st.integers(1, 5))
        out += joiner.feed(halves[at : at + step])
        at += step
    assert out + joiner.end() == text


def test_a_lone_half_becomes_a_replacement_sign() -> None:
    assert valid_text("a\ud83db") == "a\ufffdb"
    joiner = PairJoiner()
    assert joiner.feed("a\ud83d") + joiner.end() == "a\ufffd"
