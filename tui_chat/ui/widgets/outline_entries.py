"""The outline of a conversation: its prompts, and the headings of its replies. Must not know widgets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tui_chat.core.clean import clean_line
from tui_chat.core.turn import Role, Turn

_HEADING = re.compile(r"^ {0,3}(#{1,4})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_MARKS = re.compile(r"[*_`]+|\]\([^)]*\)|[\[\]]")
_MOST_LENGTH = 200


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A prompt, or a heading of a reply."""

    turn_id: str
    text: str
    level: int = 0
    """0 for a prompt, 1 for a main heading."""


def outline_of(path: Iterable[Turn], headings_of: "dict[str, tuple[OutlineEntry, ...]]") -> list[OutlineEntry]:
    """Return the entries of a branch; `headings_of` keeps those of each finished reply."""
    entries: list[OutlineEntry] = []
    for turn in path:
        if turn.role is Role.USER:
            first = next(filter(None, map(clean_line, turn.text.splitlines())), "")
            entries.append(OutlineEntry(turn.id, first[:_MOST_LENGTH] or "files"))
            continue
        if turn.is_live:
            entries += _headings(turn)
            continue
        if turn.id not in headings_of:
            headings_of[turn.id] = tuple(_headings(turn))
        entries += headings_of[turn.id]
    return entries


def _headings(turn: Turn) -> Iterator[OutlineEntry]:
    fence = ""
    for line in turn.text.splitlines():
        if (mark := _FENCE.match(line)) is not None:
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
        elif not fence and (heading := _HEADING.match(line)) is not None:
            text = clean_line(_MARKS.sub("", heading[2]))[:_MOST_LENGTH]
            if text:
                yield OutlineEntry(turn.id, text, len(heading[1]))
