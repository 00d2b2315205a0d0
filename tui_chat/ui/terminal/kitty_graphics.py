"""The sequences that show images in terminals with kitty's graphics protocol. Pure.

An image is sent once; cells of text with a placeholder then show it, so that it scrolls and is clipped as text.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from math import ceil

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

ASK_NAME = "\x1b[>q"
PROBE_ID = 4_207_849
ASK_GRAPHICS = f"\x1b_Gi={PROBE_ID},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
MAX_COLUMNS, MAX_ROWS = 60, 16
_CHUNK = 4096
"""Characters of base64 in one sequence."""
_CELL_ASPECT = 2.0
"""Height of a cell by its width, where the terminal does not report it."""
_PLACEHOLDER = "\U0010eeee"
_FIRST_ID = 0x2F0001
"""Ids are colours too, and others use low ones."""
_NUMBERS = "".join(
    map(
        chr,
        (
            *(
                0x305,
                0x30D,
                0x30E,
                0x310,
                0x312,
                0x33D,
                0x33E,
                0x33F,
                0x346,
                0x34A,
                0x34B,
                0x34C,
                0x350,
                0x351,
                0x352,
            ),
            *(0x357, 0x35B, *range(0x363, 0x370), *range(0x483, 0x488), *range(0x592, 0x596), *range(0x597, 0x59A)),
            *(*range(0x59C, 0x5A2), 0x5A8, 0x5A9, 0x5AB, 0x5AC, 0x5AF, 0x5C4, *range(0x610, 0x618), 0x657, 0x658),
        ),
    )
)
"""The combining characters that stand for 0, 1, 2 … in this protocol."""
_NAMES = ("kitty", "ghostty")
"""Terminals that know placeholders; others answer the probe, but show the characters."""
_VARIABLES = ("KITTY_WINDOW_ID", "KITTY_PID", "GHOSTTY_RESOURCES_DIR")
"""What these set; within tmux the terminal's name cannot be asked."""


def may_have_graphics(environ: Mapping[str, str]) -> bool:
    """Return whether it makes sense to ask the terminal."""
    if "TMUX" in environ:
        return any(name in environ for name in _VARIABLES)
    return not environ.get("TERM", "dumb").startswith(("dumb", "linux", "screen", "vt"))


def has_placeholders(name: str) -> bool:
    """Return whether a terminal of that name shows images by placeholders."""
    return name.lower().startswith(_NAMES)


def wrapped(sequence: str, environ: Mapping[str, str]) -> str:
    """Return a sequence as tmux passes it on to its terminal, if its `allow-passthrough` is on."""
    if "TMUX" not in environ:
        return sequence
    escaped = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{escaped}\x1b\\"


def image_id(number: int) -> int:
    return _FIRST_ID + number


def cells_of(pixels: tuple[int, int], columns: int) -> tuple[int, int]:
    """Return columns and rows for an image: as wide as it fits, not larger than it is, and not too high."""
    width, height = pixels
    most = max(1, min(columns, MAX_COLUMNS, ceil(width / 8)))
    rows = max(1, round(most * height / width / _CELL_ASPECT))
    if rows > MAX_ROWS:
        rows = MAX_ROWS
        most = max(1, min(most, round(rows * _CELL_ASPECT * width / height)))
    return most, rows


def transmission(number: int, png: bytes, cells: tuple[int, int]) -> Iterator[str]:
    """Yield the sequences that send a PNG and size it; the terminal answers none of them."""
    payload = b64encode(png).decode()
    keys = f"a=t,f=100,t=d,i={number},q=2,"
    for at in range(0, len(payload), _CHUNK):
        is_last = at + _CHUNK >= len(payload)
        yield f"\x1b_G{keys}m={int(not is_last)};{payload[at : at + _CHUNK]}\x1b\\"
        keys = "q=2,"
    columns, rows = cells
    yield f"\x1b_Ga=p,U=1,i={number},c={columns},r={rows},q=2\x1b\\"


def deletion(number: int) -> str:
    """Return the sequence that frees an image."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholders(number: int, cells: tuple[int, int]) -> list[Segment]:
    """Return a row of text for each row of the image; its colour is the image's id."""
    style = Style(color=Color.from_rgb(number >> 16 & 255, number >> 8 & 255, number & 255))
    columns, rows = cells
    return [
        Segment("".join(_PLACEHOLDER + _NUMBERS[row] + _NUMBERS[column] for column in range(columns)), style)
        for row in range(rows)
    ]
