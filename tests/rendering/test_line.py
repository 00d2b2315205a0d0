"""A line knows its cells and its text."""

from rich.segment import Segment

from tests.rendering.copying import copied_text
from tui_chat.rendering.line import Line


def test_lines_are_joined_as_they_say() -> None:
    first, second, third = (Line((Segment(text),), len(text), text) for text in ("one", "two", "three"))
    first.separator, second.separator = " ", ""
    assert copied_text([first, second, third, Line((), 0, "")]) == "one twothree\n"


def test_lines_with_the_same_text_and_place_are_equal() -> None:
    made = Line((Segment("a"),), 1, "a")
    assert made == Line([Segment("a")], 1, "a")
    assert made != Line((Segment("a"),), 1, "a", 1)
    assert made.strip.cell_length == 1


def test_a_line_is_cropped_between_characters() -> None:
    line = Line((Segment("a日"), Segment("👩\u200d💻b")), 6, "a日👩\u200d💻b")
    line.links = ((1, 5, "https://a.example"),)
    assert [line.cropped(cells).text for cells in range(7)] == [
        *("", "a", "a", "a日", "a日", "a日👩\u200d💻", "a日👩\u200d💻b"),
    ]
    assert [line.cropped(cells).cells for cells in range(7)] == [0, 1, 1, 3, 3, 5, 6]
    assert line.cropped(3).links == ((1, 3, "https://a.example"),)
    assert line.cropped(6) is line
