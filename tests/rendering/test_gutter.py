"""Signs stand where they belong, numbers stand right, and deep nesting leaves room for the text."""

from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK


def shown(text: str, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in render(text, width, DARK)]


def test_bullets_differ_by_depth() -> None:
    assert shown("- a\n  - b\n    - c\n      - d\n") == [" • a", "    ◦ b", "       ▪ c", "          ▪ d"]


def test_numbers_stand_right() -> None:
    assert shown("9. a\n10. b\n") == [" 9. a", "10. b"]
    assert shown("99. a\n100. b\n101. c\n") == ["99. a", "100. b", "101. c"]
    assert shown("100. a\n") == ["100. a"]


def test_rows_of_an_item_stand_below_its_text() -> None:
    assert shown("1. one two three four\n   - five six seven eight\n", 16) == [
        " 1. one two",
        "    three four",
        "     ◦ five six",
        "       seven",
        "       eight",
    ]


def test_tasks_have_boxes() -> None:
    assert shown("- [ ] a\n- [x] b\n\n1. [x] c\n") == [" ☐ a", " ☑ b", "", " 1. ☑ c"]


def test_a_quote_has_a_bar_that_does_not_break_off() -> None:
    assert shown("> a\n>\n> > b\n>\n> c\n") == ["▎ a", "▎", "▎ ▎ b", "▎", "▎ c"]


def test_items_are_apart_where_the_source_has_them_apart() -> None:
    assert shown("- a\n- b\n\n- c\n\n  d\n- e\n") == [" • a", " • b", "", " • c", "", "   d", " • e"]


def test_blocks_are_apart_whether_or_not_the_source_has_them_apart() -> None:
    assert shown("# a\nb\n- c\n> d\n***\n", 20) == ["a", "", "b", "", " • c", "", "▎ d", "", "─" * 20]


def test_an_item_with_nothing_in_it_shows_its_sign() -> None:
    assert shown("- a\n-\n- b\n") == [" • a", " •", " • b"]
    assert shown("-\n") == [" •"]


def test_signs_on_one_line_stand_next_to_each_other() -> None:
    assert shown("- 1. > a\n") == [" •  1. ▎ a"]


def test_deep_nesting_leaves_room_for_the_text() -> None:
    lines = render("".join("  " * depth + "- some words of text\n" for depth in range(40)), 60, DARK)
    assert all(line.cells <= 60 for line in lines)
    assert any("some words of text" in line.text for line in lines[30:])


def test_a_footnote_begins_with_its_mark() -> None:
    assert shown("[^a]: one\n[^b]: two\n") == ["[a] one", "[b] two"]


def test_markers_are_copied_as_the_source_has_them() -> None:
    lines = render("* a\n  1) b\n     - [x] c\n\n[^n]: d\n", 40, DARK)
    assert [line.source_prefix for line in lines] == ["* ", "  1) ", "     - [x] ", "", "[^n]: "]


def test_numbers_that_grow_move_nothing() -> None:
    live = LiveMarkdown(40, DARK)
    live.append("".join(f"{number}. item\n" for number in range(1, 10)))
    before = list(live.lines)
    live.append("10. item\n11. item\n")
    assert list(live.lines)[:9] == before
