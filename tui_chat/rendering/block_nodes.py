"""What Markdown's block structure is made of: containers, leaves, and who takes them. Plain values."""

import re
from collections import ChainMap
from collections.abc import MutableMapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol

ROOT, QUOTE, LIST, ITEM, NOTED = "root", "quote", "list", "item", "note"
PARAGRAPH, HEAD, BREAK, FENCED, INDENTED, HTML, DISPLAY, TABLE = (
    "paragraph",
    "heading",
    "rule",
    "fence",
    "code",
    "html",
    "maths",
    "table",
)
_ONLY_GROWN = frozenset((FENCED, HTML, DISPLAY, TABLE))
"""Leaves of which no line is changed or taken away once it is in them."""
DEEPEST = 60
"""Containers in containers; markers of more are text."""
LONGEST = 4096
"""Characters of one paragraph that are read together; a longer one is read in parts."""


@dataclass(slots=True)
class Container:
    """A quote, a list, an item of one, or a footnote, while it is open."""

    kind: str
    marker: str = ""
    """What an item or a footnote begins with; of a list, the character that its items share."""
    indent: int = 0
    """How far the content of an item is indented; of a list, how long its first marker is."""
    task: str = ""
    """A space or an x for an item with a box, else nothing."""
    after_blank: bool = False
    """An empty line stands before it."""
    has_child: bool = False
    shown: bool = False
    """Something of it has been laid out: its marker is used up."""


@dataclass(slots=True)
class Leaf:
    """A block that holds text."""

    kind: str
    after_blank: bool = False
    lines: list[str] = field(default_factory=list)
    size: int = 0
    """Characters in a paragraph's lines."""
    level: int = 0
    """Of a heading."""
    info: str = ""
    """What stands behind an opening fence."""
    fence: str = ""
    indent: int = 0
    """Spaces before an opening fence, which its lines lose too."""
    end: re.Pattern[str] | None = None
    """What ends a block of HTML."""
    closer: str = ""
    """What ends displayed mathematics."""
    aligns: tuple[str, ...] = ()
    raw: MutableMapping[int, str] = field(default_factory=dict)
    """Lines that are not shown as they were written."""
    glued: frozenset[int] = frozenset()
    """Lines that go on from the one before: one line of the source, read in parts."""
    continues: bool = False
    """It goes on from the paragraph before it, which had become too long."""
    layout: Any = None
    """What whoever lays it out keeps with it."""

    def fork(self) -> "Leaf":
        """The same, to be grown by way of trial. Lines that may be very many are lent, and to be cut off again."""
        other = copy(self)
        other.raw = ChainMap({}, self.raw)
        if self.kind not in _ONLY_GROWN:
            other.lines = self.lines.copy()
        return other


class Sink(Protocol):
    """Takes what is closed, in order; `stack` are the containers around it, outermost first."""

    def closed(self, stack: list[Container], leaf: Leaf) -> None:
        """This leaf is complete."""

    def left(self, stack: list[Container]) -> None:
        """The innermost of these containers is complete."""

    def definitions(self, text: str) -> str:
        """Take the link definitions that `text` begins with, and give back the rest."""
