"""The nodes of Markdown's block structure: containers, leaves, and the protocol of their receiver. Plain values."""

import re
from collections import ChainMap
from collections.abc import MutableMapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

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
"""Characters of a paragraph that are parsed together; a longer paragraph is parsed in parts."""
LONGEST_CODE = 16_000
"""Characters of a fenced block of code that are highlighted together; a longer one goes on as another leaf, whose
lexer starts afresh."""


class _Copied:
    """A dataclass with slots that is copied for each frame: quicker than `copy` does it by itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        name: str
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other


@dataclass(slots=True)
class Container(_Copied):
    """A quote, a list, an item of one, or a footnote, while it is open."""

    kind: str
    marker: str = ""
    """The marker of an item or a footnote; of a list, the character that its items share."""
    indent: int = 0
    """How far the content of an item is indented; of a list, how long its first marker is."""
    task: str = ""
    """A space or an x for an item with a box, else nothing."""
    after_blank: bool = False
    """An empty line is before it."""
    has_child: bool = False
    shown: bool = False
    """A part has been laid out, with its marker."""


@dataclass(slots=True)
class Leaf(_Copied):
    """A block that holds text."""

    kind: str
    after_blank: bool = False
    lines: list[str] = field(default_factory=list)
    size: int = 0
    """Characters in the lines of a paragraph, or of fenced code with their newlines."""
    level: int = 0
    """Of a heading."""
    info: str = ""
    """The info string after an opening fence."""
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
    joined_lines: frozenset[int] = frozenset()
    """Numbers of lines that continue the line before: one line of the source, parsed in parts."""
    continues: bool = False
    """It continues the paragraph or the code before it, which had become too long."""
    layout: Any = None
    """State of the layout of an open leaf."""

    def continuation(self) -> "Leaf":
        """Return an empty leaf for the rest of fenced code."""
        return Leaf(self.kind, info=self.info, fence=self.fence, indent=self.indent, continues=True)

    def fork(self) -> "Leaf":
        """Return a copy to try more lines on. A long list of lines is shared: cut off what the trial added."""
        other = copy(self)
        other.raw = ChainMap({}, self.raw)
        if self.kind not in _ONLY_GROWN:
            other.lines = self.lines.copy()
        return other


class Sink(Protocol):
    """Receives closed blocks, in order; `stack` holds the containers around them, outermost first."""

    def leaf_closed(self, stack: list[Container], leaf: Leaf) -> None:
        """Take a leaf that is complete."""

    def container_closed(self, stack: list[Container]) -> None:
        """Take note that the innermost of these containers is complete."""

    def take_definitions(self, text: str) -> str:
        """Take the link definitions at the start of `text` and return the rest."""
