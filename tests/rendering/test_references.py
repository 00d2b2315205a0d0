"""Definitions are taken from the beginning of a paragraph, and what was asked for in vain is remembered."""

import pytest

from tui_chat.rendering.references import References


@pytest.mark.parametrize(
    ("text", "rest", "found"),
    [
        ("[a]: b", "", {"A": ("b", "")}),
        ("[a]: b 'c'\nmore", "more", {"A": ("b", "c")}),
        ("[a]:\nb\n'c\nd'", "", {"A": ("b", "c\nd")}),
        ("[a]: b\n'c' d", "'c' d", {"A": ("b", "")}),
        ("[a]: b c", "[a]: b c", {}),
        ("[a]: <b c>\n[d]: e", "", {"A": ("b%20c", ""), "D": ("e", "")}),
        ("[a]: b\n[a]: c", "", {"A": ("b", "")}),
        ("[ ]: b", "[ ]: b", {}),
        ("[a]: javascript:x", "[a]: javascript:x", {}),
        ("[a] : b", "[a] : b", {}),
        ("[a\\]b]: c", "", {"A\\]B": ("c", "")}),
        ("[a]: b\\\n===", "===", {"A": ("b%5C", "")}),
    ],
)
def test_definitions_are_taken(text: str, rest: str, found: dict[str, tuple[str, str]]) -> None:
    references = References()
    left, new = references.take(text)
    assert (left, new) == (rest, set(found))
    assert {label: (entry["href"], entry["title"]) for label, entry in references.items()} == found


def test_a_trial_defines_nothing() -> None:
    references = References()
    assert references.take("[a]: b", define=False) == ("", set())
    assert not references


def test_labels_that_were_asked_for_in_vain_are_known() -> None:
    references = References()
    references.take("[a]: b")
    assert references.get("A") is not None
    assert references.get("C") is None
    assert references.unknown_labels == {"C"}
