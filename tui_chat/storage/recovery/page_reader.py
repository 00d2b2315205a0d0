"""Read the rows of a damaged SQLite file page by page, without its header, its schema or its tree. Knows no table.

The format is the published one (sqlite.org/fileformat2.html): a leaf of a table starts with the byte 13 and holds
cells of payload size, row number and record; a record that is too long continues in a chain of overflow pages.
"""

import mmap
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

_MAGIC = b"SQLite format 3\x00"
_LEAF = 13
_INTERIOR = 5
_DEFAULT_PAGE_SIZE = 4096
_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
_RECORD = re.compile(rb"[\x14-\x7f]\x00", re.DOTALL)
"""The header of a record of many columns, the first of which is the row's number and therefore empty."""
_HEADER = 100
_MAX_PAYLOAD = 1 << 30
_FLOAT = 7

Value = int | float | str | bytes | None


class RawRow(NamedTuple):
    """A row with its number and the table whose tree contains its page; empty if no tree leads there."""

    rowid: int
    values: list[Value]
    table: str


def rows(path: Path, widths: Collection[int] = ()) -> Iterator[RawRow]:
    """Yield everything in the file that looks like a row of a table, including deleted rows.

    After the rows of whole pages come those with one of these widths that are found by their own header, anywhere.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            readers = _page_readers(data)
            for reader in readers:
                tables = reader.tables()
                for number in range(reader.pages):
                    for rowid, values in reader.page_rows(number):
                        yield RawRow(rowid, values, tables.get(number, ""))
            for reader in readers if widths else ():
                for rowid, values in reader.rows_by_header(widths):
                    yield RawRow(rowid, values, "")


def _page_readers(data: mmap.mmap) -> list["_PageReader"]:
    """Return a reader of the pages; a second one where bytes were lost or inserted, so that later pages are moved."""
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    is_valid = data[:16] == _MAGIC and size in _SIZES
    size, reserved = (size, data[20]) if is_valid else (_likely_size(data), 0)
    moved = len(data) % size
    shifts = [0] if not moved else [0, moved, moved - size]
    return [_PageReader(data, size, reserved, shift) for shift in shifts]


def _likely_size(data: mmap.mmap) -> int:
    """Return the largest page size at whose multiples leaves start as often as at any other's."""
    counts = {
        size: sum(
            data[start] == _LEAF and 0 < int.from_bytes(data[start + 3 : start + 5], "big") < size // 4
            for start in range(0, len(data) - 8, size)
        )
        for size in _SIZES
    }
    most = max(counts.values())
    return max(size for size, count in counts.items() if count >= 0.8 * most) if most else _DEFAULT_PAGE_SIZE


class _PageReader:
    def __init__(self, data: mmap.mmap, size: int, reserved: int, shift: int) -> None:
        self._data = data
        self._size = size
        self._usable = size - reserved
        self._shift = shift
        self.pages = -(-len(data) // size)

    def _start(self, number: int) -> int:
        return max(number * self._size + self._shift, 0)

    def rows_by_header(self, widths: Collection[int]) -> Iterator[tuple[int, list[Value]]]:
        """Yield rows by the header of their record, where the header of their page is lost."""
        for match in _RECORD.finditer(self._data):
            offset = self._cell_before(match.start(), widths)
            if offset is not None:
                start = self._start((offset - self._shift) // self._size)
                if (found := self._cell(self._data[start : start + self._size], offset - start)) is not None:
                    yield found

    def _cell_before(self, at: int, widths: Collection[int]) -> int | None:
        """Return where the cell starts whose record starts at `at`: its size must be that of the record."""
        end = at + self._data[at]
        if end > len(self._data):
            return None
        size, columns, here = self._data[at], 0, at + 1
        while here < end:
            kind, here = _varint(self._data, here)
            width = _size_of(kind)
            if width is None:
                return None
            size, columns = size + width, columns + 1
        if here != end or columns not in widths:
            return None
        first = at - 1
        while first > 0 and at - first < 9 and self._data[first - 1] >= 0x80:
            first -= 1
        for length in range(1, 5):
            if first >= length and _varint(self._data, first - length) == (size, first):
                return first - length
        return None

    def tables(self) -> dict[int, str]:
        """Return the name of the table for each page that the schema and the interior pages lead to."""
        found: dict[int, str] = {}
        for number in self._tree(0):
            for _, values in self.page_rows(number):
                match values:
                    case ["table", str(name), _, int(root), _] if 0 < root <= self.pages:
                        found |= dict.fromkeys(self._tree(root - 1), name)
        return found

    def _tree(self, root: int) -> list[int]:
        """Return the pages of a tree of rows, as far as they can be followed."""
        passed, pending = dict[int, None](), [root]
        while pending:
            number = pending.pop()
            if number in passed or not 0 <= number < self.pages:
                continue
            passed[number] = None
            start = self._start(number)
            at = _HEADER if number == 0 else 0
            page = self._data[start : start + self._size]
            if len(page) < at + 12 or page[at] != _INTERIOR:
                continue
            pending.append(int.from_bytes(page[at + 8 : at + 12], "big") - 1)
            for offset in self._offsets(page, at, at + 12):
                pending.append(int.from_bytes(page[offset : offset + 4], "big") - 1)
        return list(passed)

    def page_rows(self, number: int) -> Iterator[tuple[int, list[Value]]]:
        """Yield the rows of one page, if it is a leaf of a table."""
        start = self._start(number)
        page = self._data[start : start + self._size]
        at = _HEADER if number == 0 else 0
        if len(page) < at + 8 or page[at] != _LEAF:
            return
        for offset in self._offsets(page, at, at + 8):
            if (found := self._cell(page, offset)) is not None:
                yield found

    def _offsets(self, page: bytes, at: int, first: int) -> Iterator[int]:
        for cell in range(int.from_bytes(page[at + 3 : at + 5], "big")):
            pointer = first + 2 * cell
            offset = int.from_bytes(page[pointer : pointer + 2], "big")
            if first <= offset < len(page) - 2:
                yield offset

    def _cell(self, page: bytes, offset: int) -> tuple[int, list[Value]] | None:
        size, offset = _varint(page, offset)
        rowid, offset = _varint(page, offset)
        if not 0 < size < _MAX_PAYLOAD or rowid <= 0:
            return None
        most = self._usable - 35
        local = size
        if size > most:
            least = (self._usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (self._usable - 4)
            local = least if local > most else local
        record = page[offset : offset + local]
        if size > local:
            following = int.from_bytes(page[offset + local : offset + local + 4], "big")
            record += self._overflow(following, size - local)
        values = _values(record)
        return None if values is None else (rowid, values)

    def _overflow(self, number: int, left: int) -> bytes:
        """Return the rest of a record, as far as the chain of its pages leads."""
        pieces, seen = [], set[int]()
        while left > 0 and 0 < number <= self.pages and number not in seen:
            seen.add(number)
            start = self._start(number - 1)
            piece = self._data[start + 4 : start + 4 + min(left, self._usable - 4)]
            pieces.append(piece)
            left -= len(piece)
            number = int.from_bytes(self._data[start : start + 4], "big")
        return b"".join(pieces)


def _varint(data: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    value = 0
    for taken, byte in enumerate(data[at : at + 9]):
        if taken == 8:
            value = value << 8 | byte
            return (value - (1 << 64) if value >> 63 else value), at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + taken + 1
    return 0, len(data)


def _values(record: bytes) -> list[Value] | None:
    """Return the values of a record; a truncated text is kept as far as it goes."""
    end, at = _varint(record, 0)
    if not at < end <= len(record):
        return None
    kinds = []
    while at < end:
        kind, at = _varint(record, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        size = _size_of(kind)
        if size is None:
            return None
        values.append(_value(kind, record[at : at + size]))
        at += size
    return values


def _size_of(kind: int) -> int | None:
    if kind >= 12:
        return (kind - 12) // 2
    return {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, _FLOAT: 8, 8: 0, 9: 0}.get(kind)


def _value(kind: int, raw: bytes) -> Value:
    if kind >= 12:
        return raw.decode("utf-8", "replace") if kind % 2 else raw
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == _FLOAT:
        return None
    return int.from_bytes(raw, "big", signed=True)
