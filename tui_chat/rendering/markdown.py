"""Renders Markdown to terminal lines, closed blocks only once. Must not know widgets or turns."""

import re
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from tui_chat.rendering.block_layout import LayoutContext
from tui_chat.rendering.block_nodes import PARAGRAPH, TABLE, Leaf
from tui_chat.rendering.block_parser import BlockParser
from tui_chat.rendering.block_patterns import cells_of
from tui_chat.rendering.close_unfinished import may_become_block
from tui_chat.rendering.layout_document import CodeBlock, Document, Preview, source_of, with_code
from tui_chat.rendering.line import Line
from tui_chat.rendering.line_source import LineSource, SourceLine
from tui_chat.rendering.references import References
from tui_chat.rendering.styles import TextStyles

__all__ = ["CodeBlock", "LiveMarkdown", "render"]

LEAST_WIDTH = 8
"""A narrower window gets lines of this width, cropped."""
_HEAD_ONLY = re.compile(r"[|:\- ]*$")
_BATCH = 2_000
"""Characters that are processed between two checks of the clock."""


class LiveMarkdown:
    """A growing text and its lines.

    However the text was split when it came, after `finish` the lines are those that `render` makes of the whole.
    Before, the end is shown as it will most likely continue, so that no markup flashes up.
    """

    def __init__(
        self,
        width: int,
        styles: TextStyles,
        references: References | None = None,
        *,
        continues: bool = False,
        code: Leaf | None = None,
        section_size: int = 0,
        source: LineSource | None = None,
    ) -> None:
        """`references`: definitions from elsewhere in the text; `continues`: it is not the text's first section.

        `code`: the fenced code within which it starts.
        After `section_size` characters it stops where a section can start, and `split` continues there; 0 is never.
        """
        self.width = width
        self.styles = styles
        self._context = LayoutContext(
            max(width, LEAST_WIDTH), styles, References() if references is None else references
        )
        self._source = source or LineSource()
        self._document = Document(self._context)
        self._blocks = BlockParser(self._document, continues=continues, code=code)
        self.code = code
        """The fenced code within which it starts."""
        self._section_size = section_size
        self._next_section: int | None = None
        """Where in the source the next section starts."""
        self._lines: list[Line] = []
        self._fixed = 0
        """How many of the lines are the document's; the preview follows them."""
        self._stale = source is not None
        self._finished = self._source.is_ended
        self._open_code: tuple[int, str, Leaf, list[str]] | None = None
        """The open code block: first line in the preview, language, leaf, and lines that may still change."""

    def append(self, text: str) -> None:
        """Add text; nothing is processed before the lines are read."""
        if self._finished:
            raise ValueError("nothing can be appended to a text that is finished")
        self._source.append(text)
        self._stale = True

    def finish(self) -> None:
        if not self._finished:
            self._finished = self._stale = True
            self._source.end()

    @property
    def source(self) -> str:
        """The text as it came."""
        return self._source.text

    @property
    def references(self) -> References:
        """The link definitions that it knows."""
        return self._context.references

    @property
    def unknown_labels(self) -> set[str]:
        """The labels of links in closed blocks that are not defined."""
        return self._document.unknown_labels

    @property
    def waiting(self) -> int:
        """How many characters are not processed yet."""
        return self._source.waiting

    @property
    def lines(self) -> Sequence[Line]:
        """The lines of all text so far."""
        self.advance()
        return self._lines

    @property
    def ready(self) -> Sequence[Line]:
        """The lines processed so far; processes nothing."""
        return self._lines

    def advance(self, budget_s: float = float("inf")) -> bool:
        """Process new text for at most about `budget_s`; return whether the lines hold the whole text."""
        if not self._stale:
            return True
        until = perf_counter() + max(0.0, budget_s)
        self._document.changed = len(self._document.lines)
        while not (done := self._work_some()) and perf_counter() < until:
            pass
        self._document.resolve(self._blocks.leaf)
        if done and self._next_section is None and self._blocks.open_code is None:
            self._look_for_section(next(iter(self._source.partial()), None))
        self._stale = not done
        self._open_code = None
        self._update(self._preview(with_partial=done and self._next_section is None))
        return done

    def split(self) -> "LiveMarkdown | None":
        """End the text where the next section starts, if `advance` has come there, and return that section."""
        if self._next_section is None:
            return None
        code = self._blocks.open_code
        section = LiveMarkdown(
            self.width,
            self.styles,
            self._context.references,
            continues=True,
            code=None if code is None else code.continuation(),
            section_size=self._section_size,
            source=self._source,
        )
        self._source = self._source.split(self._next_section)
        self._section_size, self._next_section = 0, None
        self._finished = self._stale = True
        self.advance()
        return section

    def _work_some(self) -> bool:
        """Parse and lay out a batch of lines; return whether there are no more."""
        document, blocks = self._document, self._blocks
        done = self._feed_some()
        if done and self._finished and self._next_section is None:
            blocks.close()
        if blocks.leaf is not None and blocks.leaf.kind != PARAGRAPH:
            document.grow(blocks.stack, blocks.leaf, more_waits=not done)
        return done

    def _feed_some(self) -> bool:
        """Feed a batch of lines to the parser; return whether there are no more."""
        characters = 0
        while characters < _BATCH:
            piece = self._source.peek()
            if self._look_for_section(piece) or piece is None:
                return True
            self._source.take()
            _feed(self._blocks, piece)
            characters += len(piece.text) + 50
        return False

    def _look_for_section(self, piece: SourceLine | None) -> bool:
        """Return whether the next section starts with this line, and remember that."""
        if piece is None or not 0 < self._section_size <= piece.start - self._source.start:
            return False
        if self._blocks.ends_before(piece.text):
            self._next_section = piece.start
        return self._next_section is not None

    def _preview(self, with_partial: bool) -> list[Line]:
        """Return the lines of the open blocks, with the incomplete line."""
        if with_partial and self._finished:
            return []
        preview = Preview(self._context)
        fork = self._blocks.fork(preview)
        for piece in self._source.partial() if with_partial else ():
            if piece.continues or not may_become_block(piece.text):
                _feed(fork, piece)
        leaf = fork.leaf
        if leaf is None:
            fork.close()
        elif leaf.lines or leaf.kind != PARAGRAPH:
            preview.show(fork.stack, _likely_table(leaf) or leaf)
        added = self._blocks.unfork()
        if preview.code is not None:
            self._open_code = *preview.code, added
        return preview.lines

    def _update(self, tail: list[Line]) -> None:
        """Update the lines, keeping the objects of those that did not change."""
        document, old = self._document, self._lines
        first = min(document.changed, self._fixed)
        new = document.lines[first:] + tail
        if self.width < LEAST_WIDTH:
            new = [line.cropped(self.width) for line in new]
        for number, (before, now) in enumerate(zip(old[first:], new, strict=False)):
            if before == now:
                new[number] = before
        self._lines[first:] = new
        self._fixed = len(document.lines)

    @property
    def stable_count(self) -> int:
        """How many lines are final, except for links defined later and colours in open code."""
        return self._fixed

    @property
    def code_blocks(self) -> tuple[CodeBlock, ...]:
        lines = self.lines
        if self._open_code is None:
            return tuple(self._document.code_blocks)
        begins, language, leaf, added = self._open_code
        if self._blocks.leaf is not None and leaf.lines is self._blocks.leaf.lines:
            leaf = replace(leaf, lines=leaf.lines + added)
        code = CodeBlock(self._fixed + begins, len(lines), language, source_of(leaf))
        return tuple(with_code(self._document.code_blocks, code, leaf))


def render(source: str, width: int, styles: TextStyles) -> list[Line]:
    live = LiveMarkdown(width, styles)
    live.append(source)
    live.finish()
    return list(live.lines)


def _feed(blocks: BlockParser, piece: SourceLine) -> None:
    if piece.continues:
        blocks.continue_line(piece.text, piece.raw)
    else:
        blocks.feed(piece.text, piece.raw)


def _likely_table(leaf: Leaf) -> Leaf | None:
    """Return the head of a table if a paragraph looks like the start of one."""
    if leaf.kind != PARAGRAPH or not leaf.lines[0].startswith("|") or len(leaf.lines) > 2:
        return None
    if len(leaf.lines) == 2 and not _HEAD_ONLY.match(leaf.lines[1]):
        return None
    count = len(cells_of(leaf.lines[0]))
    return Leaf(TABLE, leaf.after_blank, leaf.lines[:1], aligns=("",) * count) if count else None
