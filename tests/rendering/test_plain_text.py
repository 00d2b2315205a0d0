"""Plain text is wrapped, harmless, and copied as it was written."""

from hypothesis import example, given
from hypothesis import strategies as st
from rich.style import Style

from tests.rendering.copying import copied_text
from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import TAB, normalize_graphemes
from tui_chat.rendering.plain_text import render_plain


def test_a_long_line_is_wrapped_at_words() -> None:
    lines = render_plain("one two three four", 10, Style())
    assert [line.text for line in lines] == ["one two", "three four"]


def test_indentation_and_empty_lines_stay() -> None:
    assert [line.text for line in render_plain("a\n\n    b", 20, Style())] == ["a", "", "    b"]


@given(st.text(), st.integers(2, 60))
@example("\t\u0300", 2)
def test_copying_all_lines_gives_the_text(text: str, cells: int) -> None:
    lines = render_plain(text, cells, Style())
    shown = "\n".join(line.expandtabs(TAB) for line in normalize_graphemes(clean(text)).split("\n"))
    assert copied_text(lines) == shown.rstrip("\n")
    assert all(line.strip.cell_length <= cells for line in lines)


def test_markup_and_control_characters_are_shown_not_obeyed() -> None:
    assert render_plain("[/INST] [bold] \x1b]52;c;x\x07", 60, Style())[0].text == "[/INST] [bold] ␛]52;c;x␇"
