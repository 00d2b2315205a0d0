"""A rough count that knows scripts, adds up over pieces, and never fails."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.text_tokens import rough_tokens

STREAMS = Path(__file__).parents[2] / ".." / "shared" / "streams"


def test_a_letter_counts_by_its_script() -> None:
    latin, code, chinese, emoji = "hello there friend", "x[i]={};y(*z)**2", "你好世界你好世界", "🎉🎉🎉🎉"
    per_character = [rough_tokens(text) / len(text) for text in (latin, code, chinese, emoji)]
    assert per_character == sorted(per_character)
    assert 3.5 < 1 / per_character[0] < 6
    assert 0.7 < per_character[2] < 1.5


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_pieces_add_up_to_the_whole(one: str, other: str) -> None:
    assert rough_tokens(one) + rough_tokens(other) == pytest.approx(rough_tokens(one + other))


def test_nothing_is_no_token_and_half_a_character_does_no_harm() -> None:
    assert rough_tokens("") == 0
    assert rough_tokens("\ud83d") > 0


def recorded() -> list[Path]:
    return sorted((STREAMS).glob("*/*.json"))


@pytest.mark.parametrize("path", recorded(), ids=lambda path: str(path.stem))
def test_prose_that_was_really_written_is_counted_within_a_third(path: Path) -> None:
    expected = json.loads(path.read_text())["expected"]
    usage, text = expected.get("usage") or {}, expected.get("text") or ""
    true = usage.get("output_tokens") or usage.get("completion_tokens") or 0
    more = expected.get("tool_calls") or expected.get("reasoning") or "gpt-4o-mini" in path.read_text()
    if more or not text or true < 90:
        pytest.skip("holds more than the prose of one reply")
    assert true / 1.34 < rough_tokens(text) < true * 1.34
