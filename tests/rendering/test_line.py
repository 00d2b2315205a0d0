"""A line knows its cells, and which part of its text stands where."""

from rich.segment import Segment
from textual.strip import Strip

from tests.rendering.copying import copied_text
from tui_chat.rendering.line import Line


def test_part_of_a_line_is_copied_by_cells() -> None:
    line = Line.of((Segment("│ "), Segment("日本 abc")), 10, "日本 abc", 2)
    assert line.copied() == "日本 abc"
    assert line.copied(2, 6) == "日本"
    assert line.copied(0, 4) == "日"
    assert line.copied(7) == "abc"


def test_lines_are_joined_as_they_say() -> None:
    first, second, third = (Line(Strip([Segment(text)]), text) for text in ("one", "two", "three"))
    first.separator, second.separator = " ", ""
    assert copied_text([first, second, third, Line(Strip([]))]) == "one twothree\n"


def test_equal_lines_are_equal_however_they_were_made() -> None:
    made = Line.of((Segment("a"),), 1, "a")
    assert made == Line(Strip([Segment("a")]), "a")
    assert made != Line(Strip([Segment("a")]), "a", 1)
    assert made.strip.cell_length == 1


def test_a_line_is_cropped_between_characters() -> None:
    line = Line.of((Segment("a日"), Segment("👩\u200d💻b")), 6, "a日👩\u200d💻b")
    line.links = ((1, 5, "https://a.example"),)
    assert [line.cropped(cells).text for cells in range(7)] == [
        *("", "a", "a", "a日", "a日", "a日👩\u200d💻", "a日👩\u200d💻b"),
    ]
    assert [line.cropped(cells).cells for cells in range(7)] == [0, 1, 1, 3, 3, 5, 6]
    assert line.cropped(3).links == ((1, 3, "https://a.example"),)
    assert line.cropped(6) is line
