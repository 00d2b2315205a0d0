"""The emulator shows what pyte shows where pyte knows the sequence, and what the standard has elsewhere."""

import random
from collections.abc import Iterator

import pyte
import pytest

from tests.benchmarks.emulator import Screen

COLUMNS, LINES = 20, 8


def shown(data: bytes, columns: int = COLUMNS, lines: int = LINES) -> list[str]:
    screen = Screen(columns, lines)
    screen.feed(data)
    return [row.rstrip() for row in screen.display]


def edits(chance: random.Random) -> Iterator[str]:
    """Text, moves and edits without those pyte gets wrong: the last column, and insertions over empty rows."""
    for _ in range(chance.randint(1, 40)):
        y, x = chance.randint(1, LINES), chance.randint(1, COLUMNS - 1)
        yield f"\x1b[{y};{x}H"
        kind = chance.random()
        if kind < 0.4:
            yield "".join(chance.choice("abc xyzé") for _ in range((COLUMNS - x) // 2))
        elif kind < 0.8:
            yield f"\x1b[{chance.randint(1, 5)}{chance.choice('ABCDEFGdX')}\x1b[1;33mo"
        elif kind < 0.9:
            yield f"\x1b[{chance.randint(0, 2)}{chance.choice('JK')}"
        else:
            top = chance.randint(1, LINES - 1)
            bottom = chance.randint(top + 1, LINES)
            yield f"\x1b[{top};{bottom}r\x1b[{chance.randint(top, bottom)};1H"
            yield chance.choice(("\x1bM", "\x1bD", "\n\n")) + "\x1b[r"


@pytest.mark.parametrize("seed", range(200))
def test_it_agrees_with_pyte(seed: int) -> None:
    data = "".join(edits(random.Random(seed))).encode()
    reference = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(reference).feed(data)
    assert shown(data) == [row.rstrip() for row in reference.display]


@pytest.mark.parametrize("seed", range(20))
def test_any_cut_shows_the_same(seed: int) -> None:
    chance = random.Random(seed)
    data = ("".join(edits(chance)) + "\x1b]0;title\x07\x1bP1$r\x1b\\\x1b(Bend").encode()
    whole, cut = Screen(COLUMNS, LINES), Screen(COLUMNS, LINES)
    whole.feed(data)
    while data:
        size = chance.randint(1, 5)
        cut.feed(data[:size])
        data = data[size:]
    assert cut.display == whole.display
    assert cut.cursor == whole.cursor


def test_lines_are_inserted_and_deleted_within_the_region() -> None:
    rows = b"\r\n".join(b"%d" % number for number in range(8)) + b"\x1b[2;5r"
    assert shown(rows + b"\x1b[3;1H\x1b[2L") == ["0", "1", "", "", "2", "5", "6", "7"]
    assert shown(rows + b"\x1b[3;1H\x1b[2M") == ["0", "1", "4", "", "", "5", "6", "7"]
    assert shown(rows + b"\x1b[7;1H\x1b[2M") == [str(number) for number in range(8)]


def test_cells_are_inserted_deleted_erased_and_repeated() -> None:
    assert shown(b"abcdef\x1b[1;2H\x1b[2@", 6, 1) == ["a  bcd"]
    assert shown(b"abcdef\x1b[1;2H\x1b[2P", 6, 1) == ["adef"]
    assert shown(b"abcdef\x1b[1;2H\x1b[9X", 6, 1) == ["a"]
    assert shown(b"ab\x1b[3b", 6, 1) == ["abbbb"]


def test_lines_scroll_up_and_down_inside_the_region() -> None:
    rows = b"\r\n".join(b"%d" % number for number in range(8))
    assert shown(rows + b"\x1b[2;4r\x1b[S") == ["0", "2", "3", "", "4", "5", "6", "7"]
    assert shown(rows + b"\x1b[2;4r\x1b[2T") == ["0", "", "", "1", "4", "5", "6", "7"]


def test_a_full_row_goes_on_in_the_next_one_only_where_wrapping_is_on() -> None:
    assert shown(b"abcdef", 4, 2) == ["abcd", "ef"]
    assert shown(b"\x1b[?7labcdef", 4, 2) == ["abcf", ""]


def test_a_wrapped_word_is_found_as_one() -> None:
    screen = Screen(4, 3)
    screen.feed(b"ab zqaaaa")
    assert "zqaaaa" in screen.grid.text_at(1)
    screen.feed(b"\r\nnext")
    assert screen.grid.text_at(2) == "next"


def test_wide_characters_take_two_cells_and_break_when_half_covered() -> None:
    assert shown("日本語".encode(), 5, 2) == ["日本", "語"]
    assert shown("日本\x1b[1;2Hx".encode(), 5, 1) == [" x本"]
    assert shown("日本\x1b[1;1Hx".encode(), 5, 1) == ["x 本"]


def test_marks_of_no_width_stay_with_their_character() -> None:
    assert shown("e\u0301 日\ufe0fx".encode(), 8, 1) == ["e\u0301 日\ufe0fx"]


def test_the_alternate_buffer_leaves_the_other_as_it_was() -> None:
    assert shown(b"shell\x1b[?1049h\x1b[Happ", 8, 1) == ["app"]
    assert shown(b"shell\x1b[?1049h\x1b[Happ\x1b[?1049l", 8, 1) == ["shell"]


def test_a_frame_is_reported_when_its_update_closes() -> None:
    frames: list[str] = []
    screen = Screen(9, 1, on_frame=lambda: frames.append(screen.display[0].rstrip()))
    screen.feed(b"\x1b[?2026hhalf")
    assert screen.is_updating
    assert frames == []
    screen.feed(b" done\x1b[?2026l\x1b[?2026h")
    assert frames == ["half done"]
    assert screen.is_updating
