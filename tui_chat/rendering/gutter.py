"""The gutter before a block's text: bars of quotes, markers of items, indentation. Must not know the text."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.block_nodes import ITEM, LIST, NOTED, QUOTE, ROOT, Container, Leaf
from tui_chat.rendering.cell_width import width
from tui_chat.rendering.line import BLANK, Line
from tui_chat.rendering.styles import TextStyles

_BULLETS = "•◦▪"
_BOXES = {" ": "☐", "x": "☑"}
_LEAST_ROOM = 24
"""Minimum cells that deep nesting leaves for the text; half of the width where that is less."""


@dataclass(frozen=True, slots=True)
class Gutter:
    """The segments before a block's first row and before its other rows."""

    first: tuple[Segment, ...] = ()
    first_cells: int = 0
    rest: tuple[Segment, ...] = ()
    cells: int = 0
    source_prefix: str = ""
    """How the source writes the markers on the first row."""
    gap: Line | None = None
    """The empty line before the block, where there is one."""
    quoted: bool = False

    def following(self) -> "Gutter":
        """Return the gutter for a block that continues below the first row."""
        return Gutter(self.rest, self.cells, self.rest, self.cells, quoted=self.quoted)


def gutter_for(stack: list[Container], leaf: Leaf | None, width: int, styles: TextStyles) -> Gutter:
    """Return the gutter of a leaf in these containers and mark their markers as shown; `None` is an empty item."""
    shown = max((index for index, container in enumerate(stack) if container.shown), default=-1)
    rows = _Rows(width)
    gap: Line | None = None
    lists = 0
    for index, container in enumerate(stack):
        if container.kind == QUOTE:
            rows.bar(styles.bar)
        elif container.kind == LIST:
            lists += 1
        elif container.kind != ROOT:
            rows.item(*_sign(container, stack[index - 1].indent, lists, styles), shows=not container.shown)
        if index == shown and _has_gap(container, stack[index + 1] if index + 1 < len(stack) else leaf):
            gap = rows.empty()
        container.shown = True
    return Gutter(
        tuple(rows.first),
        rows.first_cells,
        tuple(rows.rest),
        rows.cells,
        rows.source_prefix,
        gap,
        quoted=rows.bars > 0,
    )


class _Rows:
    def __init__(self, width: int) -> None:
        self._most = width - min(_LEAST_ROOM, width // 2)
        self._most_first = width - min(_LEAST_ROOM // 2, width // 2)
        self.first: list[Segment] = []
        self.rest: list[Segment] = []
        self.first_cells = self.cells = self.bars = 0
        self.source_prefix = self._indent = ""

    def bar(self, style: Style) -> None:
        self._indent = self.source_prefix = ""
        if self.cells + 2 <= self._most:
            self._add(Segment("▎ ", style), Segment("▎ ", style))
            self.bars = len(self.rest)

    def item(self, sign: Segment, source: str, shows: bool) -> None:
        size = width(sign.text)
        if shows:
            self.source_prefix = self._indent + source
        self._indent += " " * len(source)
        if self.cells + size <= self._most:
            below = Segment(" " * size)
            self._add(sign if shows else below, below)
        elif shows and self.first_cells + size <= self._most_first:
            self.first.append(sign)
            self.first_cells += size

    def _add(self, first: Segment, below: Segment) -> None:
        size = width(below.text)
        self.first.append(first)
        self.rest.append(below)
        self.first_cells += size
        self.cells += size

    def empty(self) -> Line:
        """Return an empty line in the containers so far: only their bars are visible."""
        if not self.bars:
            return BLANK
        segments = [*self.rest[: self.bars - 1], Segment("▎", self.rest[self.bars - 1].style)]
        return Line(segments, sum(width(segment.text) for segment in segments), "")


def _has_gap(container: Container, child: Container | Leaf | None) -> bool:
    """Return whether an empty line precedes the next block: always between blocks, in a list as in the source."""
    if isinstance(child, Leaf) and child.continues:
        return False
    if container.kind in (LIST, ITEM) or (child is not None and child.kind == NOTED):
        return child is not None and child.after_blank
    return True


def _sign(item: Container, least: int, lists: int, styles: TextStyles) -> tuple[Segment, str]:
    """Return an item's marker on the screen and in the source; numbers are right-aligned in `least` cells."""
    if item.kind == NOTED:
        return Segment(f"[{item.marker}] ", styles.dim), f"[^{item.marker}]: "
    source = f"{item.marker} [{item.task}] " if item.task else f"{item.marker} "
    box = _BOXES.get(item.task, "")
    style = styles.done if item.task == "x" else styles.bullet
    if item.marker[-1] in ".)":
        number = f"{item.marker:>{max(3, least)}} "
        return Segment(f"{number}{box} " if box else number, style), source
    return Segment(f" {box or _BULLETS[min(lists, len(_BULLETS)) - 1]} ", style), source
