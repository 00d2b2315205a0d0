"""Reads JSON values one after another from a file of any size: an array's elements, or consecutive values.

Only the current value is in memory. Here only brackets and strings are recognised; the caller parses each value, so
that one bad value does not affect the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tui_chat.core.error import FormatError

LARGEST_VALUE = 256 * 1024 * 1024
"""Bytes of one conversation; a larger one is skipped."""
MOST_BRACKETS = 4_000_000
MOST_COMMAS = 16_000_000
"""In one value after the piece that it starts in, commas within its texts too. Once parsed, each may stand for 200 or
60 bytes of memory, however small it is in the file."""
LONGEST_SCALAR = 10_000
CHUNK = 256 * 1024

_BOM = b"\xef\xbb\xbf"
_QUOTE = ord('"')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRINGS = re.compile(_STRING, re.DOTALL)
_SKIPPED_LEVELS = 6
"""An export nests no deeper within a conversation; what does is only slower to read."""
_REST_OF_A_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,\[\]{}]*+")


def _up_to_a_bracket(levels: int) -> re.Pattern[bytes]:
    """Return a pattern that skips strings, and brackets that nest at most that deep and are closed."""
    one = rb'[^"\[\]{}]++|' + _STRING
    for _ in range(levels):
        one = rb'[^"\[\]{}]++|' + _STRING + rb"|[\[{](?:" + one + rb")*+[\]}]"
    return re.compile(rb"(?:" + one + rb")*+", re.DOTALL)


_UP_TO_A_BRACKET = _up_to_a_bracket(_SKIPPED_LEVELS)


class Readable(Protocol):
    """Anything with bytes to read, such as a file or a member of a zip."""

    def read(self, size: int, /) -> bytes:
        """Return at most that many bytes; empty at the end."""
        ...


@dataclass(slots=True)
class RawValue:
    """One value's bytes; `None` where it was too large and skipped."""

    number: int
    """The first one is 1."""
    data: bytes | None
    why: str = ""
    """What was too large about it."""

    def take(self) -> bytes | None:
        data, self.data = self.data, None
        return data


def json_values(stream: Readable) -> Iterator[RawValue]:
    """Yield the values of a stream: the elements of every top-level array, and every other top-level value."""
    window = _Window(stream)
    number, in_array = 0, False
    while sign := window.next_sign():
        if sign == b"[" and not in_array:
            window.skip_sign()
            in_array = window.next_sign() != b"]"
            if not in_array:
                window.skip_sign()
        else:
            number += 1
            yield RawValue(number, window.take_value(number), window.too_large)
            in_array = in_array and window.take_separator()
    if in_array:
        raise FormatError(f"the file ends at byte {window.position}, before its array does")


class _Window:
    """The part of the stream that is in memory."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._at = 0
        self._dropped = 0
        self._commas = 0
        self.too_large = ""
        """Why the last value was passed over."""
        while len(self._buffer) < len(_BOM) and self._more():
            pass
        if self._buffer.startswith(_BOM):
            self._at = len(_BOM)
        elif self._buffer.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FormatError("the file is in UTF-16; save it as UTF-8 first")

    @property
    def position(self) -> int:
        """Bytes before the current position."""
        return self._dropped + self._at

    def next_sign(self) -> bytes:
        """Return the next byte that is no space; empty at the end of the file."""
        while True:
            self._at = _end(_SPACE, self._buffer, self._at)
            if self._at < len(self._buffer):
                return bytes(self._buffer[self._at : self._at + 1])
            self._drop_passed()
            if not self._more():
                return b""

    def skip_sign(self) -> None:
        """Skip the byte that `next_sign` returned."""
        self._at += 1

    def take_separator(self) -> bool:
        """Skip what follows an array's element; return true for a comma, false for the array's end."""
        sign = self.next_sign()
        if sign not in (b",", b"]"):
            what = f"has {sign.decode(errors='replace')!r}" if sign else "ends"
            raise FormatError(f"the file {what} at byte {self.position}, where a comma or the array's end should be")
        self.skip_sign()
        if sign == b"," and self.next_sign() in (b"]", b""):
            raise FormatError(f"nothing follows the comma before byte {self.position}")
        return sign == b","

    def take_value(self, number: int) -> bytes | None:
        """Return the whole value that starts here; `None` if it is too large."""
        self._drop_passed()
        first = self._buffer[0]
        if first not in b'{["':
            return self._take_scalar(number)
        in_string = first == _QUOTE
        depth = brackets = 0 if in_string else 1
        counted_from = MOST_BRACKETS  # what is shorter cannot have more
        self._at = 1
        self._commas = 0
        self.too_large = ""
        while True:
            start, pattern = self._at, _REST_OF_A_STRING if in_string else _UP_TO_A_BRACKET
            self._at = _end(pattern, self._buffer, start)
            if len(self._buffer) > counted_from and not in_string:
                brackets += _opening_brackets(self._buffer[start : self._at])
            sign = bytes(self._buffer[self._at : self._at + 1])
            if not sign or sign == b"\\":
                self.too_large = self.too_large or self._excess(len(self._buffer), brackets)
                if self.too_large:
                    self._drop_passed()
                if not self._more():
                    raise FormatError(f"the file ends at byte {self.position}, in the middle of value {number}")
                counted_from = 0
                continue
            self._at += 1
            if sign == b'"':
                in_string = not in_string
            elif sign in (b"{", b"["):
                depth += 1
                brackets += 1
            else:
                depth -= 1
            if depth <= 0 and not in_string:
                self.too_large = self.too_large or self._excess(self._at, brackets)
                return None if self.too_large else self._passed()

    def _excess(self, size: int, brackets: int) -> str:
        """Return what a value has too much of."""
        if size > LARGEST_VALUE:
            return f"it is larger than {LARGEST_VALUE // 1024**2} MiB"
        if brackets > MOST_BRACKETS or self._commas > MOST_COMMAS:
            return "it has too many parts: millions of messages, or of values in them"
        return ""

    def _take_scalar(self, number: int) -> bytes:
        while (end := _end(_SCALAR, self._buffer, 0)) == len(self._buffer) and self._more():
            if end > LONGEST_SCALAR:
                raise FormatError(f"this is no JSON at byte {self.position}")
        if end == 0:
            sign = self._buffer[:1].decode(errors="replace")
            raise FormatError(f"{sign!r} is at byte {self.position}, where value {number} should start")
        self._at = end
        return self._passed()

    def _passed(self) -> bytes:
        with memoryview(self._buffer) as view:
            data = bytes(view[: self._at])
        self._drop_passed()
        return data

    def _more(self) -> bool:
        chunk = self._stream.read(CHUNK)
        self._buffer += chunk
        self._commas += chunk.count(b",")
        return bool(chunk)

    def _drop_passed(self) -> None:
        del self._buffer[: self._at]
        self._dropped += self._at
        self._at = 0


def _opening_brackets(data: bytearray) -> int:
    """Return how many brackets open outside of strings."""
    bare = _STRINGS.sub(b"", data)
    return bare.count(b"[") + bare.count(b"{")


def _end(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    """Return the end of the match of a pattern that always matches."""
    found = pattern.match(buffer, at)
    return found.end() if found else at
