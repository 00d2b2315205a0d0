"""How blocks begin: rows of tables, and HTML."""

import pytest

from tui_chat.rendering.block_patterns import alignments, cells_of, html_end


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("| a | b |", ["a", "b"]),
        ("a|b", ["a", "b"]),
        ("| a \\| b | `c\\|d` |", ["a | b", "`c|d`"]),
        ("| a || b |", ["a", "", "b"]),
        ("|", []),
        ("| a", ["a"]),
    ],
)
def test_a_row_is_cut_into_cells(row: str, cells: list[str]) -> None:
    assert cells_of(row) == cells


def test_a_delimiter_row_sets_how_columns_are_aligned() -> None:
    assert alignments("|:--|--:|:-:|---|") == ("left", "right", "center", "")


@pytest.mark.parametrize(
    ("text", "interrupts", "begins", "ends_at_gap"),
    [
        ("<div>", True, True, True),
        ("</section>", True, True, True),
        ("<pre>", True, True, False),
        ("<!-- x", True, True, False),
        ("<custom-tag a='b'>", False, True, True),
        ("<custom-tag a='b'>", True, False, True),
        ("<custom-tag> text", False, False, True),
        ("<https://a.example>", False, False, True),
        ("< div>", False, False, True),
    ],
)
def test_html_begins(text: str, interrupts: bool, begins: bool, ends_at_gap: bool) -> None:
    found, end = html_end(text, interrupts)
    assert (found, end is None) == (begins, ends_at_gap)
