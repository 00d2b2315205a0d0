"""Finds the headings of a reply among its rows. Must not know the widget."""

from collections.abc import Sequence

from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view.turn_layout import TurnLayout

_MOST_LOOKED_BACK = 2_000
"""Rows above the first visible one in which a heading is looked for."""


def row_of_heading(entry: TurnLayout, text: str) -> int | None:
    """Return the row of a laid-out turn at which a heading starts."""
    heading = _squeezed(text)
    rows = range(sum(block.rows for block in entry.blocks)) if heading else ()
    return next((row for row in rows if _is_start(entry.line(row), heading)), None)


def heading_at(entry: TurnLayout, row: int, headings: Sequence[str]) -> int | None:
    """Return the number of the last heading at or above a row of a laid-out turn; `None` above the first one."""
    wanted = [_squeezed(text) for text in headings]
    found = None
    for above in range(min(row, entry.rows - 1), max(-1, row - _MOST_LOOKED_BACK), -1):
        line = entry.line(above)
        if found is None:
            found = next((text for text in wanted if _is_start(line, text)), None)
            if found is not None and wanted.count(found) == 1:
                return wanted.index(found)
            same = int(found is not None)
        elif _is_start(line, found):
            same += 1
    if found is None:
        return None
    return [number for number, text in enumerate(wanted) if text == found][: max(1, same)][-1]


def _is_start(line: Line, heading: str) -> bool:
    """Return whether a row is the first one of a heading, which may continue in the next row."""
    text = _squeezed(line.copy)
    return bool(text) and (text == heading or (line.separator is not None and heading.startswith(text)))


def _squeezed(text: str) -> str:
    return "".join(text.split())
