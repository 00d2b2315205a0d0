"""What can be chosen from a list, and what was chosen in the library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A row: what it stands for, what is read, and dim words around it."""

    value: str
    text: str
    note: str = ""
    """Behind it."""
    key: str = ""
    """Before it: what does the same from anywhere."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation to be opened, and where in it."""

    conversation_id: str
    turn_id: str | None = None
    words: tuple[str, ...] = ()
    """What is to be lit there."""
