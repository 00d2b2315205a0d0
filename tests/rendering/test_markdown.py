"""However a text comes, it ends as the same lines; and the lines shown before are those reported as changed."""

import random
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.rendering.copying import copied_text
from tests.rendering.corpus import EXAMPLES, HOSTILE, REPLY
from tests.rendering.replies import recorded_replies
from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK

PIECES = (
    *(
        "- ",
        "* ",
        "1. ",
        "2. ",
        "10) ",
        "> ",
        ">",
        "    ",
        "  ",
        " ",
        "\t",
        "```",
        "~~~",
        "```py",
        "# ",
        "## ",
        "foo",
    ),
    *(
        "---",
        "===",
        "| a | b |",
        "|---|---|",
        "| c |",
        "<div>",
        "</div>",
        "<a>",
        "<!-- x",
        "-->",
        "[foo]: /url",
        "[foo]",
    ),
    *(
        "'title'",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "***",
        "a|b",
        "-|-",
        "**",
        "*",
        "`",
        "[a](b)",
        "[foo][]",
        "~~",
        "$$",
        "\\(",
    ),
    *(
        "\\)",
        "\\[",
        "\\]",
        "[^1]",
        "[^1]: ",
        "日本語 ",
        "👩\u200d💻",
        "\r\n",
        "\r",
        "\x1b[2J",
        "e\u0301",
        "word " * 12,
    ),
    *(
        "| x | yyyy |\n",
        "```js\n/* a\nb */\n",
        "1. x\n",
        "- [ ] t\n",
        "\u2028",
        "https://a.b/c?d=e ",
        "<br>",
        "![i](u)",
    ),
    *("&amp;", "&#x202e;", "\\", "\u200d", "\ufe0f", "שלום", "🇫🇷"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
WIDTHS = st.sampled_from((1, 5, 8, 20, 40, 80, 120))
HARMLESS = "\n\t"


def cuts(text: str, seed: int, most: int) -> Iterator[str]:
    """The text in pieces of random length."""
    chance, at = random.Random(seed), 0
    while at < len(text):
        size = chance.randint(1, most)
        yield text[at : at + size]
        at += size


def grown(pieces: Iterator[str] | list[str], width: int, looks: float = 0.5) -> list[Line]:
    """The lines of a text that came in pieces; each time, a line that looks as before must be the one from before."""
    live, shadow, chance = LiveMarkdown(width, DARK), list[Line](), random.Random(0)
    for piece in pieces:
        live.append(piece)
        if chance.random() < looks:
            shadow = kept(shadow, live)
    live.finish()
    return kept(shadow, live)


def kept(shadow: list[Line], live: LiveMarkdown) -> list[Line]:
    """The lines now, of which those that equal the one before them are that one: only others are drawn again."""
    lines = list(live.lines)
    assert all(now is before for before, now in zip(shadow, lines, strict=False) if now == before)
    return lines


@settings(max_examples=250)
@given(MARKDOWN, WIDTHS, st.integers(0, 2**16), st.sampled_from((1, 3, 30)))
def test_any_chunking_ends_as_one_shot(text: str, width: int, seed: int, most: int) -> None:
    assert grown(cuts(text, seed, most), width) == render(text, width, DARK)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_grows_into_what_one_shot_gives(number: int) -> None:
    text = EXAMPLES[number]
    for seed, width in enumerate((80, 30)):
        assert grown(cuts(text, seed, max(4, len(text) // 60)), width) == render(text, width, DARK)


@pytest.mark.parametrize("seed", range(6))
def test_a_long_reply_cut_anywhere_ends_as_one_shot(seed: int) -> None:
    text = REPLY.replace("\n", "\r\n") if seed % 2 else REPLY
    width = (60, 80, 120)[seed % 3]
    assert grown(cuts(text, seed, 40), width) == render(text, width, DARK)


@pytest.mark.parametrize("reply", recorded_replies())
def test_recorded_replies_cut_anywhere_end_as_one_shot(reply: str) -> None:
    for seed in range(3):
        assert grown(cuts(reply, seed, 12), 80) == render(reply, 80, DARK)


@pytest.mark.parametrize("text", ["a\r\nb\r\n\r\n- c\r\n", "```\r\na\r\n```\r\n", "| a |\r\n|---|\r\n| b |\r\n"])
def test_a_line_end_cut_in_two_is_one(text: str) -> None:
    assert grown(list(text), 80, looks=1) == render(text.replace("\r\n", "\n"), 80, DARK)


@settings(max_examples=250)
@given(MARKDOWN, WIDTHS)
def test_no_line_is_wider_than_the_window(text: str, width: int) -> None:
    for line in render(text, width, DARK):
        assert line.cells == line.strip.cell_length == cell_len(line.text) <= width


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(st.one_of(st.sampled_from((*PIECES, *HOSTILE)), st.text(max_size=8)), max_size=12).map("".join))
def test_nothing_that_steers_a_terminal_reaches_a_line(text: str) -> None:
    live = LiveMarkdown(80, DARK)
    live.append(text)
    for _ in range(2):
        for line in live.lines:
            for shown in (line.text, line.source_prefix, line.copy, *(href for _, _, href in line.links)):
                for character in shown:
                    assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(shown)
                    assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2060"
        live.finish()


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_nothing_makes_no_lines(text: str) -> None:
    assert render(text, 80, DARK) == []


def test_lines_of_closed_blocks_are_never_made_again() -> None:
    live = LiveMarkdown(80, DARK)
    live.append(REPLY[:1500])
    before = list(live.lines)[: live.stable_count]
    for piece in cuts(REPLY[1500:], 1, 30):
        live.append(piece)
        assert all(new is old for new, old in zip(live.lines, before, strict=False))


def test_an_open_list_lays_out_its_last_item_only() -> None:
    live = LiveMarkdown(80, DARK)
    for number in range(400):
        live.append(f"{number}. item with **bold**\n   - inner\n")
        assert len(live.lines) - live.stable_count <= 3


def test_an_open_fence_keeps_its_lines() -> None:
    live = LiveMarkdown(80, DARK)
    live.append("```python\n")
    for number in range(400):
        live.append(f"x{number} = {number}\n")
        assert len(live.lines) == live.stable_count


def test_reading_twice_changes_nothing() -> None:
    live = LiveMarkdown(80, DARK)
    live.append("one **two")
    (line,) = live.lines
    assert live.lines[0] is line
    live.append("** three")
    assert live.lines[0] is not line


def test_a_late_definition_resolves_what_stands_above_it() -> None:
    text = "See [the guide] and [x].\n\nMore.\n\n```py\ncode\n```\n\n| [x] |\n|---|\n| [the guide] |\n\n"
    live = LiveMarkdown(80, DARK)
    live.append(text)
    assert live.lines[0].text == "See [the guide] and [x]."
    live.append("[the guide]: https://a.example/guide\n\n")
    assert live.lines[0].text == "See the guide (a.example/guide) and [x]."
    live.append("[x]: https://b.example/" + "long/" * 20 + "\n\nEnd.")
    live.finish()
    assert list(live.lines) == render(live.source, 80, DARK)
    (block,) = live.code_blocks
    assert [line.text.strip() for line in live.lines[block.first_line : block.end_line]] == ["py", "code"]


def test_work_can_be_done_in_slices() -> None:
    live = LiveMarkdown(80, DARK)
    live.append(REPLY * 20)
    live.finish()
    slices = 1
    while not live.advance(0):
        slices += 1
    assert slices > 10
    assert list(live.lines) == render(REPLY * 20, 80, DARK)


def test_nothing_can_be_appended_to_a_finished_text() -> None:
    live = LiveMarkdown(80, DARK)
    live.finish()
    with pytest.raises(ValueError, match="finished"):
        live.append("x")


def test_code_blocks_have_their_source_as_it_was_written() -> None:
    live = LiveMarkdown(40, DARK)
    live.append("- a\n\n  ```make\n  all:\n  \tcc \x1b[1m -o x" + " y" * 40 + "\n  ```\n\n      two\n")
    live.finish()
    first, second = live.code_blocks
    assert (first.language, first.source) == ("make", "all:\n\tcc \x1b[1m -o x" + " y" * 40)
    assert (second.language, second.source) == ("", "two")
    assert live.lines[first.first_line].text.strip() == "make"
    assert live.lines[second.end_line - 1].text.strip() == "two"


def test_long_code_is_one_code_block_open_and_closed() -> None:
    code = "\n".join(f"x{number} = {number}" for number in range(5_000))
    live = LiveMarkdown(40, DARK)
    live.append(f"```py\n0\n```\n\n```py\n{code}")
    for piece in ("", "\n```\n"):
        live.append(piece)
        _, block = live.code_blocks
        assert (block.language, block.source) == ("py", code)
        assert live.lines[block.first_line].text.strip() == "py"
        assert live.lines[block.end_line - 1].text.strip() == "x4999 = 4999"


def test_an_open_code_block_is_known_before_it_closes() -> None:
    live = LiveMarkdown(40, DARK)
    for piece in ("text\n\n```py\n", "x = 1\ny", " = 2"):
        live.append(piece)
        assert live.lines
    (block,) = live.code_blocks
    assert (block.first_line, block.end_line, block.language, block.source) == (2, 5, "py", "x = 1\ny = 2")


def test_links_stand_where_they_are_reported() -> None:
    live = LiveMarkdown(24, DARK)
    live.append("> - see [the docs](https://a.example/x) or www.b.example or <c@d.example>\n")
    live.finish()
    found: dict[str, str] = {}
    for line in live.lines:
        for start, end, href in line.links:
            found[href] = found.get(href, "") + line.text[start:end] + " "
    assert {href: " ".join(text.split()) for href, text in found.items()} == {
        "https://a.example/x": "the docs (a.example/x)",
        "http://www.b.example": "www.b.example",
        "mailto:c@d.example": "c@d.example",
    }


def test_copying_everything_gives_unwrapped_text() -> None:
    text = (
        "# Title\n\nA paragraph with **bold** that is wrapped, and more.\n\n- one\n  - two that is wrapped too\n"
        "1. [x] three\n\n> quoted\n\n```py\nx = 'a line that is wrapped'\n```\n"
    )
    assert copied_text(render(text, 24, DARK)) == (
        "Title\n\nA paragraph with bold that is wrapped, and more.\n\n- one\n  - two that is wrapped too\n"
        "\n1. [x] three\n\nquoted\n\nx = 'a line that is wrapped'"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_hostile_stays_readable_to_the_last_character(text: str) -> None:
    assert render(text + "\n\nthe end", 80, DARK)[-1].text.strip() == "the end"
