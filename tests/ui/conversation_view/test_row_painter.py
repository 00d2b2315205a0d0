"""Rows as cells: always the widget's width, highlighted where they should be, and the same strip for the same row."""

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tui_chat.rendering.plain_text import render_plain
from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view.row_painter import PLAIN, Painter, PaintStyles, RowStyle

SELECTED, HIT, CURRENT, OVER = (Style(bgcolor=colour) for colour in ("#000001", "#000002", "#000003", "#000004"))


def painter(width: int = 30, margin: int = 3) -> Painter:
    made = Painter()
    made.width, made.margin = width, margin
    made.styles = PaintStyles(Style(bgcolor="#111111"), Style(), Style(), SELECTED, HIT, CURRENT, OVER)
    return made


def base(strip: object, style: Style) -> str:
    """The text that lies on that base."""
    return "".join(text for text, found, _ in strip if found and found.bgcolor == style.bgcolor)  # type: ignore[attr-defined]


@given(
    st.text(alphabet="ab 日é\u0301🎉", min_size=1, max_size=60),
    st.integers(1, 40),
    st.sampled_from((0, 2, 3)),
    st.sampled_from(("", "user", "current")),
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
    st.sampled_from(("", " ↓ 12 new lines ")),
)
def test_every_row_is_as_wide_as_the_widget(
    text: str, width: int, margin: int, bar: str, span: tuple[int, int], label: str
) -> None:
    made = painter(width, min(margin, width - 1))
    line = render_plain(text, max(1, width - margin), DARK.text)[0]
    style = RowStyle(bar, selected=span, matches=(span,), current=span, label=label)
    for strip in made.paint([line, line], style):
        assert strip.cell_length == width == sum(segment.cell_length for segment in strip)


def test_only_the_cells_of_a_hit_are_highlighted() -> None:
    line = render_plain("one two three two", 27, DARK.text)[0]
    (strip,) = painter().paint([line], RowStyle(matches=((4, 7), (14, 17)), current=(14, 17)))
    assert base(strip, HIT) == "two"
    assert base(strip, CURRENT) == "two"
    assert strip.text.startswith("   one two three two")


def test_a_selection_lies_below_what_is_found() -> None:
    line = render_plain("one two three", 27, DARK.text)[0]
    (strip,) = painter().paint([line], RowStyle(selected=(0, 7), matches=((4, 7),)))
    assert base(strip, SELECTED) == "one "
    assert base(strip, HIT) == "two"


def test_the_marker_lies_over_the_end_of_a_row() -> None:
    line = render_plain("x" * 27, 27, DARK.text)[0]
    (strip,) = painter().paint([line], PLAIN._replace(label=" ↓ 2 new "))
    assert strip.text == "   " + "x" * 18 + " ↓ 2 new "


def test_the_same_row_is_the_same_strip_in_the_next_picture() -> None:
    made = painter()
    line, other = render_plain("one\ntwo", 27, DARK.text)
    made.start_frame()
    first = made.paint([line, other], PLAIN)
    made.start_frame()
    assert made.paint([other, line], PLAIN)[1] is first[0]
    assert made.paint([line], RowStyle("user"))[0] is not first[0]
    made.start_frame()
    made.start_frame()
    assert made.paint([line], PLAIN)[0] == first[0]
    made.reset()
    assert made.paint([line], PLAIN)[0] is not first[0]
