"""Long pastes as short signs in a text: the sign stands for words that are sent as they were pasted. Pure."""

import re

FOLD_OVER_LINES = 20
SIGN_BEGINS = "⟦"
_SIGN = re.compile(r"⟦#(\d+) pasted: [\d,]+ lines⟧")


class Folds:
    """The pastes that are shown as signs; all are kept, since undoing may bring any sign back."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def fold(self, text: str) -> str:
        """What stands in the draft for a paste: itself, or a sign when it is long."""
        lines = text.rstrip("\n").count("\n") + 1
        if lines <= FOLD_OVER_LINES:
            return text
        number = next((known for known, folded in self._texts.items() if folded == text), len(self._texts) + 1)
        self._texts[number] = text
        return f"⟦#{number} pasted: {lines:,} lines⟧"

    def unfolded(self, text: str) -> str:
        """The text with every sign replaced by what it stands for."""
        return _SIGN.sub(lambda sign: self._texts.get(int(sign[1]), sign[0]), text)

    def sign_at(self, line: str, column: int) -> tuple[int, int] | None:
        """Start and end of the sign that the column is in or touches."""
        for sign in _SIGN.finditer(line):
            if sign.start() <= column <= sign.end() and int(sign[1]) in self._texts:
                return sign.span()
        return None
