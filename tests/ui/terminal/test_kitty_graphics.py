"""The sequences of kitty's graphics protocol, and when they are sent at all."""

import re
from base64 import b64decode

import pytest

from tui_chat.core.part import AttachmentPart
from tui_chat.rendering.cell_width import width
from tui_chat.ui.terminal import kitty_graphics, pictures
from tui_chat.ui.terminal.kitty_graphics import cells_of, placeholders, transmission, wrapped
from tui_chat.ui.terminal.pictures import Pictures

SHOT = AttachmentPart("shot.png", "image/png", sha256="a1" * 32, size=3000, pixels=(640, 400))


@pytest.mark.parametrize(
    ("pixels", "columns", "cells"),
    [
        ((640, 400), 78, (51, 16)),
        ((640, 400), 30, (30, 9)),
        ((16, 16), 78, (2, 1)),
        ((10_000, 10), 78, (60, 1)),
        ((10, 10_000), 78, (1, 16)),
        ((1, 1), 1, (1, 1)),
    ],
)
def test_an_image_keeps_its_shape_within_the_limits(
    pixels: tuple[int, int], columns: int, cells: tuple[int, int]
) -> None:
    assert cells_of(pixels, columns) == cells


def test_every_cell_of_an_image_is_one_cell_of_text_with_its_own_place() -> None:
    rows = placeholders(0x2F0001, (60, 16))
    assert [width(row.text) for row in rows] == [60] * 16
    cells = [row.text[at : at + 3] for row in rows for at in range(0, 180, 3)]
    assert len(set(cells)) == 960 and all(cell[0] == "\U0010eeee" for cell in cells)
    style = rows[0].style
    assert style is not None and style.color is not None and style.color.get_truecolor() == (0x2F, 0, 1)


def test_the_bytes_go_in_pieces_and_no_answer_is_asked_for() -> None:
    png = bytes(range(256)) * 40
    *pieces, placement = transmission(7, png, (3, 2))
    assert b64decode("".join(re.findall(r";([^\x1b]*)\x1b", "".join(pieces)))) == png
    assert all("q=2" in piece and len(piece) < 4200 for piece in (*pieces, placement))
    assert [("m=1" in piece, "m=0" in piece) for piece in pieces] == [(True, False)] * (len(pieces) - 1) + [
        (False, True)
    ]
    assert placement == "\x1b_Ga=p,U=1,i=7,c=3,r=2,q=2\x1b\\"


def test_tmux_gets_sequences_wrapped() -> None:
    assert wrapped("\x1b_Gx\x1b\\", {"TMUX": "x"}) == "\x1bPtmux;\x1b\x1b_Gx\x1b\x1b\\\x1b\\"
    assert wrapped("\x1b_Gx\x1b\\", {}) == "\x1b_Gx\x1b\\"


@pytest.mark.parametrize(
    ("environ", "is_asked"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "screen-256color"}, False),
        ({}, False),
        ({"TERM": "tmux-256color", "TMUX": "x"}, False),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, True),
    ],
)
def test_only_a_terminal_that_may_know_images_is_asked(environ: dict[str, str], is_asked: bool) -> None:
    assert kitty_graphics.may_have_graphics(environ) is is_asked


class Wall:
    """A terminal that notes what it gets, and pictures on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("TMUX", "SSH_CONNECTION"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-kitty")
        self.written: list[str] = []
        self.loaded: list[str] = []
        self.changes = 0
        self.pictures = Pictures(self.written.append, self.loaded.append, self.change, can_convert=bool)

    def change(self) -> None:
        self.changes += 1

    def turn_on(self) -> None:
        self.pictures.picture(SHOT, 80)
        self.pictures.named("kitty(0.40)")
        self.pictures.answered(is_ok=True)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def test_the_terminal_is_asked_once_and_first(wall: Wall) -> None:
    assert wall.pictures.picture(SHOT, 80) is None is wall.pictures.picture(SHOT, 80)
    assert wall.written == [kitty_graphics.ASK_NAME, kitty_graphics.ASK_GRAPHICS] and not wall.loaded
    wall.pictures.answered(is_ok=True)
    assert not wall.pictures.is_on and not wall.changes
    wall.pictures.named("ghostty 1.3")
    assert wall.pictures.is_on and wall.changes == 1


def test_an_image_is_loaded_once_and_again_after_another_program(wall: Wall) -> None:
    wall.turn_on()
    first = wall.pictures.picture(SHOT, 80)
    assert first is not None and wall.pictures.picture(SHOT, 80) == first and wall.loaded == [SHOT.sha256]
    wall.pictures.send_again()
    assert wall.loaded == [SHOT.sha256] * 2
    wall.pictures.clear()
    assert wall.written[-1] == kitty_graphics.deletion(first.number)


def test_what_cannot_be_shown_is_not_loaded(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    wall.turn_on()
    photo = AttachmentPart("a.jpg", "image/jpeg", sha256="b2" * 32, size=3000, pixels=(640, 400))
    large = AttachmentPart("a.png", "image/png", sha256="c3" * 32, size=9_000_000, pixels=(640, 400))
    text = AttachmentPart("a.txt", "text/plain", sha256="d4" * 32, size=3)
    assert [wall.pictures.picture(part, 80) for part in (photo, large, text)] == [None] * 3
    wall.pictures.fail(SHOT.sha256)
    assert wall.pictures.picture(SHOT, 80) is None and not wall.loaded
    monkeypatch.setattr(pictures, "MAX_PICTURES", 0)
    assert (
        wall.pictures.picture(AttachmentPart("x", "image/png", sha256="e5" * 32, size=1, pixels=(9, 9)), 80) is None
    )
