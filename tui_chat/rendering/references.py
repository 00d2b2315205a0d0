"""Link definitions, and the labels that were looked up before they were defined. Must not know blocks or widths."""

import re
from typing import Any

from markdown_it.common.normalize_url import normalizeLink, validateLink
from markdown_it.common.utils import normalizeReference
from markdown_it.helpers import parseLinkDestination, parseLinkTitle

_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]:[ ]*\n?[ ]*", re.S)
_GAP = re.compile(r"[ ]*\n?[ ]*")
_LINE_END = re.compile(r"[ ]*(?:\n|$)")


class References(dict[str, dict[str, str]]):
    """Definitions by label, as markdown-it looks them up; the first one of a label counts."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown_labels: set[str] = set()
        """Labels that were looked up and undefined since this set was last replaced."""

    def get(self, label: str, default: Any = None) -> Any:
        """Return the definition of a normalised label."""
        found = super().get(label)
        if found is None:
            self.unknown_labels.add(label)
            return default
        return found

    def take(self, text: str, define: bool = True) -> tuple[str, set[str]]:
        """Return a paragraph without the definitions at its start, and the labels that they newly define."""
        new: set[str] = set()
        while text.startswith("["):
            found = _definition(text)
            if found is None:
                break
            label, href, title, end = found
            if define and label not in self:
                self[label] = {"href": href, "title": title}
                new.add(label)
            text = text[end:].lstrip(" ")
        return text, new


def _definition(text: str) -> tuple[str, str, str, int] | None:
    opening = _LABEL.match(text)
    if opening is None:
        return None
    label = normalizeReference(opening[1])
    newline = text.find("\n", opening.end())
    target = parseLinkDestination(text, opening.end(), newline if newline >= 0 else len(text))
    if not label or not target.ok:
        return None
    href = normalizeLink(target.str)
    if not validateLink(href):
        return None
    line_end = _LINE_END.match(text, target.pos)
    gap = _GAP.match(text, target.pos)
    if gap is not None and gap.end() > target.pos:
        title = parseLinkTitle(text, gap.end(), len(text))
        if title.ok and (end := _LINE_END.match(text, title.pos)):
            return label, href, title.str, end.end()
    return (label, href, "", line_end.end()) if line_end is not None else None
