"""Bytes that no terminal sends, and some that one does: a generator for attacks on the whole program."""

import random
from collections.abc import Callable, Iterator

LEAVING = b"\x03\x04\x11\x1a"
"""Control keys that stop, quit or suspend; they do what they are for, which would end the attack."""
_LEAVING_LETTERS = (99, 100, 113, 122, 67, 68, 81, 90)
_NUMBERS = (
    0,
    1,
    2,
    5,
    9,
    48,
    65,
    200,
    255,
    999,
    65535,
    2**31,
    2**32,
    2**63,
    10**12,
    10**19,
    10**30,
    0xD800,
    0x110000,
)
_WORDS = (
    "word ",
    "`code` ",
    "# Title\n",
    "- item\n",
    "/help",
    "/model ",
    "日本語",
    "🙂👩‍👩‍👧",
    "é",
    "\u202e",
    "|a|b|\n",
    "https://example.org/x ",
)
_KEYS = (
    *(b"\x1b[" + letter for letter in (b"A", b"B", b"C", b"D", b"H", b"F", b"Z", b"I", b"O")),
    *(b"\x1b[" + number + b"~" for number in (b"2", b"3", b"5", b"6", b"11", b"13", b"15", b"17", b"18", b"20")),
    *(b"\x1b" + letter for letter in (b"q", b"x", b"u", b"r", b"\r", b"b", b"f", b"[D", b"[1;3C")),
    *(bytes([code]) for code in range(32) if code not in LEAVING),
    b"\r",
    b"\t",
    b"\x1b",
)  # fmt: skip
_SIZES = (0, 1, 24, 80, 1000, 65535, 99999999, 10**20)


class Attack:
    """One endless stream of pieces, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._kinds: tuple[Callable[[], bytes], ...] = (
            self._noise,
            self._text,
            self._paste,
            *(self._key, self._sequence, self._mouse, self._kitty, self._string, self._size, self._report) * 2,
        )

    def pieces(self, size: int) -> Iterator[bytes]:
        """Give about as many bytes."""
        while size > 0:
            piece = self._random.choice(self._kinds)()
            size -= len(piece)
            yield piece

    def _number(self) -> int:
        pick = self._random
        return pick.choice(_NUMBERS) if pick.random() < 0.3 else pick.randrange(300)

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randrange(1, 40)).translate(None, LEAVING)

    def _text(self) -> bytes:
        return "".join(self._random.choices(_WORDS, k=2)).replace("\n", "\x0a").encode()

    def _key(self) -> bytes:
        return self._random.choice(_KEYS)

    def _sequence(self) -> bytes:
        pick = self._random
        numbers = pick.choice((";", ":", ";;")).join(str(self._number()) for _ in range(pick.randrange(5)))
        final = pick.choice('@ABCDEFGHIJKLMPQRSTXZ`abcdefghiklmnpqrst~$ "!')
        return f"\x1b[{pick.choice(('', '?', '<', '>', '['))}{numbers}{final}".encode()

    def _mouse(self) -> bytes:
        pick = self._random
        if pick.random() < 0.2:
            return f"\x1b[<{self._number()};{self._number()};{-self._number()}M".encode()
        button = pick.choice((0, 0, 1, 2, 32, 35, 64, 65, 66, 4, 16))
        return f"\x1b[<{button};{pick.randrange(1, 130)};{pick.randrange(1, 45)}{pick.choice('Mm')}".encode()

    def _kitty(self) -> bytes:
        code = self._number()
        code = 120 if code in _LEAVING_LETTERS else code
        text = self._random.choice(("", f";{self._number()}", f";{self._number()}:{self._number()}"))
        return f"\x1b[{code};{self._random.choice((0, 1, 2, 3, 5, 6, 9, 300, 10**15))}{text}u".encode()

    def _paste(self) -> bytes:
        pick = self._random
        body = self._noise() if pick.random() < 0.3 else self._text() * pick.randrange(100)
        return b"\x1b[200~" + body + (b"\x1b[201~" if pick.random() < 0.9 else b"")

    def _size(self) -> bytes:
        numbers = ";".join(str(self._random.choice(_SIZES)) for _ in range(4))
        return f"\x1b[48;{numbers}t".encode()

    def _string(self) -> bytes:
        pick = self._random
        opening = pick.choice(
            (b"\x1b]11;", b"\x1b]52;c;", b"\x1bP1$r", b"\x1bP", b"\x1b_G", b"\x1b_", b"\x1bX", b"\x1b^")
        )
        body = self._noise() if pick.random() < 0.5 else b"rgb:ffff/0000/ffff"
        return opening + body + pick.choice((b"\x07", b"\x1b\\", b"\x1b\\", b""))

    def _report(self) -> bytes:
        return self._random.choice(
            (
                b"\x1b[?2026;2$y",
                b"\x1b[?2048;0$y",
                b"\x1b[?2048;2$y",
                b"\x1b[?2048;1$y",
                b"\x1b[12;5R",
                b"\x1b[?62;22c",
            )
        )
