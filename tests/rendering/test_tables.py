"""Tables align, wrap inside their cells, survive narrow windows, and cost no more a row when they are long."""

import pytest

from tests.rendering.copying import copied_text
from tui_chat.rendering import tables
from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK


def shown(text: str, width: int = 80) -> list[str]:
    return [line.text.rstrip() for line in render(text, width, DARK)]


def test_columns_are_aligned_as_in_the_source() -> None:
    assert shown("| a | b | c |\n|:--|--:|:-:|\n| long text | 1 | x |\n| y | 100 | middle |\n") == [
        "a         │   b │   c",
        "──────────┼─────┼───────",
        "long text │   1 │   x",
        "y         │ 100 │ middle",
    ]


def test_a_cell_wraps_inside_its_column_and_rows_are_parted_then() -> None:
    assert shown("| a | b |\n|---|---|\n| x | one two three four |\n| y | z |\n", 20) == [
        "a │ b",
        "──┼─────────────────",
        "x │ one two three",
        "  │ four",
        "──┼─────────────────",
        "y │ z",
    ]


def test_a_window_too_narrow_shows_records() -> None:
    assert shown("| Name | Colour | Number |\n|---|---|---|\n| alpha | vermilion | 1000000 |\n| b | c | |\n", 20) == [
        "Name: alpha",
        "Colour: vermilion",
        "Number: 1000000",
        "",
        "Name: b",
        "Colour: c",
        "Number:",
    ]


def test_wide_characters_keep_the_columns_straight() -> None:
    lines = render("| a | b |\n|---|---|\n| 日本 | x |\n| abcd | y |\n| 👩\u200d💻 | z |\n", 40, DARK)
    assert [line.text.partition("│")[0].rstrip() for line in lines[2:]] == ["日本", "abcd", "👩\u200d💻"]
    assert len({line.cells for line in lines}) == 1


def test_missing_and_surplus_cells_do_no_harm() -> None:
    assert shown("| a | b |\n|---|---|\n| c |\n| d | e | f |\n") == ["a │ b", "──┼──", "c │", "d │ e"]


def test_cells_hold_markup_and_links() -> None:
    (line,) = [line for line in render("| a |\n|---|\n| see [x](https://e.example) |\n", 60, DARK) if line.links]
    start, end, href = line.links[0]
    assert (line.text[start:end], href) == ("x (e.example)", "https://e.example")


def test_copying_gives_a_table_again() -> None:
    text = "| a | b |\n|---|---|\n| one two three four | z |\n| y | x |\n"
    assert (
        copied_text(render(text, 17, DARK))
        == "a             | b\n--------------|--\none two three four | z\ny             | x"
    )


def test_a_line_break_in_a_cell_breaks() -> None:
    assert shown("| a |\n|---|\n| b<br>c |\n")[2:] == ["b", "c"]


def rows(count: int) -> str:
    return "| n | text |\n|---|---|\n" + "".join(f"| {number} | {'x' * (number % 50)} |\n" for number in range(count))


def test_a_long_table_is_laid_out_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0
    draw = tables.TableLayout._draw

    def counted(self: tables.TableLayout, *arguments: object, **named: object) -> list[Line]:
        nonlocal drawn
        drawn += 1
        return draw(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tables.TableLayout, "_draw", counted)
    live = LiveMarkdown(80, DARK)
    for line in rows(1500).splitlines(keepends=True):
        live.append(line)
        assert len(live.lines) - live.stable_count <= tables.RUN_ROWS + 2
    growing = drawn
    live.finish()
    assert list(live.lines) == render(rows(1500), 80, DARK)
    assert growing < 1500 * 2 + 60 * tables.RUN_ROWS


def test_a_later_run_may_be_wider_but_leaves_the_earlier_as_it_is() -> None:
    text = rows(tables.RUN_ROWS)
    live = LiveMarkdown(120, DARK)
    live.append(text)
    before = list(live.lines)
    live.append("| 1 | " + "y" * 80 + " |\n")
    assert list(live.lines)[: len(before)] == before


def test_the_head_of_a_table_is_one_before_its_rule_has_come() -> None:
    live = LiveMarkdown(60, DARK)
    live.append("| Name | Va")
    assert [line.text.rstrip() for line in live.lines] == ["Name │ Va", "─────┼───"]
    live.append("lue |\n|--")
    assert [line.text.rstrip() for line in live.lines] == ["Name │ Value", "─────┼──────"]
    live.append("\nnot a table\n")
    assert live.lines[0].text.startswith("| Name | Value |")
