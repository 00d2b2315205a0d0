"""Cuts a text part into blocks: the sections of a long reply, and the end of a live one, which grows."""

import time
from math import inf
from typing import TYPE_CHECKING

from tui_chat.core.part import TextPart
from tui_chat.ui.conversation_view.blocks import SECTION_SIZE, Block, Prose, live_markdown
from tui_chat.ui.conversation_view.growing_text import GrowingText
from tui_chat.ui.conversation_view.layout_options import LayoutOptions
from tui_chat.ui.conversation_view.section import Section

if TYPE_CHECKING:
    from tui_chat.rendering.references import References
    from tui_chat.rendering.sections import Piece

LONG_TEXT = 40_000
"""Characters of a reply from which it is laid out in sections."""


class CutText:
    """Where a text is cut, which is the same at every width."""

    def __init__(self, pieces: "list[Piece]", references: "References", *, is_complete: bool) -> None:
        self._pieces = pieces
        self._references = references
        self._is_complete = is_complete
        """The last piece does not grow, and its link definitions are known."""

    @classmethod
    def of(cls, text: str, *, is_live: bool) -> "CutText":
        """Cut a text; the last section of a live one is where it grows."""
        # Imported late, as most texts are short.
        from tui_chat.rendering.references import References
        from tui_chat.rendering.sections import cut

        references = References()
        return cls(cut(text, references, is_live=is_live), references, is_complete=not is_live)

    @classmethod
    def of_blocks(cls, blocks: list[Block]) -> "CutText":
        """Return where the text of these blocks was cut."""
        from tui_chat.rendering.sections import Piece

        pieces, references, is_complete = [], None, True
        for block in blocks:
            if isinstance(block, Section):
                pieces.append(Piece(block.source, block.code))
                references = block.references
            elif isinstance(block, Prose) and not isinstance(block.text, GrowingText):
                pieces.append(Piece(block.text.source, block.text.code))
                references, is_complete = block.text.references, False
        assert references is not None
        return cls(pieces, references, is_complete=is_complete)

    @property
    def is_cut(self) -> bool:
        """Whether there is more than one section."""
        return len(self._pieces) > 1

    def follows(self, text: str, *, is_live: bool) -> bool:
        """Take in the text as it is now. Return False if it is another one."""
        offset = 0
        for piece in self._pieces if self._is_complete else self._pieces[:-1]:
            if not text.startswith(piece.text, offset):
                return False
            offset += len(piece.text)
        if self._is_complete:
            return offset == len(text)
        last = self._pieces[-1]._replace(text=text[offset:])
        if is_live:
            self._pieces[-1] = last
        else:
            from tui_chat.rendering.sections import cut

            self._pieces[-1:] = cut(last.text, self._references, code=last.code)
            self._is_complete = True
        return True

    def blocks(self, part: TextPart, layout_options: LayoutOptions) -> list[Block]:
        """Return the blocks of a part with this text, to be laid out with these options."""
        closed = self._pieces if self._is_complete else self._pieces[:-1]
        blocks: list[Block] = [
            Section(part, piece.text, self._references, layout_options, is_first=not place, code=piece.code)
            for place, piece in enumerate(closed)
        ]
        if not self._is_complete:
            last = self._pieces[-1]
            text = live_markdown(
                layout_options,
                self._references,
                continues=bool(closed),
                code=last.code,
                section_size=SECTION_SIZE,
            )
            text.append(last.text)
            start = sum(len(piece.text) for piece in closed)
            blocks.append(Prose(part, text, start, start + len(last.text)))
        return blocks


def grow_blocks(
    blocks: list[Block], part: TextPart, layout_options: LayoutOptions, *, is_live: bool, is_ended: bool
) -> bool:
    """Show the text as it is now in the blocks of its beginning. Return False if it is another text.

    `is_live`: the text grows; `is_ended`: the turn does not.
    """
    tail = blocks[-1]
    if not isinstance(tail, Prose) or isinstance(tail.text, GrowingText):
        return tail.part is part
    if not tail.grow_to(part):
        return False
    for block in blocks:
        block.part = part
    if is_live:
        return True
    tail.finish()
    if is_ended and not _is_shown(part.text, blocks):
        return False
    if tail.text.waiting > LONG_TEXT:
        cut = CutText.of_blocks(blocks)
        cut.follows(part.text, is_live=False)
        blocks[-1:] = cut.blocks(part, layout_options)[len(blocks) - 1 :]
    return True


def _is_shown(text: str, blocks: list[Block]) -> bool:
    offset = 0
    for block in blocks:
        source = block.source if isinstance(block, Section) else block.text.source if isinstance(block, Prose) else ""
        if not text.startswith(source, offset):
            return False
        offset += len(source)
    return offset == len(text)


def lay_out_tail(blocks: list[Block], layout_options: LayoutOptions, budget_s: float = inf) -> bool:
    """Lay out the last block for about so long, and make sections of what is complete. Return whether it is done."""
    tail = blocks[-1]
    if not isinstance(tail, Prose) or isinstance(tail.text, GrowingText):
        return tail.advance(budget_s)
    references, until = tail.text.references, time.monotonic() + budget_s
    known = len(references)
    done = tail.advance(budget_s)
    while (rest := tail.split()) is not None:
        blocks[-1:] = [_section(tail, layout_options), rest]
        tail = rest
        done = tail.advance(until - time.monotonic())
    if len(references) > known:
        for block in blocks:
            if isinstance(block, Section):
                block.define_links()
    return done


def _section(prose: Prose, layout_options: LayoutOptions) -> Section:
    """Return a complete text as a section, laid out as it is."""
    text = prose.text
    assert not isinstance(text, GrowingText)
    section = Section(
        prose.part, text.source, text.references, layout_options, is_first=not prose.start, code=text.code
    )
    section.gap = prose.gap
    section.take_rows(text)
    return section
