"""Code that is still coming in looks, as far as can be told, as it will look in the end."""

import pytest
from pygments.token import Token

from tui_chat.rendering.incremental_lexer import LONGEST, ROOT, Pieces, lexer_for
from tui_chat.rendering.preview_highlight import Sketch


def sketched(language: str, lines: list[str]) -> dict[int, Pieces]:
    """What was last said of each line, when they came one by one."""
    sketch, found = Sketch(lexer_for(language)), dict[int, Pieces]()
    for count in range(1, len(lines) + 1):
        found |= sketch.take(lines[:count], 0, ROOT)
    return found


def test_a_comment_is_one_before_it_is_closed() -> None:
    found = sketched("ts", ["let a;\n", "/** one\n", " * two\n"])
    assert [found[number][0][0] in Token.Comment for number in range(3)] == [False, True, True]


def test_behind_a_comment_code_is_code_again() -> None:
    found = sketched("c", ["/* one\n", "two */\n", "int a;\n"])
    assert found[1][0][0] in Token.Comment
    assert found[2][0][0] in Token.Keyword


def test_a_string_over_lines_goes_on() -> None:
    found = sketched("python", ['x = """one\n', "two\n", 'three"""\n', "y = 1\n"])
    assert found[1][0][0] in Token.Literal.String
    assert found[3][0] == (Token.Name, "y ")


@pytest.mark.parametrize("line", ["ls src/*\n", "x = '/*'\n"])
def test_what_only_looks_like_a_comment_swallows_nothing(line: str) -> None:
    found = sketched("python", [line, "y = 1\n"])
    assert found[1][0] == (Token.Name, "y ")


def test_each_line_is_told_once_unless_it_turns_out_otherwise() -> None:
    sketch = Sketch(lexer_for("python"))
    lines = ["x = 1\n", "y = 2\n"]
    assert set(sketch.take(lines[:1], 0, ROOT)) == {0}
    assert set(sketch.take(lines, 0, ROOT)) == {1}
    assert sketch.take(lines, 0, ROOT) == {}


def test_final_lines_are_left_alone() -> None:
    sketch = Sketch(lexer_for("python"))
    assert set(sketch.take(["a\n", "b\n", "c\n"], 2, ROOT)) == {2}


def test_a_line_that_comes_in_is_seen_in_the_light_of_those_above_it() -> None:
    sketch = Sketch(lexer_for("ts"))
    sketch.take(["/* one\n"], 0, ROOT)
    assert sketch.peek("two")[0][0] in Token.Comment
    sketch.take(["/* one\n", "*/\n"], 0, ROOT)
    assert sketch.peek("let x")[0][0] in Token.Keyword
    assert sketch.peek("x" * (LONGEST + 1)) == [(Token, "x" * (LONGEST + 1))]
