"""Code blocks as rows on their own ground, line by line as they come. Knows no Markdown around them."""

from pygments.token import Generic, Token
from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.cells import TAB, prefix_within, width
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.highlight import Highlighter, Pieces, language_of
from tui_chat.rendering.line import Line
from tui_chat.rendering.palette import Palette
from tui_chat.rendering.tree import INDENTED, Leaf

MARGIN = "  "
TURN = "↳ "
"""Stands in the margin of a row that goes on with the line above; it is not copied."""
_GROUNDS = {Generic.Inserted: "added", Generic.Deleted: "removed"}


class CodeLayout:
    """The rows of one block of code, while it grows and when it is closed."""

    def __init__(self, leaf: Leaf, gutter: Gutter, cells: int, palette: Palette) -> None:
        self.language = language_of(leaf.info)
        self._gutter = gutter
        self._room = max(1, cells - gutter.cells - len(MARGIN))
        self._cells = cells
        self._palette = palette
        self._highlighter = Highlighter(self.language)
        self._row_of: list[int] = []
        """The row where each line begins."""
        self.lines: list[Line] = [] if gutter.gap is None else [gutter.gap]
        self.begins = len(self.lines)
        """The row behind the empty line before the block."""
        if self.language:
            self._label(self.language)

    def _label(self, text: str) -> None:
        gutter, palette = self._gutter, self._palette
        shown = text[: prefix_within(text, self._room)]
        blank = Segment(" " * (self._room - width(shown)), palette.code_block)
        segments = (*gutter.first, Segment(MARGIN + shown, palette.code_label), blank)
        line = Line.of(segments, gutter.first_cells + len(MARGIN) + self._room, "", gutter.first_cells)
        line.joins = ""
        line.lead = gutter.lead
        self.lines.append(line)
        self._gutter = gutter.following()

    def absorb(self, leaf: Leaf) -> int:
        """Lay out the lines that are complete; the first row that is new or not what it was."""
        return self._take(leaf, closed=False)

    def finish(self, leaf: Leaf) -> int:
        """Lay out what is left of a block that is closed; the first row that is new or not what it was."""
        changed = self._take(leaf, closed=True)
        if not leaf.lines and not self.language:
            self._label("")
            return 0
        return changed

    def rest(self, leaf: Leaf) -> list[Line]:
        """The rows of lines that are not yet complete."""
        done = len(self._row_of)
        rows: list[Line] = []
        for number, line in enumerate(leaf.lines[done:], done):
            rows += self._rows(
                self._highlighter.peek(line), is_first=not done and not rows, glued=number in leaf.glued
            )
        return rows

    def _take(self, leaf: Leaf, closed: bool) -> int:
        count = len(leaf.lines)
        if leaf.kind == INDENTED:
            while count and not leaf.lines[count - 1].strip():
                count -= 1
        done = len(self._row_of)
        if count == done and not closed:
            return len(self.lines)
        texts = [line + ("" if number in leaf.glued else "\n") for number, line in enumerate(leaf.lines[:count], 1)]
        new = self._highlighter.settle(texts, closed)
        if not closed:
            new |= self._highlighter.sketch(texts)
        changed = len(self.lines)
        for number in sorted(new):
            rows = self._rows(new[number], is_first=number == 0, glued=number in leaf.glued)
            if number < len(self._row_of):
                at = self._row_of[number]
                self.lines[at : at + len(rows)] = rows
                changed = min(changed, at)
            else:
                self._row_of.append(len(self.lines))
                if number in leaf.glued:
                    self.lines[-1].joins = ""
                self.lines += rows
        return changed

    def _rows(self, pieces: Pieces, is_first: bool, glued: bool) -> list[Line]:
        """The rows of one line of code."""
        palette = self._palette
        ground = palette.code_block
        if pieces and self.language in ("diff", "patch") and (name := _GROUNDS.get(pieces[0][0])):
            ground += getattr(palette, name)
        styled = [(text, palette.token(kind)) for kind, text in _untabbed(pieces)]
        if ground is not palette.code_block:
            styled = [(text, style + ground) for text, style in styled]
        rows: list[Line] = []
        for cut in _cut(styled, self._room):
            rows.append(self._row(cut, ground, is_first and not rows, bool(rows) or glued))
        for row in rows[:-1]:
            row.joins = ""
        return rows

    def _row(self, pieces: list[tuple[str, Style]], ground: Style, is_first: bool, turns: bool) -> Line:
        gutter, palette = self._gutter, self._palette
        before, start = (gutter.first, gutter.first_cells) if is_first else (gutter.rest, gutter.cells)
        text = "".join(piece for piece, _ in pieces)
        taken = width(text)
        margin = Segment(TURN, palette.code_label) if turns else Segment(MARGIN, ground)
        segments = [*before, margin, *(Segment(piece, style) for piece, style in pieces)]
        room = max(0, self._cells - start - len(MARGIN))
        if taken < room:
            segments.append(Segment(" " * (room - taken), ground))
        line = Line.of(segments, start + len(MARGIN) + max(taken, room), text, start + len(MARGIN))
        line.lead = gutter.lead if is_first else ""
        return line


def _untabbed(pieces: Pieces) -> Pieces:
    """The pieces of a line with tabs as the spaces they stand for."""
    if not any("\t" in text for _, text in pieces):
        return pieces or [(Token, "")]
    shown: Pieces = []
    at = 0
    for kind, text in pieces:
        spaced = (" " * (at % TAB) + text).expandtabs(TAB)[at % TAB :]
        at += len(spaced)
        shown.append((kind, spaced))
    return shown


def _cut(pieces: list[tuple[str, Style]], room: int) -> list[list[tuple[str, Style]]]:
    """Pieces of one line as rows of at most `room` cells; nothing is left out."""
    rows: list[list[tuple[str, Style]]] = [[]]
    left = room
    for text, style in pieces:
        size = width(text)
        while size > left:
            cut = prefix_within(text, left)
            if cut:
                rows[-1].append((text[:cut], style))
            elif left == room:
                cut = 1
                rows[-1].append(("…", style))
            text = text[cut:]
            size = width(text)
            rows.append([])
            left = room
        if text:
            rows[-1].append((text, style))
            left -= size
    if len(rows) > 1 and not rows[-1]:
        rows.pop()
    return rows
