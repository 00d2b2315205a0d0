"""Placeholders for attachments in the prompt box: one step for the cursor; deleting one detaches its file. Pure."""

import re

from tui_chat.core.attachment_tokens import attachment_tokens
from tui_chat.core.format_numbers import short_tokens
from tui_chat.core.part import AttachmentPart
from tui_chat.ui.attachment_labels import file_size, kind_label
from tui_chat.ui.attachment_marks import mark_of, replace_marks, safe_name

_PLACEHOLDER = re.compile(r"⟦(\d{1,6}) [^⟦⟧\n]+⟧")
_LONGEST_NAME = 32


class AttachmentPlaceholders:
    """The attachments behind the placeholders; all are kept, since undo may restore any placeholder."""

    def __init__(self) -> None:
        self._placeholders: dict[str, AttachmentPart] = {}
        self._known: dict[AttachmentPart, str] = {}
        """The placeholder of each attachment; its bytes do not count."""

    def placeholder_of(self, part: AttachmentPart, *, tokens: int | None = None) -> str:
        """Return the placeholder of an attachment; the same file has the same placeholder."""
        if (known := self._known.get(part)) is None:
            known = f"⟦{len(self._known) + 1} {describe(part, tokens)}⟧"
            self._known[part] = known
            self._placeholders[known] = part
        return known

    def to_placeholders(self, text: str) -> str:
        return replace_marks(text, self.placeholder_of)

    def to_marks(self, text: str) -> str:
        """Return the text with a mark for each placeholder; a placeholder that was changed is text."""
        known = self._placeholders
        return _PLACEHOLDER.sub(lambda match: mark_of(known[match[0]]) if match[0] in known else match[0], text)

    def spans(self, line: str) -> list[tuple[int, int]]:
        return [match.span() for match in _PLACEHOLDER.finditer(line) if match[0] in self._placeholders]

    def placeholder_at(self, line: str, column: int) -> tuple[int, int] | None:
        """Return start and end of the placeholder that the column is in or touches."""
        return next((span for span in self.spans(line) if span[0] <= column <= span[1]), None)


def describe(part: AttachmentPart, tokens: int | None = None) -> str:
    """Return name, kind, size and estimate: `shot.png · PNG 1280×800 · 24 kB · ~1.4k tokens`."""
    kind = kind_label(part)
    if not part.is_included:
        return f"{_short(safe_name(part.name))} · {kind} · not included"
    count = round(attachment_tokens(part)) if tokens is None else tokens
    name = _short(safe_name(part.name))
    return f"{name} · {kind} · {file_size(part.size)} · {short_tokens(count, estimated=True)} tokens"


def _short(name: str) -> str:
    """Cut the middle out of a long name, since its end has the suffix."""
    if len(name) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return f"{name[: half - 1]}…{name[-half:]}"
