"""The styles of any theme: every element has one."""

import dataclasses

import pytest
from pygments.token import Token
from rich.style import Style
from textual.theme import BUILTIN_THEMES

from tui_chat.rendering.inline import CODE, STRONG
from tui_chat.rendering.styles import DARK, LIGHT, TextStyles


@pytest.mark.parametrize("name", BUILTIN_THEMES)
def test_every_theme_of_textual_makes_text_styles(name: str) -> None:
    styles = TextStyles.of(BUILTIN_THEMES[name].to_color_system().generate(), measure=72)
    assert styles.measure == 72
    assert all(
        isinstance(getattr(styles, each.name), Style) for each in dataclasses.fields(styles) if each.type is Style
    )
    assert styles.token(Token.Keyword) != styles.token(Token.Comment)


def test_a_kind_of_code_without_a_style_takes_its_parents() -> None:
    assert DARK.token(Token.Literal.String.Double) == DARK.token(Token.Literal.String)
    assert DARK.token(Token.Nothing) == DARK.code_block


def test_marks_combine_on_the_style_below_them() -> None:
    style = DARK.marked(DARK.heading[0], STRONG | CODE)
    assert style.bold and style.bgcolor == DARK.code.bgcolor
    assert DARK.marked(DARK.text, 0) is DARK.text


@pytest.mark.parametrize("styles", [DARK, LIGHT])
def test_text_is_readable_on_its_ground(styles: TextStyles) -> None:
    colour, background = styles.code_block.color, styles.code_block.bgcolor
    assert colour is not None and background is not None
    assert abs(sum(colour.get_truecolor()) - sum(background.get_truecolor())) > 300


def test_the_terminals_own_colours_are_used_where_nothing_else_is_known() -> None:
    styles = TextStyles.ansi()
    assert styles.text.color is None
    assert styles.heading[0].color is not None and styles.heading[0].color.number is not None
