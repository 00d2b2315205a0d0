"""However a text comes, it ends as the same lines; and what is shown before is what changed was said to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.palette import DARK

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


def grown(text: str, width: int, data: st.DataObject) -> list[Line]:
    """The lines of a text that came in pieces, checked each time for what was said to have changed."""
    live, shadow, at = LiveMarkdown(width, DARK), list[Line](), 0
    while at < len(text):
        size = data.draw(st.sampled_from((1, 1, 2, 3, 7, 30)))
        live.append(text[at : at + size])
        at += size
        if data.draw(st.booleans()):
            lines, changed = list(live.lines), live.take_changed()
            assert shadow[:changed] == lines[:changed]
            shadow = lines
    live.finish()
    lines, changed = list(live.lines), live.take_changed()
    assert shadow[:changed] == lines[:changed]
    assert live.source == text
    return lines


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, WIDTHS, st.data())
def test_any_chunking_ends_as_one_shot(text: str, width: int, data: st.DataObject) -> None:
    assert grown(text, width, data) == render(text, width, DARK)


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, WIDTHS)
def test_no_line_is_wider_than_the_window(text: str, width: int) -> None:
    for line in render(text, width, DARK):
        assert line.cells == line.strip.cell_length == cell_len(line.text) <= width


@pytest.mark.parametrize("text", ["", "\n\n", "   ", "\r"])
def test_nothing_makes_no_lines_and_no_error(text: str) -> None:
    assert [line.text for line in render(text, 80, DARK)] == ([] if not text.strip("\n ") else ["␍"])
