"""Prose is wrapped behind its gutter; links and copies know their place."""

from rich.segment import Segment
from rich.style import Style

from tests.rendering.copying import copied_text
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.inline import LINK, STRONG, Inline
from tui_chat.rendering.styles import DARK
from tui_chat.rendering.wrap import wrap_parts

PART = Inline("one two three four", [(4, 0, ""), (13, STRONG | LINK, "https://e.example"), (18, 0, "")])
GUTTER = Gutter((Segment("- "),), 2, (Segment("  "),), 2, "- ")


def test_rows_stand_behind_the_gutter() -> None:
    lines = wrap_parts([PART], GUTTER, 12, DARK, Style())
    assert [line.text for line in lines] == ["- one two", "  three four"]
    assert [line.copy_at for line in lines] == [2, 2]
    assert copied_text(lines) == "- one two three four"


def test_a_link_that_is_wrapped_is_a_link_on_both_rows() -> None:
    first, second = wrap_parts([PART], GUTTER, 12, DARK, Style())
    assert first.links == ((6, 9, "https://e.example"),)
    assert second.links == ((2, 7, "https://e.example"),)


def test_styles_follow_the_marks() -> None:
    (line,) = wrap_parts([PART], Gutter(), 40, DARK, DARK.text)
    assert [segment.text for segment in line.segments] == ["one ", "two three", " four"]
    assert line.segments[1].style == DARK.text + DARK.strong + DARK.link


def test_text_too_wide_for_the_first_row_moves_down() -> None:
    gutter = Gutter((Segment("[label] "),), 8, (Segment("  "),), 2)
    assert [line.text for line in wrap_parts([Inline("abcdefg", [(7, 0, "")])], gutter, 10, DARK, Style())] == [
        "[label] ",
        "  abcdefg",
    ]
