"""Cuts a long Markdown text where its blocks can be rendered apart. Must not know widths, styles or lines.

A line that starts with a letter, a heading or a fence after an empty line ends every list, quote and paragraph: only
a fence or a block of HTML can continue there. The block parser follows those, and the link definitions; the rest is
not parsed.
"""

import re

from tui_chat.core.clean import clean
from tui_chat.rendering.block_nodes import FENCED, HTML, Container, Leaf
from tui_chat.rendering.block_parser import BlockParser
from tui_chat.rendering.block_patterns import SECTION_START
from tui_chat.rendering.line_source import LineSource
from tui_chat.rendering.references import References

_LEAST = 4_000
"""Characters of a section: more are laid out in a few milliseconds, less in too many objects."""
_BOUNDARY = re.compile(rf"\n[ \t]*\r?\n(?={SECTION_START.pattern})")
_FENCE = re.compile(r"(`{3,})[^`\n]*(?=\n)")
_FOLLOWED = re.compile(r"```|~~~|<(?:[!?]|script|pre|style|textarea)|\]:", re.I)
"""What may open a block that continues after an empty line, or define a link."""
_DROPPED = re.compile("[\u200d\ufe0f]")
"""Characters that may be left out of what is shown …"""
_SIGNS = re.compile(r"[`~<\]]")
"""… so that signs around them may come together."""


def cut(text: str, references: References, *, is_live: bool = False) -> list[str]:
    """Return the sections of a text, and collect its link definitions; those at the end of a live one may grow."""
    starts = [0]
    scan = _Scan(text, references)
    is_first = True
    at = scan.after_fence(0)
    while (found := _BOUNDARY.search(text, at)) is not None:
        is_closed = scan.read(at, found.end())
        at = found.end()
        # The first section has more than what is before the first boundary, so that it shows something.
        if is_closed and not is_first and at - starts[-1] >= _LEAST:
            starts.append(at)
        is_first = False
        at = scan.after_fence(at)
    if not is_live:
        scan.read(at, len(text))
        scan.end()
    return [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


class _Scan:
    """Follows what may be open over a boundary, and receives the definitions."""

    def __init__(self, text: str, references: References) -> None:
        self._text = text
        self._references = references
        self._blocks: BlockParser | None = None
        """Reads from the last boundary on at which nothing was open; `None` if nothing may be open."""

    def after_fence(self, at: int) -> int:
        """Return the end of the fence that opens at a boundary; `at` if there is none, or it must be followed."""
        text = self._text
        opening = _FENCE.match(text, at) if self._blocks is None else None
        if opening is None:
            return at
        closing = re.compile(rf"\n {{0,3}}{opening[1]}`*[ \t]*\r?(?=\n|\Z)").search(text, opening.end())
        end = len(text) if closing is None else closing.end()
        code = text[at:end]
        return at if _DROPPED.search(code) or clean(code) != code else end

    def read(self, at: int, end: int) -> bool:
        """Read up to the next boundary; return whether all blocks end there."""
        text = self._text
        if self._blocks is None:
            if not _FOLLOWED.search(text, at, end) and not (
                _DROPPED.search(text, at, end) and _SIGNS.search(text, at, end)
            ):
                return True
            self._blocks = BlockParser(self)
        self._feed(self._blocks, text[at:end])
        leaf = self._blocks.leaf
        if len(self._blocks.stack) == 1 and leaf is not None and leaf.kind in (FENCED, HTML):
            return False
        self.end()
        return True

    def end(self) -> None:
        """Close the blocks that are followed."""
        if self._blocks is not None:
            self._blocks.close()
            self._blocks = None

    def _feed(self, blocks: BlockParser, text: str) -> None:
        source = LineSource()
        source.append(text)
        source.end()
        while (piece := source.take()) is not None:
            if piece.continues:
                blocks.continue_line(piece.text, piece.raw)
            else:
                blocks.feed(piece.text, piece.raw)

    def leaf_closed(self, stack: list[Container], leaf: Leaf) -> None:
        """Take no note of a complete block."""

    def container_closed(self, stack: list[Container]) -> None:
        """Take no note of a complete container."""

    def take_definitions(self, text: str) -> str:
        """Take the link definitions at the start of `text` and return the rest."""
        return self._references.take(text)[0]
