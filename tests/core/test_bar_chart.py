"""Charts of a line: right about high, low and nothing."""

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.bar_chart import bar, sparkline


def test_the_highest_value_fills_its_cell_and_nothing_is_a_blank() -> None:
    assert sparkline([0, 1, 4, 8, None]) == " ▂▅█ "


def test_without_any_value_there_is_a_blank_for_each() -> None:
    assert sparkline([None, 0, 0.0]) == "   "
    assert sparkline([]) == ""


def test_too_many_values_are_gathered_so_that_peaks_stay() -> None:
    values: list[float | None] = [1.0] * 99 + [100.0]
    assert len(sparkline(values, 10)) == 10
    assert sparkline(values, 10)[-1] == "█"


@given(st.lists(st.none() | st.floats(0, 1e9)), st.integers(1, 80))
def test_a_line_never_grows_beyond_its_width(values: list[float | None], width: int) -> None:
    assert len(sparkline(values, width)) == min(len(values), width)


def test_a_bar_fills_its_share_and_little_is_still_seen() -> None:
    assert [bar(share, 4) for share in (0, 0.0001, 0.5, 0.53125, 1, 7)] == [
        "    ",
        "▏   ",
        "██  ",
        "██▏ ",
        "████",
        "████",
    ]
