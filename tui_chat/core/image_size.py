"""The size of an image from its header: PNG, JPEG, GIF and WebP. Decodes no pixel."""

import struct
from collections.abc import Callable

Pixels = tuple[int, int]
_MAX_EDGE = 1 << 24
"""No real image is wider; a larger figure comes from a broken file."""
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers of a frame, which has the size; the others in this range are tables."""
_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))
"""JPEG markers without a length."""


def image_size(data: bytes) -> Pixels | None:
    """Return width and height in pixels; `None` where the header does not give them."""
    for magic, read in _READERS:
        if data.startswith(magic):
            try:
                pixels = read(data)
            except (struct.error, IndexError):
                return None
            return pixels if pixels and all(0 < edge < _MAX_EDGE for edge in pixels) else None
    return None


def _png(data: bytes) -> Pixels | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> Pixels | None:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> Pixels | None:
    """Follow the segments to the first frame."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return None
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in _BARE_MARKERS:
            continue
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return width, height
        (length,) = struct.unpack_from(">H", data, at)
        at += max(length, 2)
    return None


def _webp(data: bytes) -> Pixels | None:
    if data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case _:
            return None


_READERS: tuple[tuple[bytes, Callable[[bytes], Pixels | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8", _jpeg),
    (b"GIF8", _gif),
    (b"RIFF", _webp),
)
