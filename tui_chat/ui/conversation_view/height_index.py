"""The number of rows of each turn, with fast prefix sums. Holds numbers only."""

from collections.abc import Iterable


class HeightIndex:
    """A Fenwick tree: setting a height and finding a row both take logarithmic time."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._tree = [0, *self._heights]
        for place in range(1, len(self._tree)):
            parent = place + (place & -place)
            if parent < len(self._tree):
                self._tree[parent] += self._tree[place]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    @property
    def total(self) -> int:
        return self.before(len(self._heights))

    def set(self, index: int, height: int) -> None:
        more = height - self._heights[index]
        if not more:
            return
        self._heights[index] = height
        place = index + 1
        while place < len(self._tree):
            self._tree[place] += more
            place += place & -place

    def append(self, height: int) -> None:
        """Add a turn at the end."""
        self._heights.append(height)
        place = len(self._tree)
        below = place - (place & -place)
        self._tree.append(height + self.before(place - 1) - self.before(below))

    def truncate(self, length: int) -> None:
        """Remove every turn from this index on."""
        del self._heights[length:]
        del self._tree[length + 1 :]

    def before(self, index: int) -> int:
        rows = 0
        while index > 0:
            rows += self._tree[index]
            index &= index - 1
        return rows

    def at(self, row: int) -> tuple[int, int]:
        """Return the turn of a row, and the row within it; the nearest one for a row outside."""
        place, left = 0, max(0, row)
        step = 1 << len(self._heights).bit_length()
        while step:
            further = place + step
            if further < len(self._tree) and self._tree[further] <= left:
                place = further
                left -= self._tree[further]
            step >>= 1
        if place >= len(self._heights):
            last = len(self._heights) - 1
            return (last, max(0, self._heights[last] - 1)) if last >= 0 else (0, 0)
        return place, left
