"""What is typed into the search box is understood, or taken for words."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.storage.search_syntax import Query, Term, parse


def day(*parts: int) -> datetime:
    return datetime(*parts).astimezone()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("one two", Query((Term("one"), Term("two")))),
        ('"one two" three', Query((Term("one two", True), Term("three")))),
        ('"never closed', Query((Term("never closed", True),))),
        ('""', Query()),
        ("", Query()),
        ("role:user x", Query((Term("x"),), role="user")),
        ("ROLE:a", Query(role="assistant")),
        ("role:admin", Query((Term("role:admin"),))),
        ("model:sonnet model:5", Query(models=("sonnet", "5"))),
        ('title:"my plan" go', Query((Term("go"),), titles=("my plan",))),
        ("after:2025-06", Query(after=day(2025, 6, 1))),
        ("before:2025-06-15", Query(before=day(2025, 6, 15))),
        ("after:2025 before:2026", Query(after=day(2025, 1, 1), before=day(2026, 1, 1))),
        ("after:20 x", Query((Term("x"),))),
        ("after:2025-13", Query()),
        ("after:sunset", Query((Term("after:sunset"),))),
        ("x title:", Query((Term("x"),))),
        ("std::vector http://x", Query((Term("std::vector"), Term("http://x")))),
        ('a"b c', Query((Term('a"b'), Term("c")))),
    ],
)
def test_a_query_is_taken_apart(text: str, query: Query) -> None:
    assert parse(text) == query


@given(
    st.text(
        alphabet=st.sampled_from("ab \"':*()-+^{}~\\/\n\t模\x00é.,role:model:title:after:before:2025"), max_size=60
    )
)
def test_nothing_typed_is_an_error(text: str) -> None:
    parse(text)
