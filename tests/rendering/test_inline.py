"""Text inside a block becomes text with marks, and nothing is lost or hidden."""

import pytest

from tui_chat.rendering.inline import (
    ASIDE,
    CODE,
    EMPHASIS,
    LINK,
    MATHS,
    MOST_BRACKETS,
    STRIKE,
    STRONG,
    TAG,
    parse_inline,
    shown_target,
)
from tui_chat.rendering.references import References


def read(text: str) -> list[list[tuple[str, int, str]]]:
    """Lines of stretches: text, marks and target."""
    lines = []
    for line in parse_inline(text, References()):
        start, stretches = 0, []
        for end, bits, href in line.marks:
            stretches.append((line.text[start:end], bits, href))
            start = end
        assert start == len(line.text)
        lines.append(stretches)
    return lines


def shown(text: str) -> list[str]:
    return [line.text for line in parse_inline(text, References())]


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        ("a", [("a", 0, "")]),
        (
            "*a* **b** ~~c~~ `d`",
            [("a", EMPHASIS), (" ", 0), ("b", STRONG), (" ", 0), ("c", STRIKE), (" ", 0), ("d", CODE)],
        ),
        ("***a***", [("a", STRONG | EMPHASIS)]),
        ("a <b>c</b>", [("a ", 0), ("<b>", TAG), ("c", 0), ("</b>", TAG)]),
        (r"\(a_1*b*\)", [(r"\(a_1*b*\)", MATHS)]),
        ("a[^1]", [("a", 0), ("[1]", ASIDE)]),
        ("a &lt; b &amp; c", [("a < b & c", 0)]),
        ("snake_case_name 2 * 3", [("snake_case_name 2 * 3", 0)]),
    ],
)
def test_marks(text: str, stretches: list[tuple[str, int]]) -> None:
    assert [stretch[:2] for stretch in read(text)[0]] == [stretch[:2] for stretch in stretches]


def test_a_link_shows_its_label_and_where_it_leads() -> None:
    href = "https://example.com/a/"
    assert read(f"[b]({href})") == [[("b", LINK, href), (" (example.com/a)", ASIDE, href)]]


@pytest.mark.parametrize("label", ["https://example.com/a", "example.com/a", "https://example.com/a/"])
def test_a_label_that_names_its_address_stands_alone(label: str) -> None:
    assert shown(f"[{label}](https://example.com/a)") == [label]


def test_a_label_that_names_another_address_does_not_hide_the_true_one() -> None:
    assert shown("[https://good.example](https://evil.example)") == ["https://good.example (evil.example)"]
    assert shown("[x](http://аррӏе.example/)") == ["x (http://xn--80ak6aa92e.example)"]
    assert shown("<https://пример.example/>") == ["https://пример.example/ (xn--e1afmkfd.example)"]


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("https://example.com", "example.com"),
        ("http://example.com/", "http://example.com"),
        ("mailto:a@b.example", "a@b.example"),
        ("https://user@evil.example/x", "user@evil.example/x"),
        (
            "https://a.very.long.host.name.that.ends.in.evil.example/p",
            "a.very.long.host.name.that.ends.in.evil.example/p",
        ),
        ("https://e.example/" + "long/" * 20 + "end", "e.example/…" + ("long/" * 20 + "end")[-24:]),
        ("vscode://file/x", "vscode://file/x"),
    ],
)
def test_a_target_is_shown_with_its_whole_host(href: str, text: str) -> None:
    assert shown_target(href) == text


def test_a_dangerous_scheme_is_no_link() -> None:
    assert read("[a](javascript:alert(1))") == [[("[a](javascript:alert(1))", 0, "")]]


def test_an_image_is_a_labelled_link() -> None:
    assert shown("![a *b*](https://e.example/c.png)") == ["image: a b (e.example/c.png)"]
    assert shown("![](https://e.example/c.png)") == ["image: c.png (e.example/c.png)"]


def test_a_short_line_stays_a_line_and_a_full_one_flows_on() -> None:
    assert shown("Roses are red,\nviolets are blue.") == ["Roses are red,", "violets are blue."]
    full = "A line that somebody broke because it had become eighty cells long,"
    assert shown(f"{full}\nand so on.") == [f"{full} and so on."]


def test_full_lines_of_wide_text_are_joined_without_a_space() -> None:
    assert shown("日本語" * 12 + "\n日本") == ["日本語" * 12 + "日本"]


def test_hard_breaks_break() -> None:
    assert shown("a  \nb\\\nc<br>d<br/>e") == ["a", "b", "c", "d", "e"]


def test_entities_cannot_bring_in_what_was_kept_out() -> None:
    assert shown("a&#x202e;b &#x200b; &zwj;c") == ["a\ufffdb \ufffd c"]
    assert shown("<http://a.example/%1b%0a>")[0].startswith("http://a.example/")
    assert "\x1b" not in shown("<http://a.example/%1b%0a>")[0]
    assert "\n" not in shown("a&NewLine;b &Tab;c")[0]


def test_a_flood_of_brackets_is_text() -> None:
    text = "[" * (MOST_BRACKETS + 1) + "a](b)"
    assert read(text) == [[(text, 0, "")]]
