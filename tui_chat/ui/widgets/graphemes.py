"""Start and end of a grapheme, a character as a person sees it. Pure."""

import re
import unicodedata

_JOINER = "\u200d"
_MODIFIERS = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")


def _extends(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character == _JOINER
        or _MODIFIERS.match(character) is not None
    )


def end_of_grapheme(line: str, column: int) -> int:
    """Return the column after the grapheme that starts at `column`."""
    end = column + 1
    if _REGIONAL.match(line, column) and _REGIONAL.match(line, end):
        end += 1
    while end < len(line) and (_extends(line[end]) or line[end - 1] == _JOINER):
        end += 1
    return min(end, len(line))


def start_of_grapheme(line: str, column: int) -> int:
    """Return the start column of the grapheme before `column`."""
    start = column - 1
    while start > 0 and (_extends(line[start]) or line[start - 1] == _JOINER):
        start -= 1
    flags = 0
    while start - flags >= 0 and _REGIONAL.match(line, start - flags):
        flags += 1
    return start - 1 if flags and flags % 2 == 0 and start > 0 else max(start, 0)
