"""Something that can be chosen from a list."""

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
