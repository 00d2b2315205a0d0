"""Attachments within the text of a prompt that is not sent yet, as one mark each. Pure.

A mark holds all that is known of a file but its bytes, which are in the store. So it survives wherever text does: in
drafts, queued prompts, the history and the editor.
"""

import re
from collections.abc import Callable

from tui_chat.core.clean import clean_line
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.turn import Turn

_MARK = re.compile(
    r"⟦file: (?P<name>[^⟦⟧|\n]+) \| (?P<type>[\w.+/-]*) \| (?P<size>\d{1,12}) bytes"
    r"(?: \| (?P<width>\d{1,8})×(?P<height>\d{1,8}))?(?: \| (?P<pages>\d{1,7}) pages)?"
    r" \| (?:sha256:(?P<sha256>[0-9a-f]{64})|not included)⟧"
)
_LEADING_MARKS = re.compile(rf"(?:\s*{_MARK.pattern})+")
_IN_NAMES = str.maketrans("⟦⟧|", "[]¦")


def safe_name(name: str) -> str:
    """Return a file's name without what ends a mark."""
    return clean_line(name).translate(_IN_NAMES).strip() or "file"


def mark_of(part: AttachmentPart) -> str:
    """Return the mark of an attachment whose bytes are stored."""
    fields = [f"file: {safe_name(part.name)}", part.media_type, f"{part.size} bytes"]
    if part.pixels is not None:
        fields.append("{}×{}".format(*part.pixels))
    if part.pages is not None:
        fields.append(f"{part.pages} pages")
    fields.append(f"sha256:{part.sha256}" if part.sha256 else "not included")
    return f"⟦{' | '.join(fields)}⟧"


def _part_of(mark: re.Match[str]) -> AttachmentPart:
    pixels = (int(mark["width"]), int(mark["height"])) if mark["width"] else None
    return AttachmentPart(
        mark["name"],
        mark["type"],
        sha256=mark["sha256"] or "",
        size=int(mark["size"]),
        pixels=pixels,
        pages=int(mark["pages"]) if mark["pages"] else None,
    )


def attachments_in(text: str) -> tuple[AttachmentPart, ...]:
    """Return the attachments of a prompt, each once, in the order of their first marks."""
    return tuple(dict.fromkeys(map(_part_of, _MARK.finditer(text))))


def replace_marks(text: str, replacement: Callable[[AttachmentPart], str]) -> str:
    """Return the text with something else for each mark."""
    return _MARK.sub(lambda mark: replacement(_part_of(mark)), text) if "⟦file: " in text else text


def split_leading_marks(text: str) -> tuple[str, str]:
    """Return the marks at the start of a prompt, and the words behind them."""
    found = _LEADING_MARKS.match(text)
    return (found[0], text[found.end() :].lstrip()) if found is not None else ("", text)


def prompt_text(text: str) -> str:
    """Return the words to send: a mark within the words becomes the file's name, others go."""
    marks = [mark.span() for mark in _MARK.finditer(text)] if "⟦file: " in text else []
    if not marks:
        return text
    words = _MARK.sub(lambda mark: " " * len(mark[0]), text)
    first, last = len(words) - len(words.lstrip()), len(words.rstrip())
    if first >= last:
        return ""
    before = "" if marks[0][0] < first else text[:first]
    after = "" if marks[-1][1] > last else text[last:]
    return before + replace_marks(text[first:last], lambda part: part.name) + after


def draft_text(turn: Turn) -> str:
    """Return a prompt that was sent as it can be edited: its words, then the marks of its attachments."""
    words = "".join(part.text for part in turn.parts if isinstance(part, TextPart))
    marks = [mark_of(part) for part in turn.parts if isinstance(part, AttachmentPart)]
    return "\n".join(filter(None, (words, " ".join(marks))))


def has_files(turn: Turn) -> bool:
    return any(isinstance(part, AttachmentPart) for part in turn.parts)


def brief(text: str) -> str:
    """Return a prompt for one row of a list: each mark as the file's name in its brackets."""
    return replace_marks(text, lambda part: f"⟦{part.name}⟧")
