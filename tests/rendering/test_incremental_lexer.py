"""Lexers stop at a line and go on there, and languages are found by the names that people write."""

import pytest
from pygments.token import Token

from tui_chat.rendering.incremental_lexer import language_of, lex_lines, lexer_for

DOC = ["def f():\n", '    """One\n', "    two\n", '    """\n', "    return 1\n"]


def test_going_on_from_a_line_gives_what_lexing_at_once_gives() -> None:
    lexer = lexer_for("rust")
    assert lexer is not None
    lines = ["fn f() {\n", "  /* one\n", "     two */\n", "  let x = 1;\n", "}\n"]
    whole = lex_lines(lexer, lines)
    for cut in (1, 3, 4):
        before = lex_lines(lexer, lines[:cut])
        after = lex_lines(lexer, lines[cut:], before.stack)
        assert before.pieces + after.pieces == whole.pieces


def test_lexing_stops_behind_the_token_that_reaches_the_stop() -> None:
    lexer = lexer_for("c")
    assert lexer is not None
    lines = ["int a;\n", "/* one\n", "two */\n", "int b;\n"]
    lexed = lex_lines(lexer, lines, stop=10)
    assert lexed.end == len("".join(lines[:3])) - 1
    assert lexed.pieces[2] == [(Token.Comment.Multiline, "two */")]
    assert lexed.pieces[3] == []


def test_lines_that_begin_inside_a_token_are_no_place_to_begin() -> None:
    lexer = lexer_for("ts")
    assert lexer is not None
    assert set(lex_lines(lexer, ["let a;\n", "/* one\n", "two */\n", "let b;\n"]).starts) == {0, 1, 3}


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("", ""),
        ("Python", "python"),
        ("py title=x", "py"),
        ("{.rust}", "rust"),
        ("rust,ignore", "rust"),
        ("language-js", "js"),
        ("c++", "c++"),
        ("c#", "c#"),
        ("objective-c", "objective-c"),
        ("***", ""),
    ],
)
def test_the_language_is_the_first_word(info: str, language: str) -> None:
    assert language_of(info) == language


@pytest.mark.parametrize(
    "name", ["py", "sh", "shell", "yml", "c++", "c#", "golang", "jsonc", "patch", "dockerfile", "tsx", "ps1", "rs"]
)
def test_usual_names_have_a_lexer(name: str) -> None:
    assert lexer_for(name) is not None


@pytest.mark.parametrize("name", ["", "text", "nosuch", "mermaid", "x" * 500])
def test_other_names_have_none(name: str) -> None:
    assert lexer_for(name) is None
