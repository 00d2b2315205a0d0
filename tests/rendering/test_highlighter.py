"""Code is lexed the same however it came, never all at once, and nothing is lost."""

import random
from pathlib import Path
from typing import Any

import pytest
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token

from tui_chat.rendering import block_parser, highlighter
from tui_chat.rendering.highlighter import Highlighter, PreviewHighlighter
from tui_chat.rendering.incremental_lexer import LONGEST, ROOT, LexResult, LineTokens, lex_lines, lexer_for

PYTHON = Path(block_parser.__file__).read_text(encoding="utf-8")
SAMPLES = {
    "python": PYTHON,
    "ts": "/**\n * doc\n */\nconst a: number = 1; // c\nlet t = `x\n${a} y`;\n" * 60,
    "json": '{"a": [1, 2, {"b": null}]}\n' * 60,
    "yaml": "a:\n  - b: 'c'\n    d: |\n      text\n" * 60,
    "html": "<div class='a'>\n<script>\nlet x = 1;\n</script>\n</div>\n" * 60,
    "ruby": 'def f(x)\n  puts "#{x}" # c\nend\ns = <<~EOS\n  text\nEOS\n' * 60,
    "nosuch": "anything\n" * 300,
}


def lines_of(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def at_once(language: str, lines: list[str]) -> dict[int, LineTokens]:
    return Highlighter(language).finalize(lines, closed=True)


@pytest.mark.parametrize("language", SAMPLES)
def test_growing_ends_as_one_shot(language: str) -> None:
    lines, chance = lines_of(SAMPLES[language]), random.Random(0)
    highlighter, seen, count = Highlighter(language), dict[int, LineTokens](), 0
    while count < len(lines):
        count += chance.randint(1, 40)
        seen |= highlighter.finalize(lines[:count], closed=False)
        seen |= highlighter.preview(lines[:count])
    seen |= highlighter.finalize(lines, closed=True)
    assert seen == at_once(language, lines)


@pytest.mark.parametrize("language", SAMPLES)
def test_no_character_is_lost(language: str) -> None:
    lines = lines_of(SAMPLES[language])
    found = at_once(language, lines)
    assert ["".join(text for _, text in found[number]) + "\n" for number in range(len(lines))] == lines


def test_a_block_of_one_chunk_is_lexed_as_pygments_would() -> None:
    text = "".join(lines_of(PYTHON)[:100])
    assert len(text) < highlighter.CHUNK_CHARACTERS
    expected = [
        (kind, piece)
        for _, kind, value in get_lexer_by_name("python").get_tokens_unprocessed(text)
        for piece in value
        if piece.strip()
    ]
    found = at_once("python", lines_of(text))
    assert [
        (kind, character)
        for number in sorted(found)
        for kind, piece in found[number]
        for character in piece
        if character.strip()
    ] == expected


def test_a_comment_that_spans_chunks_stays_one() -> None:
    lines = (
        ["int a;\n"] * (highlighter.CHUNK_LINES - 5)
        + ["/* begins\n"]
        + ["goes on\n"] * 30
        + ["ends */\n", "int b;\n"]
    )
    found = at_once("c", lines)
    first = highlighter.CHUNK_LINES - 5
    assert all(found[number][0][0] in Token.Comment for number in range(first, first + 32))
    assert found[first + 32][0][0] in Token.Keyword


def test_a_block_of_any_length_is_lexed_in_bounded_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def measured(lexer: Lexer, lines: list[str], *rest: Any) -> LexResult:
        sizes.append(sum(map(len, lines)))
        return lex_lines(lexer, lines, *rest)

    monkeypatch.setattr(highlighter, "lex_lines", measured)
    lines = lines_of(PYTHON * 8)
    coloured = Highlighter("python")
    for count in range(20, len(lines), 20):
        coloured.finalize(lines[:count], closed=False)
        coloured.preview(lines[:count])
    coloured.finalize(lines, closed=True)
    assert max(sizes) <= highlighter.CHUNK_CHARACTERS + highlighter.AHEAD_CHARACTERS + 2 * LONGEST
    assert sum(sizes) < 3 * sum(map(len, lines))


def test_a_line_too_long_to_be_read_stays_plain() -> None:
    lines = ["x = 1\n", "y = '" + "z" * LONGEST + "'\n", "w = 2\n"]
    found = at_once("python", lines)
    assert found[1] == [(Token, lines[1][:-1])]
    assert len(found[2]) > 1


def sketched(language: str, lines: list[str]) -> dict[int, LineTokens]:
    """The last tokens of each line, when the lines came one by one."""
    preview, found = PreviewHighlighter(lexer_for(language)), dict[int, LineTokens]()
    for count in range(1, len(lines) + 1):
        found |= preview.update(lines[:count], 0, ROOT)
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


def test_each_line_is_reported_once_unless_it_turns_out_otherwise() -> None:
    preview = PreviewHighlighter(lexer_for("python"))
    lines = ["x = 1\n", "y = 2\n"]
    assert set(preview.update(lines[:1], 0, ROOT)) == {0}
    assert set(preview.update(lines, 0, ROOT)) == {1}
    assert preview.update(lines, 0, ROOT) == {}


def test_final_lines_are_left_alone() -> None:
    preview = PreviewHighlighter(lexer_for("python"))
    assert set(preview.update(["a\n", "b\n", "c\n"], 2, ROOT)) == {2}


def test_a_line_that_comes_in_is_seen_in_the_light_of_those_above_it() -> None:
    preview = PreviewHighlighter(lexer_for("ts"))
    preview.update(["/* one\n"], 0, ROOT)
    assert preview.peek("two")[0][0] in Token.Comment
    preview.update(["/* one\n", "*/\n"], 0, ROOT)
    assert preview.peek("let x")[0][0] in Token.Keyword
    assert preview.peek("x" * (LONGEST + 1)) == [(Token, "x" * (LONGEST + 1))]
