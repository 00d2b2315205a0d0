"""Measures text in terminal cells, and cuts and wraps it. Must not know styles or Markdown.

Widths are rich's, because Textual measures, crops and pads with them: other widths would misalign. Where terminals
differ about a sequence or rich counts too few cells for it, `normalize_graphemes` gives a form on which they agree: a
joiner stays only between emoji, and an emoji selector after a character that is narrow without it is left out.
"""

import re

from rich.cells import cell_len, set_cell_size, split_graphemes

TAB = 4
"""Tab stops, as CommonMark has them."""

_JOINED = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u2bff\U0001f000-\U0001faff"
# Compiled for the first text that needs them; most texts never do, and the app starts sooner.
_LOOSE_JOINER = f"(?<![{_JOINED}\ufe0f\U0001f3fb-\U0001f3ff])\u200d|\u200d(?![{_JOINED}])"
_SELECTOR = "(?<=([\x00-\uffff]))\ufe0f(?!\u200d)|^\ufe0f"
_NARROW = re.compile("[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u2044\u2190-\u2193\u2500-\u25fc]*")
_NOT_FIRST = frozenset("、。，．：；！？）］｝」』】〕〉》〗’”…‥ー々・％ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ")
_NOT_LAST = frozenset("（［｛「『【〔〈《〖‘“")


def normalize_graphemes(text: str) -> str:
    """Return text in a form that every terminal measures alike; see the docstring of the module."""
    if "\u200d" in text:
        text = re.sub(_LOOSE_JOINER, "", text)
    if "\ufe0f" in text:
        text = re.sub(_SELECTOR, lambda found: "\ufe0f" if found[1] and cell_len(found[1]) == 2 else "", text)
    return text


def width(text: str) -> int:
    """Return the cells that `text`, which has no tab or newline, takes on the screen."""
    return len(text) if text.isascii() else cell_len(text)


def is_narrow(text: str) -> bool:
    """Return whether every character certainly takes one cell; a quick check that may miss some."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def prefix_within(text: str, cells: int) -> int:
    """Return how many characters of `text` fit into `cells`, cutting between graphemes."""
    if cells <= 0:
        return 0
    if len(text) <= cells // 2 or text.isascii():
        return min(len(text), cells)
    taken = 0
    for start, _end, size in split_graphemes(text)[0]:
        if taken + size > cells:
            return start
        taken += size
    return len(text)


def fitted(text: str, cells: int) -> str:
    """Return the text, truncated with an ellipsis where it is too long."""
    text = normalize_graphemes(text)
    return text if cell_len(text) <= cells else set_cell_size(text, max(0, cells - 1)).rstrip() + "…"


def padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def wrap(text: str, cells: int, first: int | None = None) -> list[tuple[int, int]]:
    """Wrap one line of text; return the start and end of each row, without the spaces at a break.

    `first` is the room on the first row where it differs.
    """
    room = cells if first is None else first
    if is_narrow(text):
        return [(0, len(text))] if len(text) <= room else _wrap_narrow(text, cells, room)
    return _wrap_wide(text, cells, room)


def _wrap_narrow(text: str, cells: int, room: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start, length = 0, len(text)
    while length - start > room:
        cut = text.rfind(" ", start, start + room + 1)
        end = start + len(text[start:cut].rstrip(" ")) if cut > start else start
        if end == start:
            space = text.find(" ", start + 1)
            if not rows and room < cells and (length if space < 0 else space) - start <= cells:
                end = cut = start
            else:
                end = cut = start + max(1, room)
        rows.append((start, end))
        start = cut
        while start < length and text[start] == " ":
            start += 1
        room = cells
    if start < length or not rows:
        rows.append((start, length))
    return rows


def _wrap_wide(text: str, cells: int, room: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start = start_cells = at = 0
    breaks: tuple[int, int, int] | None = None
    last = ""
    last_size = 0
    for begin, end, size in split_graphemes(text)[0]:
        first = text[begin]
        if first == " " and end == begin + 1:  # with an accent it is a letter
            breaks = (breaks[0] if last == " " and breaks else begin, end, at + size)
        else:
            wide = size > 1 or last_size > 1
            if wide and begin > start and last != " " and first not in _NOT_FIRST and last not in _NOT_LAST:
                breaks = (begin, begin, at)
            while at + size - start_cells > room and begin > start:
                if breaks is not None and breaks[0] > start:
                    rows.append((start, breaks[0]))
                    start, start_cells = breaks[1], breaks[2]
                elif not rows and room < cells:
                    rows.append((start, start))
                else:
                    is_blank = breaks is not None and breaks[1] == begin
                    rows.append((start, min(begin, start + room) if is_blank else begin))
                    start, start_cells = begin, at
                room, breaks = cells, None
        at += size
        last, last_size = first, size
    fits = at - start_cells <= room
    rows.append((start, len(text) if fits else start + len(text[start:].rstrip(" "))))
    return rows
