"""Rows of cells as a terminal keeps them; it knows nothing of cursors and control sequences."""


class Grid:
    """Cells by row; the right half of a wide character is an empty string."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.rows = [self._blank() for _ in range(lines)]
        self.continues = [False] * lines
        """Rows that the terminal began because a longer line was full."""
        self.dirty = set(range(lines))
        """Rows written to since the reader last emptied it."""

    def _blank(self) -> list[str]:
        return [" "] * self.columns

    def text_at(self, row: int) -> str:
        """The row's text, with the rows before and after it where a longer line was wrapped."""
        first = last = row
        while first > 0 and self.continues[first]:
            first -= 1
        while last + 1 < self.lines and self.continues[last + 1]:
            last += 1
        return "".join("".join(cells) for cells in self.rows[first : last + 1])

    def put(self, x: int, y: int, cells: list[str]) -> None:
        """Write cells that fit into the row, breaking wide characters they cover half of."""
        row, end = self.rows[y], x + len(cells)
        if x and row[x] == "":
            row[x - 1] = " "
        if end < self.columns and row[end] == "":
            row[end] = " "
        row[x:end] = cells
        self.dirty.add(y)

    def combine(self, x: int, y: int, char: str) -> None:
        """Add a mark of no width to the character that covers that cell."""
        row = self.rows[y]
        row[x - 1 if x and row[x] == "" else x] += char
        self.dirty.add(y)

    def scroll(self, top: int, bottom: int, count: int) -> None:
        """Move these rows up by `count`, or down where it is negative."""
        size = bottom + 1 - top
        blank = min(abs(count), size)
        rows, continues = self.rows[top : bottom + 1], self.continues[top : bottom + 1]
        fresh = [self._blank() for _ in range(blank)]
        if count > 0:
            rows, continues = rows[blank:] + fresh, continues[blank:] + [False] * blank
        else:
            rows, continues = fresh + rows[: size - blank], [False] * blank + continues[: size - blank]
        self.rows[top : bottom + 1], self.continues[top : bottom + 1] = rows, continues
        self.dirty.update(range(top, bottom + 1))

    def blank_rows(self, first: int, end: int) -> None:
        """Empty whole rows."""
        for y in range(first, end):
            self.rows[y] = self._blank()
            self.continues[y] = False
            self.dirty.add(y)

    def blank_cells(self, y: int, first: int, end: int) -> None:
        """Empty cells of one row."""
        end = min(end, self.columns)
        self.rows[y][first:end] = [" "] * (end - first)
        self.dirty.add(y)

    def shift(self, x: int, y: int, count: int) -> None:
        """Move the rest of the row right by `count`, or left where it is negative."""
        row, left = self.rows[y], self.columns - x
        blank = [" "] * min(abs(count), left)
        row[x:] = (blank + row[x:])[:left] if count > 0 else (row[x - count :] + blank)[:left]
        self.dirty.add(y)
