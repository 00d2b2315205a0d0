"""What a terminal would show for the bytes it was sent; colours are read and dropped, for speed."""

import codecs
import re
from collections.abc import Callable
from functools import cache

from wcwidth import wcwidth

from tests.benchmarks.grid import Grid

_TOKEN = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[[\d;:]*m"
    r"|\x1b\[([<-?]?)([\d;:]*)([ -/]*[@-~])"
    r"|([\x00-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|\x1b([0-OQ-WYZ\\`-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]+[0-~]"
)
_TEXT, _PRIVATE, _PARAMS, _FINAL, _CONTROL, _ESCAPE = range(1, 7)
_NARROW = re.compile(r"[ -~\xa1-\xac\xae-\u02ff\u2010-\u2027\u2500-\u259f]*")
"""Text that surely takes one cell a character."""
_LONGEST_SEQUENCE = 100_000

_width = cache(wcwidth)


class Screen:
    """A grid of cells with a cursor, a scroll region and an alternate buffer."""

    def __init__(self, columns: int = 120, lines: int = 40, on_frame: Callable[[], None] | None = None) -> None:
        self.columns, self.lines = columns, lines
        self.on_frame = on_frame
        """Called when a synchronised update closes: what stands on the screen then is what is seen."""
        self.is_updating = False
        """A synchronised update is open, and the glass still shows the frame before it."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._reset()

    def _reset(self) -> None:
        self.grid = Grid(self.columns, self.lines)
        self._behind: Grid | None = None
        self._x = self._y = 0
        self._saved = (0, 0)
        self._top, self._bottom = 0, self.lines - 1
        self._wraps = True

    @property
    def display(self) -> list[str]:
        """Every row as text, padded."""
        return ["".join(row) for row in self.grid.rows]

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row."""
        return min(self._x, self.columns - 1), self._y

    def feed(self, data: bytes) -> None:
        """Take bytes as the program wrote them, cut anywhere."""
        text = self._rest + self._decoder.decode(data)
        at, end, match = 0, len(text), _TOKEN.match
        while at < end:
            token = match(text, at)
            if token is None:
                if end - at < _LONGEST_SEQUENCE:
                    break
                at += 1
                continue
            at = token.end()
            kind = token.lastindex
            if kind == _TEXT:
                self._draw(token[_TEXT])
            elif kind == _FINAL:
                self._control_sequence(token[_PRIVATE], token[_PARAMS], token[_FINAL])
            elif kind == _CONTROL:
                self._control(token[_CONTROL])
            elif kind == _ESCAPE:
                self._escape(token[_ESCAPE])
        self._rest = text[at:]

    def _draw(self, text: str) -> None:
        while text:
            narrow = _NARROW.match(text).end()  # type: ignore[union-attr]
            if not narrow:
                self._draw_char(text[0])
                text = text[1:]
                continue
            if self._x >= self.columns:
                if self._wraps:
                    self._wrap()
                else:
                    self._x, text = self.columns - 1, text[narrow - 1 :]
                    narrow = 1
            narrow = min(narrow, self.columns - self._x)
            self._put(list(text[:narrow]))
            text = text[narrow:]

    def _draw_char(self, char: str) -> None:
        width = _width(char)
        if width <= 0:
            self.grid.combine(max(0, min(self._x, self.columns) - 1), self._y, char)
            return
        if self._x + width > self.columns:
            if self._wraps:
                self._wrap()
            else:
                self._x = self.columns - width
        self._put([char] if width == 1 else [char, ""])

    def _put(self, cells: list[str]) -> None:
        self.grid.put(self._x, self._y, cells)
        self._x += len(cells)

    def _wrap(self) -> None:
        self._x = 0
        self._line_feed()
        self.grid.continues[self._y] = True

    def _line_feed(self) -> None:
        if self._y == self._bottom:
            self.grid.scroll(self._top, self._bottom, 1)
        elif self._y < self.lines - 1:
            self._y += 1
            self.grid.continues[self._y] = False

    def _control(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char in "\n\v\f":
            self._line_feed()
        elif char == "\b":
            self._x = max(0, self.cursor[0] - 1)
        elif char == "\t":
            self._x = min(self.columns - 1, (self._x // 8 + 1) * 8)

    def _escape(self, final: str) -> None:
        if final == "7":
            self._saved = self.cursor
        elif final == "8":
            self._x, self._y = self._saved
        elif final in "DE":
            self._line_feed()
            self._x = 0 if final == "E" else self._x
        elif final == "M":
            if self._y == self._top:
                self.grid.scroll(self._top, self._bottom, -1)
            else:
                self._y = max(0, self._y - 1)
        elif final == "c":
            self._reset()

    def _control_sequence(self, private: str, params: str, final: str) -> None:
        numbers = [int(number) if number.isdigit() else 0 for number in params.split(";")]
        count, second = max(1, numbers[0]), numbers[1] if len(numbers) > 1 else 0
        if private:
            if private == "?" and final in "hl":
                for number in numbers:
                    self._set_mode(number, final == "h")
        elif final in "ABCDEFGHade`f":
            self._move(final, count, max(1, second))
        elif final in "JKX@Pb":
            self._edit(final, numbers[0])
        elif final in "ST":
            self.grid.scroll(self._top, self._bottom, count if final == "S" else -count)
        elif final in "LM":
            if self._top <= self._y <= self._bottom:
                self.grid.scroll(self._y, self._bottom, count if final == "M" else -count)
                self._x = 0
        elif final == "r":
            if count < (second or self.lines) <= self.lines:
                self._top, self._bottom = count - 1, (second or self.lines) - 1
                self._x = self._y = 0
        elif final == "s":
            self._saved = self.cursor
        elif final == "u":
            self._x, self._y = self._saved

    def _set_mode(self, number: int, on: bool) -> None:
        if number == 2026:
            closes = self.is_updating and not on
            self.is_updating = on
            if closes and self.on_frame:
                self.on_frame()
        elif number == 7:
            self._wraps = on
        elif number in (47, 1047, 1049):
            if on and self._behind is None:
                self.grid, self._behind = Grid(self.columns, self.lines), self.grid
            elif not on and self._behind is not None:
                self.grid, self._behind = self._behind, None
            self.grid.dirty.update(range(self.lines))

    def _move(self, final: str, count: int, second: int) -> None:
        x, y = self.cursor
        if final in "AF":
            y = max(self._top if y >= self._top else 0, y - count)
        elif final in "BEe":
            y = min(self._bottom if y <= self._bottom else self.lines - 1, y + count)
        elif final in "Ca":
            x += count
        elif final == "D":
            x -= count
        elif final in "G`":
            x = count - 1
        elif final == "d":
            y = count - 1
        else:
            x, y = second - 1, count - 1
        if final in "EF":
            x = 0
        self._x, self._y = max(0, min(x, self.columns - 1)), max(0, min(y, self.lines - 1))

    def _edit(self, final: str, first: int) -> None:
        (x, y), count = self.cursor, max(1, first)
        if final == "b":
            self._draw((self.grid.rows[y][self._x - 1] if self._x else " ") * count)
        elif final in "@P":
            self.grid.shift(x, y, count if final == "@" else -count)
        elif final == "X":
            self.grid.blank_cells(y, x, x + count)
        else:
            part = min(first, 2)
            self.grid.blank_cells(y, *((x, self.columns), (0, x + 1), (0, self.columns))[part])
            if final == "J":
                self.grid.blank_rows(*((y + 1, self.lines), (0, y), (0, self.lines))[part])
