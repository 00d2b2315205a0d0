"""A buffer for text that arrives in pieces."""

_JOINED_AT = 1000


class TextBuffer:
    """Joins pieces by the thousand to save memory, and all of them when the text is read."""

    __slots__ = ("_joined", "_latest")

    def __init__(self, text: str = "") -> None:
        self._joined = [text] if text else []
        self._latest: list[str] = []

    def add(self, piece: str) -> None:
        self._latest.append(piece)
        if len(self._latest) >= _JOINED_AT:
            self._joined.append("".join(self._latest))
            self._latest.clear()

    @property
    def text(self) -> str:
        if len(self._joined) != 1 or self._latest:
            self._joined = ["".join((*self._joined, *self._latest))]
            self._latest.clear()
        return self._joined[0]

    def __bool__(self) -> bool:
        return any(self._joined) or bool(self._latest)
