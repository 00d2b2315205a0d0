"""Each kind of block makes the rows it should."""

import pytest

from tui_chat.rendering.markdown import render
from tui_chat.rendering.styles import DARK, TextStyles
from tui_chat.rendering.theme_colors import DARK_COLOURS

NARROW = TextStyles.of(DARK_COLOURS, measure=30)


def test_prose_keeps_to_its_measure_and_code_may_use_the_window() -> None:
    lines = render("word " * 20 + "\n\n```\n" + "code " * 12 + "\n```\n\n***\n", 80, NARROW)
    kinds = {line.text.strip()[:4]: line.cells for line in lines if line.text.strip()}
    assert kinds["word"] <= 30
    assert kinds["code"] == 80
    assert kinds["────"] == 30


def test_tables_may_use_the_window() -> None:
    lines = render("| a | b |\n|---|---|\n| " + "word " * 6 + "| " + "word " * 6 + "|\n", 80, NARROW)
    assert max(line.cells for line in lines) > 30


@pytest.mark.parametrize("level", range(1, 7))
def test_headings_have_the_style_of_their_level(level: int) -> None:
    (line,) = render("#" * level + " Title", 80, DARK)
    assert (line.text, line.segments[0].style) == ("Title", DARK.heading[level - 1])


def test_html_is_shown_as_it_was_written() -> None:
    text = "<details>\n  <summary>a</summary>\n*b*\n</details>"
    assert [line.text for line in render(text, 80, DARK)] == text.split("\n")


def test_mathematics_keep_their_lines_and_signs() -> None:
    text = "$$\nx_1 \\\\\n  = \\frac{a}{b}\n$$"
    assert [line.text for line in render(text, 80, DARK)] == text.split("\n")


def test_text_in_a_quote_is_quieter() -> None:
    (line,) = render("> a", 80, DARK)
    assert line.segments[-1].style == DARK.quote


def test_emphasis_in_a_heading_stays_a_heading() -> None:
    (line,) = render("# a `b`", 80, DARK)
    style = line.segments[-1].style
    assert style is not None and style.bold and style.bgcolor == DARK.code.bgcolor
