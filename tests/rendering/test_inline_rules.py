"""Addresses, mathematics and footnote marks are found where they are, and only there."""

import pytest

from tui_chat.rendering.inline import LINK, MATHS, parse_inline
from tui_chat.rendering.references import References


def links(text: str) -> dict[str, str]:
    (line,) = parse_inline(text, References())
    found, start = {}, 0
    for end, bits, href in line.marks:
        if bits & LINK:
            found[line.text[start:end]] = href
        start = end
    return found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.example/b_c_d.", "https://a.example/b_c_d"),
        ("(https://a.example/(b))", "https://a.example/(b)"),
        ("http://localhost:8000/x?y=1&copy=2, then", "http://localhost:8000/x?y=1&copy=2"),
        ("**https://a.example**", "https://a.example"),
        ("https://a.example/*b*", "https://a.example/*b"),
        ("在https://a.example/b。后", "https://a.example/b"),
        ('"https://a.example"', "https://a.example"),
    ],
)
def test_an_address_is_a_link(text: str, address: str) -> None:
    assert links(text) == {address: address}


def test_addresses_without_a_scheme_are_links_too() -> None:
    assert links("www.a.example/b, me@c.example.") == {
        "www.a.example/b": "http://www.a.example/b",
        "me@c.example": "mailto:me@c.example",
    }


@pytest.mark.parametrize(
    "text",
    [
        "main.py README.md foo.bar a.b.c",
        "`https://a.example`",
        "xhttps://a.example",
        "https://",
        "a@b",
        "@user",
        "x://y",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert links(text) == {}


def test_an_address_in_a_label_does_not_swallow_the_link() -> None:
    assert links("[https://a.example](https://b.example)") == {"https://a.example": "https://b.example"}


def maths(text: str) -> list[str]:
    (line,) = parse_inline(text, References())
    found, start = [], 0
    for end, bits, _ in line.marks:
        if bits & MATHS:
            found.append(line.text[start:end])
        start = end
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"a \(x_1\) b \[y_2\] c", [r"\(x_1\)", r"\[y_2\]"]),
        ("$x_1$ and $$y_2$$", ["$x_1$", "$$y_2$$"]),
        ("costs $5 and $6", []),
        ("5$ to 6$ a $ b $", []),
        (r"\(open", []),
        (r"`\(code\)`", []),
        ("US$100 and NZ$5", []),
    ],
)
def test_mathematics_are_kept_as_written(text: str, found: list[str]) -> None:
    assert maths(text) == found
