"""Code blocks keep their lines, show where a row goes on, and copy as they were written."""

from tests.rendering.copying import copied_text
from tui_chat.rendering.code import TURN
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK, TextStyles


def shown(text: str, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in render(text, width, DARK)]


def test_the_language_stands_above_the_code() -> None:
    assert shown("```py\nx = 1\n\n  y\n```\n") == ["  py", "  x = 1", "", "    y"]


def test_code_without_a_language_has_no_label() -> None:
    assert shown("```\nx\n```\n") == ["  x"]
    assert shown("    x\n\n    y\n") == ["  x", "", "  y"]


def test_an_empty_block_is_still_seen() -> None:
    assert len(render("```\n```\n", 40, DARK)) == 1


def test_the_ground_reaches_to_the_edge_of_the_window() -> None:
    lines = render("> ```py\n> x\n> ```\n", 40, DARK)
    assert [line.cells for line in lines] == [40, 40]
    assert all(line.segments[-1].style.bgcolor == DARK.code_block.bgcolor for line in lines)


def test_a_long_line_goes_on_below_with_a_sign_that_is_not_copied() -> None:
    code = "one two three four five six seven eight nine ten"
    lines = render(f"```\n{code}\n```\n", 24, DARK)
    assert all(line.text.startswith(TURN) for line in lines[1:])
    assert len(lines) > 2
    assert copied_text(lines) == code


def test_tabs_are_shown_as_spaces_up_to_the_next_stop() -> None:
    assert shown("```\na\tb\n\tc\n```\n") == ["  a   b", "      c"]


def test_a_diff_is_coloured_by_line() -> None:
    lines = render("```diff\n--- a\n+++ b\n-x\n+y\n z\n```\n", 40, DARK)
    grounds = [line.segments[-1].style.bgcolor for line in lines[1:]]
    plain_tokens = DARK.code_block.bgcolor
    assert grounds == [plain_tokens, plain_tokens, DARK.removed.bgcolor, DARK.added.bgcolor, plain_tokens]


def test_the_sixteen_colours_of_a_terminal_need_no_ground() -> None:
    lines = render("```py\nx = 1\n```\n", 40, TextStyles.ansi())
    assert all(segment.style is None or segment.style.bgcolor is None for line in lines for segment in line.segments)


def test_wide_characters_are_not_cut_in_half() -> None:
    for line in render("```\n" + "日本語" * 20 + "\n```\n", 21, DARK):
        assert line.cells <= 21


def test_a_line_that_grows_is_highlighted_as_it_grows() -> None:
    live = LiveMarkdown(40, DARK)
    live.append("```python\nx = 1\ndef f")
    keyword = next(segment for segment in live.lines[2].segments if segment.text.strip() == "def")
    assert keyword.style is not None and keyword.style.color != DARK.code_block.color


def test_emoji_that_are_joined_stay_together() -> None:
    family = "👩\u200d👩\u200d👧"
    for line in render("```python\n" + family * 15 + "\n```\n", 21, DARK):
        assert line.text.replace(family, "").strip() in ("", "python", TURN.strip())
        assert line.strip.cell_length == line.cells <= 21
