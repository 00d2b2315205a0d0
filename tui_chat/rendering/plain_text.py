"""Renders prompts and thinking verbatim: made safe for a terminal and wrapped, without Markdown."""

from rich.segment import Segment
from rich.style import Style

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import TAB, normalize_graphemes, width, wrap
from tui_chat.rendering.line import BLANK, Line


def render_plain(text: str, cells: int, style: Style) -> list[Line]:
    """Return the text's lines, wrapped to `cells`; spaces are kept, and copying gives the original text."""
    lines: list[Line] = []
    for source in normalize_graphemes(clean(text)).split("\n"):
        lines.extend(_rows(source.expandtabs(TAB), max(1, cells), style))
    while len(lines) > 1 and not lines[-1].copy:
        lines.pop()
    return lines


def _rows(source: str, cells: int, style: Style) -> list[Line]:
    if not source:
        return [BLANK]
    rows = wrap(source, cells)
    ends = [start for start, _end in rows[1:]] + [len(source)]
    lines = []
    for (start, end), next_start in zip(rows, ends, strict=True):
        shown = source[start:end]
        line = Line((Segment(shown, style),), width(shown), source[start:next_start])
        line.separator = ""
        lines.append(line)
    lines[-1].separator = None
    return lines
