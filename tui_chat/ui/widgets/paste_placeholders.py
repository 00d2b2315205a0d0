"""Long pastes as short signs in a text: the sign stands for words that are sent as they were pasted. Pure."""

import re

FOLD_OVER_LINES = 20
SIGN_BEGINS = "⟦"
FOLD_OVER_CHARACTERS = 10_000
_SIGN = re.compile(r"⟦#(\d+) pasted: [\d,]+ (?:lines|characters)⟧")


class PastePlaceholders:
    """The pastes that are shown as signs; all are kept, since undoing may bring any sign back."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def fold(self, text: str) -> str:
        """What stands in the draft for a paste: itself, or a sign when it is long."""
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
        """The text with every sign replaced by what it stands for."""
        return _SIGN.sub(lambda sign: self._texts.get(int(sign[1]), sign[0]), text)

    def sign_at(self, line: str, column: int) -> tuple[int, int] | None:
        """Start and end of the sign that the column is in or touches."""
        for sign in _SIGN.finditer(line):
            if sign.start() <= column <= sign.end() and int(sign[1]) in self._texts:
                return sign.span()
        return None
