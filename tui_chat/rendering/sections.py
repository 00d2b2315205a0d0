"""Cuts a long Markdown text where its blocks can be rendered apart. Must not know widths, styles or lines.

A line that starts with a letter, a heading or a fence after an empty line ends every list, quote and paragraph: only
a fence or a block of HTML can continue there. The block parser follows those, and the link definitions; the rest is
not parsed. Long code in a fence is cut where the block parser splits it.
"""

import re
from typing import NamedTuple

from tui_chat.core.clean import clean
from tui_chat.rendering.block_nodes import FENCED, HTML, LONGEST_CODE, Container, Leaf
from tui_chat.rendering.block_parser import BlockParser
from tui_chat.rendering.block_patterns import SECTION_START
from tui_chat.rendering.cell_width import normalize_graphemes
from tui_chat.rendering.line_source import LineSource
from tui_chat.rendering.references import References

_LEAST = 4_000
"""Characters of a section: more are laid out in a few milliseconds, less in too many objects."""
_BOUNDARY = re.compile(rf"\n[ \t]*\r?\n(?={SECTION_START.pattern})")
_FENCE = re.compile(r"(`{3,})([^`\n]*)(?=\n)")
_FOLLOWED = re.compile(r"```|~~~|<(?:[!?]|script|pre|style|textarea)|\]:", re.I)
"""What may open a block that continues after an empty line, or define a link."""
_DROPPED = re.compile("[\u200d\ufe0f]")
"""Characters that may be left out of what is shown …"""
_SIGNS = re.compile(r"[`~<\]]")
"""… so that signs around them may come together."""


class Piece(NamedTuple):
    """The text of a section."""

    text: str
    code: Leaf | None = None
    """The fenced code within which it starts."""


def cut(text: str, references: References, *, is_live: bool = False, code: Leaf | None = None) -> list[Piece]:
    """Return the sections of a text, and collect its link definitions; those at the end of a live one may grow.

    `code`: the fenced code within which the text starts.
    """
    scan = _Scan(text, references, code)
    is_first = True
    at = scan.after_fence(0) if code is None else scan.after_code(code, 0)
    while (found := _BOUNDARY.search(text, at)) is not None:
        is_closed = scan.read(at, found.end())
        at = found.end()
        # The first section has more than what is before the first boundary, so that it shows something.
        if is_closed and not is_first and at - next(reversed(scan.starts)) >= _LEAST:
            scan.starts[at] = None
        is_first = False
        at = scan.after_fence(at)
    if not is_live:
        scan.read(at, len(text))
        scan.end()
    ends = [*scan.starts][1:]
    return [
        Piece(text[start:end], within)
        for (start, within), end in zip(scan.starts.items(), (*ends, None), strict=True)
    ]


class _Scan:
    """Follows what may be open over a boundary, and receives the definitions."""

    def __init__(self, text: str, references: References, code: Leaf | None) -> None:
        self._text = text
        self._references = references
        self._blocks: BlockParser | None = None
        """Reads from the last boundary on at which nothing was open; `None` if nothing may be open."""
        self.starts = {0: code}
        """Where sections start, in order, and within which code."""

    def after_fence(self, at: int) -> int:
        """Return the end of the fence that opens at a boundary; `at` if there is none, or it must be followed."""
        opening = _FENCE.match(self._text, at) if self._blocks is None else None
        if opening is None:
            return at
        code = Leaf(FENCED, fence=opening[1], info=opening[2])
        end = self._end_of(code, opening.end() + 1)
        return at if end is None else end

    def after_code(self, code: Leaf, at: int) -> int:
        """Return the end of the code within which the text starts; `at` if it must be followed."""
        end = self._end_of(code, at)
        if end is None:
            self._blocks = BlockParser(self, code=code)
            return at
        return end

    def _end_of(self, code: Leaf, start: int) -> int | None:
        """Return the end of the code that starts there, and cut it; `None` if it must be followed."""
        text = self._text
        closing = re.compile(rf"(?:\A|\n) {{0,3}}{code.fence}{code.fence[0]}*[ \t]*\r?(?=\n|\Z)").search(
            text, max(0, start - 1)
        )
        last = len(text) if closing is None else closing.start()
        source = text[start:last]
        if normalize_graphemes(clean(source)) != source:
            return None
        if "\r" not in source:
            while end := text.find("\n", start + LONGEST_CODE - 1, last) + 1:
                if end < last:
                    self.starts[end] = code
                start = end
        return len(text) if closing is None else closing.end()

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
