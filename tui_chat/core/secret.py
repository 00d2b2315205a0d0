"""A key or token that cannot leak by accident: printing, logging or formatting it gives a mask."""

from tui_chat.core.error import SettingsError

_SHOWS_ITS_END = 20
"""Characters from which on the last four may be shown without giving much away."""


class Secret:
    """Text that only `reveal()` returns."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    @classmethod
    def of(cls, text: str, source: str) -> "Secret | None":
        """Return the key found in `source`, trimmed; `None` if it is empty, an error for characters no key has."""
        text = text.strip()
        for place, character in enumerate(text, start=1):
            if not "!" <= character <= "~":
                sentence = f"the key from {source} holds a character that no key has, at position {place}"
                raise SettingsError(sentence, detail="bad_key")
        return cls(text) if text else None

    def reveal(self) -> str:
        """Return the text, for the place that sends it."""
        return self.__text

    @property
    def masked(self) -> str:
        """Enough to distinguish two keys."""
        return f"…{self.__text[-4:]}" if len(self.__text) >= _SHOWS_ITS_END else "…"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Secret({self.masked})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__text == other.__text

    def __hash__(self) -> int:
        return hash(self.__text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")
