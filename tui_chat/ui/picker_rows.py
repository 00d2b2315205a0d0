"""The rows of a picker, their parts in columns. Knows no widget, and not what the rows represent."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui_chat.core.clean import clean_line

_GAP = 2
_SHORT = 32
"""Cells of the longest text that notes have a column behind."""
_HIGHLIGHT = "bold $text-accent"
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a picker: the value it represents, its text, and dim text around it."""

    value: str
    text: str
    note: str = ""
    """Shown behind the text."""
    mark: str = ""
    """Shown before the text."""
    shortcut: str = ""
    """The key that does the same, in a column behind the texts."""
    group: str = ""
    """The heading above it and its neighbours while nothing is typed."""


class Row:
    """A choice with its text as it is searched and shown, without control characters.

    In a list with shortcuts, these have a column, and so have the notes behind it. A text without a shortcut may take
    both columns; a longer one is searched whole and shown cut. In another list, notes are behind their texts, in a
    column as far as these are short.
    """

    def __init__(self, choice: Choice, marks: int = 0, texts: int = 0, shortcuts: int = 0) -> None:
        """Set the parts in columns of these widths."""
        self.choice = choice
        mark, text, note = _column(choice.mark, marks), clean_line(choice.text) or " ", clean_line(choice.note)
        room = texts + _GAP + shortcuts if shortcuts else max(texts, cell_len(text))
        shown = text if cell_len(text) <= room else set_cell_size(text, room - 1).rstrip() + _ELLIPSIS
        self._text_at, self._dim_at = len(mark), len(mark + shown)
        self._cut_from, self._cut_to = self._dim_at, len(mark + text)
        if shown != text:
            self._cut_from -= len(_ELLIPSIS)
        if choice.shortcut:
            text = _column(text, texts) + _column(choice.shortcut, shortcuts)
        elif note:
            text += " " * (room - cell_len(shown) + _GAP)
        self._note_at = len(mark + text) if shortcuts else None
        """Where the note starts, if it has a column."""
        self.words = (mark + text + note).rstrip() or " "
        """What is searched."""

    @property
    def width(self) -> int:
        """How many cells it takes, with its note."""
        return cell_len(self._shown())

    def drawn(self, highlighted: Sequence[int] = (), *, with_note: bool = True) -> Content:
        """Return the row with these characters of its words highlighted; without its note, that column is empty."""
        row = Content(self._shown(with_note)).stylize("$foreground-muted", 0, self._text_at)
        row = row.stylize("dim", self._dim_at)
        less = max(0, self._cut_to - self._cut_from - len(_ELLIPSIS))
        places = [at if at < self._cut_from else at - less for at in highlighted if not self._is_cut(at)]
        for place in places:
            if place < len(row):
                row = row.stylize(_HIGHLIGHT, place, place + 1)
        return row

    def _shown(self, with_note: bool = True) -> str:
        words = self.words if with_note else self.words[: self._note_at].rstrip()
        if self._cut_to > self._cut_from:
            words = words[: self._cut_from] + _ELLIPSIS + words[self._cut_to :]
        return words

    def _is_cut(self, at: int) -> bool:
        return self._cut_from <= at < self._cut_to


def rows_of(choices: Sequence[Choice]) -> list[Row]:
    """Return the rows of these choices, with columns as wide as they need."""
    marks = max((cell_len(one.mark) for one in choices), default=0)
    shortcuts = max((cell_len(one.shortcut) for one in choices), default=0)
    lengths = [cell_len(one.text) for one in choices if (one.shortcut if shortcuts else one.note)]
    texts = max((length for length in lengths if shortcuts or length <= _SHORT), default=0)
    return [Row(one, marks, texts, shortcuts) for one in choices]


def _column(text: str, width: int) -> str:
    """Return the text as wide as its column and the gap behind it; nothing if there is no such column."""
    return text + " " * (width - cell_len(text) + _GAP) if width else ""
