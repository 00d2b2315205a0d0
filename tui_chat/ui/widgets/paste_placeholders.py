"""Placeholders for long pastes: the pasted text itself is sent. Pure."""

import re

FOLD_OVER_LINES = 20
PLACEHOLDER_START = "⟦"
FOLD_OVER_CHARACTERS = 10_000
_PLACEHOLDER = re.compile(r"⟦#(\d+) pasted: [\d,]+ (?:lines|characters)⟧")


class PastePlaceholders:
    """The pastes behind the placeholders; all are kept, since undo may restore any placeholder."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def fold(self, text: str) -> str:
        """Return the text for the draft: the paste, or a placeholder if it is long."""
        end = len(text)
        while end and text[end - 1] == "\n":
            end -= 1
        lines = text.count("\n", 0, end) + 1
        if lines <= FOLD_OVER_LINES and end <= FOLD_OVER_CHARACTERS:
            return text
        number = next((known for known, folded in self._texts.items() if folded == text), len(self._texts) + 1)
        self._texts[number] = text
        size = f"{lines:,} lines" if lines > FOLD_OVER_LINES else f"{end:,} characters"
        return f"⟦#{number} pasted: {size}⟧"

    def unfolded(self, text: str) -> str:
        """Return the text with every placeholder replaced by its paste."""
        return _PLACEHOLDER.sub(lambda match: self._texts.get(int(match[1]), match[0]), text)

    def spans(self, line: str) -> list[tuple[int, int]]:
        return [match.span() for match in _PLACEHOLDER.finditer(line) if int(match[1]) in self._texts]

    def placeholder_at(self, line: str, column: int) -> tuple[int, int] | None:
        """Return start and end of the placeholder that the column is in or touches."""
        return next((span for span in self.spans(line) if span[0] <= column <= span[1]), None)
