"""Lines reach a plain terminal with the colours it has, and a growing text is drawn over itself."""

import io

import pyte
import pytest
from rich.console import Console

from tests.rendering.corpus import HOSTILE, REPLY
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.stdout_printer import LivePrinter, print_lines
from tui_chat.rendering.styles import DARK, TextStyles


def console(**named: object) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=60, height=20, **named), out  # type: ignore[arg-type]


def test_a_file_gets_text_alone() -> None:
    made, out = console(color_system=None)
    print_lines(render("# a\n\n**b** `c`\n", 60, DARK), made)
    assert out.getvalue() == "a\n\nb c\n"


def test_a_terminal_gets_its_colours() -> None:
    made, out = console(force_terminal=True, color_system="truecolor")
    print_lines(render("**b**\n", 60, DARK), made)
    assert "\x1b[1;38;2;" in out.getvalue()


def test_no_color_leaves_bold_and_takes_the_colours() -> None:
    made, out = console(force_terminal=True, color_system="truecolor", no_color=True)
    print_lines(render("**b** `c`\n", 60, DARK), made)
    assert "\x1b[1m" in out.getvalue()
    assert "38;" not in out.getvalue() and "48;" not in out.getvalue()


def test_invisible_spaces_are_not_written() -> None:
    made, out = console(force_terminal=True, color_system="standard")
    print_lines(render("```\nx\n```\n", 60, TextStyles.ansi()), made)
    assert out.getvalue() == "  x\n"


def test_hostile_text_sends_no_sequence_of_its_own() -> None:
    made, out = console(force_terminal=True, color_system=None)
    for text in HOSTILE:
        print_lines(render(text, 60, DARK), made)
    assert not set(out.getvalue()) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}


def screen_of(text: str) -> list[str]:
    """The rows that a terminal of 60 by 20 shows and has shown."""
    screen = pyte.HistoryScreen(60, 20, history=2000)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    rows = ["".join(row[column].data for column in range(60)).rstrip() for row in screen.history.top]
    return rows + [row.rstrip() for row in screen.display]


def test_a_growing_text_ends_as_if_it_had_been_printed_at_once() -> None:
    made, _ = console(force_terminal=True, color_system="truecolor")
    live, printer, written = LiveMarkdown(60, DARK), LivePrinter(made), ""
    text = "[guide]: https://example.com/guide/limits\n\n" + REPLY
    for at in range(0, len(text), 37):
        live.append(text[at : at + 37])
        written += printer.frame(live.lines, live.stable_count)
    live.finish()
    written += printer.frame(live.lines, live.stable_count)
    expected = [line.text.rstrip() for line in live.lines]
    assert [row for row in screen_of(written) if row and row.isascii()] == [
        row for row in expected if row and row.isascii()
    ]


def test_rows_that_stay_are_not_written_again() -> None:
    made, _ = console(force_terminal=True, color_system=None)
    live, printer = LiveMarkdown(60, DARK), LivePrinter(made)
    live.append("one two\n" * 3)
    assert printer.frame(live.lines, live.stable_count) == "one two\none two\none two\n"
    live.append("three")
    assert printer.frame(live.lines, live.stable_count) == "three\n"
    live.append(" four")
    assert printer.frame(live.lines, live.stable_count) == "\r\x1b[1A\x1b[Jthree four\n"
    assert printer.frame(live.lines, live.stable_count) == ""


def test_a_table_taller_than_the_screen_is_whole_in_the_end() -> None:
    made, _ = console(force_terminal=True, color_system=None)
    live, printer, written = LiveMarkdown(60, DARK), LivePrinter(made), ""
    for row in ["| a |\n", "|---|\n", *(f"| row {number} |\n" for number in range(50)), "\nend\n"]:
        live.append(row)
        written += printer.frame(live.lines, live.stable_count)
    live.finish()
    written += printer.frame(live.lines, live.stable_count)
    rows = [row for row in screen_of(written) if row]
    assert rows == ["a", "──────", *(f"row {number}" for number in range(50)), "end"]


def drawn(text: str, step: int) -> str:
    """What is written for a text that comes in pieces of that length, each of them drawn at once."""
    made, _ = console(force_terminal=True, color_system=None)
    live, printer, written = LiveMarkdown(60, DARK), LivePrinter(made), []
    for at in range(0, len(text), step):
        live.append(text[at : at + step])
        written.append(printer.frame(live.lines, live.stable_count))
    live.finish()
    written.append(printer.frame(live.lines, live.stable_count))
    return "".join(written)


@pytest.mark.slow
def test_output_for_one_long_paragraph_is_linear_in_its_length() -> None:
    """Attack: a hundred thousand events of one digit, none of which ends the paragraph."""
    text = "0123456789 " * 500
    short, long = len(drawn(text[: len(text) // 4], 1)), len(drawn(text, 1))
    assert long <= 4.5 * short
    assert long <= 80 * len(text)


@pytest.mark.slow
@pytest.mark.parametrize("step", [11, 59, 400, 5000])
@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"word{number}" for number in range(500)),
        "".join(f"- item {number} {'x' * (number % 90)}\n" for number in range(60)),
        "> " + "quoted words " * 300,
        "".join(f"line {number}  \n" for number in range(70)) + "\nend\n",
        "x" * 4500,
    ],
    ids=["words", "items", "quote", "breaks", "one word"],
)
def test_a_block_taller_than_the_window_ends_as_if_it_had_been_printed_at_once(text: str, step: int) -> None:
    rows = [row for row in screen_of(drawn(text, step)) if row]
    assert rows == [line.text.rstrip() for line in render(text, 60, DARK) if line.text.strip()]
