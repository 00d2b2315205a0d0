"""Lays out code blocks with their own background, line by line. Must not know the Markdown around them."""

from pygments.token import Token
from rich.segment import Segment
from rich.style import Style

from tui_chat.rendering.block_nodes import INDENTED, Leaf
from tui_chat.rendering.cell_width import TAB, prefix_within, width
from tui_chat.rendering.gutter import Gutter
from tui_chat.rendering.highlighter import Highlighter
from tui_chat.rendering.incremental_lexer import LineTokens, language_of
from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import TextStyles

MARGIN = "  "
TURN = "↳ "
"""In the margin of a row that continues the line above; it is not copied."""


class CodeLayout:
    """The rows of one block of code, while it grows and when it is closed."""

    def __init__(self, leaf: Leaf, gutter: Gutter, cells: int, styles: TextStyles) -> None:
        self.language = language_of(leaf.info)
        self._gutter = gutter
        self._room = max(1, cells - gutter.cells - len(MARGIN))
        self._cells = cells
        self._styles = styles
        self._highlighter = Highlighter(self.language)
        self._texts: list[str] = []
        self._row_of: list[int] = []
        self.lines: list[Line] = [] if gutter.gap is None else [gutter.gap]
        self.begins = len(self.lines)
        """The first row after the empty line before the block."""
        if self.language and not leaf.continues:
            self._label(self.language)

    def _label(self, text: str) -> None:
        gutter, styles = self._gutter, self._styles
        shown = text[: prefix_within(text, self._room)]
        blank = Segment(" " * (self._room - width(shown)), styles.code_block)
        segments = (*gutter.first, Segment(MARGIN + shown, styles.code_label), blank)
        line = Line(segments, gutter.first_cells + len(MARGIN) + self._room, "", gutter.first_cells)
        line.separator = ""
        line.source_prefix = gutter.source_prefix
        self.lines.append(line)
        self._gutter = gutter.following()

    def grow(self, leaf: Leaf, more_waits: bool = False) -> int:
        """Lay out the complete lines; return the first row that changed."""
        return self._take(leaf, closed=False, sketches=not more_waits)

    def finish(self, leaf: Leaf) -> int:
        """Lay out the rest of a closed block; return the first row that changed."""
        changed = self._take(leaf, closed=True, sketches=False)
        if not leaf.lines and not self.language:
            self._label("")
            return 0
        return changed

    def preview(self, leaf: Leaf) -> list[Line]:
        """Return the rows of incomplete lines."""
        done = len(self._row_of)
        rows: list[Line] = []
        for number, line in enumerate(leaf.lines[done:], done):
            rows += self._rows(
                self._highlighter.peek(line), is_first=not done and not rows, joined_lines=number in leaf.joined_lines
            )
        return rows

    def _take(self, leaf: Leaf, closed: bool, sketches: bool) -> int:
        count = len(leaf.lines)
        if leaf.kind == INDENTED:
            while count and not leaf.lines[count - 1].strip():
                count -= 1
        done = len(self._row_of)
        if count == done and not closed:
            return len(self.lines)
        self._read(leaf, count)
        new = self._highlighter.finalize(self._texts, closed)
        if sketches:
            new |= self._highlighter.preview(self._texts)
        changed = len(self.lines)
        for number in sorted(new):
            rows = self._rows(new[number], is_first=number == 0, joined_lines=number in leaf.joined_lines)
            if number < len(self._row_of):
                at = self._row_of[number]
                self.lines[at : at + len(rows)] = rows
                changed = min(changed, at)
            else:
                self._row_of.append(len(self.lines))
                if number in leaf.joined_lines and self.lines:
                    self.lines[-1].separator = ""
                self.lines += rows
        return changed

    def _read(self, leaf: Leaf, count: int) -> None:
        """Copy the lines up to `count`, with their newlines."""
        for number in range(len(self._texts), count):
            if number in leaf.joined_lines and number:
                self._texts[-1] = self._texts[-1].removesuffix("\n")
            self._texts.append(leaf.lines[number] + "\n")

    def _rows(self, pieces: LineTokens, is_first: bool, joined_lines: bool) -> list[Line]:
        styles = self._styles
        background = styles.code_block
        styled = [(text, styles.token(kind)) for kind, text in _untabbed(pieces)]
        if self.language in ("diff", "patch") and (tint := self._tint(styled[0][0])) is not None:
            background += tint
            styled = [(text, style + tint) for text, style in styled]
        rows: list[Line] = []
        for cut in _cut(styled, self._room):
            rows.append(self._row(cut, background, is_first and not rows, bool(rows) or joined_lines))
        for row in rows[:-1]:
            row.separator = ""
        return rows

    def _tint(self, text: str) -> Style | None:
        """Return the background of a line that a diff adds or removes."""
        if text.startswith(("+++ ", "--- ")):
            return None
        return {"+": self._styles.added, "-": self._styles.removed}.get(text[:1])

    def _row(self, pieces: list[tuple[str, Style]], background: Style, is_first: bool, turns: bool) -> Line:
        gutter, styles = self._gutter, self._styles
        before, start = (gutter.first, gutter.first_cells) if is_first else (gutter.rest, gutter.cells)
        text = "".join(piece for piece, _ in pieces)
        taken = width(text)
        if sum(width(piece) for piece, _ in pieces) != taken:
            # A lexer cut between emoji that are joined: in two pieces they would be counted twice.
            pieces = [(text, pieces[0][1])]
        margin = Segment(TURN, styles.code_label) if turns else Segment(MARGIN, background)
        segments = [*before, margin, *(Segment(piece, style) for piece, style in pieces)]
        room = max(0, self._cells - start - len(MARGIN))
        if taken < room:
            segments.append(Segment(" " * (room - taken), background))
        line = Line(segments, start + len(MARGIN) + max(taken, room), text, start + len(MARGIN))
        line.source_prefix = gutter.source_prefix if is_first else ""
        return line


def _untabbed(pieces: LineTokens) -> LineTokens:
    """Return the pieces of a line with tabs expanded."""
    if not any("\t" in text for _, text in pieces):
        return pieces or [(Token, "")]
    shown: LineTokens = []
    at = 0
    for kind, text in pieces:
        spaced = (" " * (at % TAB) + text).expandtabs(TAB)[at % TAB :]
        at += len(spaced)
        shown.append((kind, spaced))
    return shown


def _cut(pieces: list[tuple[str, Style]], room: int) -> list[list[tuple[str, Style]]]:
    """Split the pieces of a line into rows of at most `room` cells; nothing is left out."""
    text = "".join(piece for piece, _ in pieces)
    if width(text) <= room:
        return [pieces]
    ends = _ends(text, room)
    rows: list[list[tuple[str, Style]]] = [[]]
    at = 0
    for piece, style in pieces:
        while piece:
            taken = piece[: ends[len(rows) - 1] - at]
            rows[-1].append((taken, style))
            at += len(taken)
            piece = piece[len(taken) :]
            if at == ends[len(rows) - 1] and at < len(text):
                rows.append([])
    return rows


def _ends(text: str, room: int) -> list[int]:
    """Return where the rows of a line end: after a space near the edge, else at the edge."""
    ends: list[int] = []
    start = 0
    while start < len(text):
        end = start + max(1, prefix_within(text[start : start + room], room))
        while end < len(text) and (text[end - 1] == "\u200d" or width(text[end]) == 0):
            end += 1
        if end < len(text):
            end = text.rfind(" ", start + (end - start) * 3 // 4, end) + 1 or end
        ends.append(end)
        start = end
    return ends
