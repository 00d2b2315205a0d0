"""A dialog to pick one of many rows by fuzzy search. Does not know what the rows stand for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line
from tui_chat.core.fuzzy import match
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.widgets.dialog_width import fit_dialog
from tui_chat.ui.widgets.row_list import RowList

MOST_ROWS = 200
_MIN_SHARE = 0.6
"""Matches that score less than this share of the best one are left out."""
_GAP = 2
_HIGHLIGHT = "bold $text-accent"


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a picker: the value it stands for, its text, and dim text around it."""

    value: str
    text: str
    note: str = ""
    """Shown behind the text."""
    mark: str = ""
    """Shown before the text."""
    shortcut: str = ""
    """The key that does the same, in a column behind the texts."""


class _Row:
    """A choice with its text as it is searched and shown, without control characters."""

    def __init__(self, choice: Choice, marks: int = 0, texts: int = 0, shortcuts: int = 0) -> None:
        """Set the parts in columns of these widths; without shortcuts, notes follow their texts."""
        self.choice = choice
        mark = _column(choice.mark, marks)
        text = clean_line(choice.text) or " "
        shortcut = _column(choice.shortcut, shortcuts)
        self._text_at = len(mark)
        self._dim_at = len(mark + text)
        self.words = mark + (_column(text, texts) if shortcut else text)
        if shortcut and cell_len(text) <= texts:
            self.words += shortcut
        elif choice.note:
            self.words += " " * _GAP
        self.words = (self.words + clean_line(choice.note)).rstrip() or " "

    def drawn(self, highlighted: Sequence[int]) -> Content:
        """Return the row with these characters highlighted."""
        row = Content(self.words).stylize("$foreground-muted", 0, self._text_at).stylize("dim", self._dim_at)
        for place in highlighted:
            row = row.stylize(_HIGHLIGHT, place, place + 1)
        return row


def _column(text: str, width: int) -> str:
    """Return the text as wide as its column and the gap behind it; nothing if there is no such column."""
    return text + " " * (width - cell_len(text) + _GAP) if width else ""


class Picker(ModalScreen[str | None]):
    """The result is the value of a choice, or what was typed if that is allowed, or `None`."""

    CSS_PATH = "dialogs/dialog.tcss"
    SCOPE = Scope.PICKER

    box = query_one(Input)
    rows = query_one(OptionList)

    def __init__(
        self,
        keys: Keyboard,
        title: str,
        choices: Sequence[Choice],
        *,
        current: str = "",
        free: Callable[[str], bool] | None = None,
        placeholder: str = "Type to filter",
        highlighted: Callable[[str], None] | None = None,
        favourite: Callable[[str], Awaitable[Sequence[Choice]]] | None = None,
    ) -> None:
        """`free` returns whether typed text may be the result although no row has it; `highlighted` is called with
        the value of each row the highlight moves to; `favourite` marks a row or takes its mark away, and returns the
        choices then."""
        super().__init__()
        self._keys = keys
        self._heading = title
        self._current = current
        self._free = free
        self._placeholder = placeholder
        self._highlighted = highlighted
        self._favourite = favourite
        self.found: list[Choice] = []
        """The choices that match, in the order they are shown."""
        self._read(choices)

    def compose(self) -> ComposeResult:
        yield Static(self._heading, markup=False, classes="title")
        yield Input(placeholder=self._placeholder, compact=True)
        yield RowList(compact=True)
        yield Static(self.keys_hint, markup=False, classes="hint")

    @property
    def keys_hint(self) -> str:
        marks = ["picker.favourite"] if self._favourite is not None else []
        return hint_line(self._keys, "picker.choose", ("picker.up picker.down", "move"), *marks, "picker.close")

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.PICKER)
        self._keys.bind(self.box, Scope.PICKER, Input.BINDINGS)
        self.box.cursor_blink = False
        self.box.focus()
        self._fit()
        self._show()

    def _fit(self) -> None:
        """Be as wide as the widest row."""
        texts = [self._heading, self._placeholder, self.keys_hint, *(row.words for row in self._rows)]
        fit_dialog(self, max(cell_len(line) for text in texts for line in text.splitlines() or [""]))

    def offer(self, choices: Sequence[Choice], hint: str = "", title: str = "") -> None:
        """Replace the choices, and the hint and the title if there are new ones."""
        self._read(choices)
        # Not after it was closed, while its widgets are removed.
        if self.is_mounted and self in self.app.screen_stack:
            self._fit()
            self._show()
            for name, text in ((".hint", hint), (".title", title)):
                if text:
                    self.query_one(name, Static).update(Content(text))

    def _read(self, choices: Sequence[Choice]) -> None:
        marks = max((cell_len(one.mark) for one in choices), default=0)
        texts = max((cell_len(one.text) for one in choices if one.shortcut), default=0)
        shortcuts = max((cell_len(one.shortcut) for one in choices), default=0)
        self._rows = [_Row(one, marks, texts, shortcuts) for one in choices]

    def _show(self) -> None:
        typed = self.box.value.strip()
        hits = [(hit, row) for row in self._rows if (hit := match(typed, row.words)) is not None]
        if typed:
            hits.sort(key=lambda pair: -pair[0].score)
            hits = [pair for pair in hits if pair[0].score >= _MIN_SHARE * hits[0][0].score]
        del hits[MOST_ROWS:]
        rows = [row.drawn(hit.places) for hit, row in hits]
        self.found = [row.choice for _, row in hits]
        if self._free is not None and self._free(typed) and all(one.value != typed for one in self.found):
            self.found.append(Choice(typed, typed, "as typed"))
            rows.append(_Row(self.found[-1]).drawn(()))
        if not rows and (typed or self._free is None):
            rows.append(Content.styled("No matches." if typed else "Nothing here yet.", "dim"))
        self.rows.set_options(Option(row, disabled=not self.found) for row in rows)
        values = [one.value for one in self.found]
        at = values.index(self._current) if not typed and self._current in values else 0
        self.rows.highlighted = at if self.found else None

    @on(Input.Changed)
    def narrow(self) -> None:
        # Not after it was closed, while its widgets are removed.
        if self in self.app.screen_stack:
            self._show()

    def action_choose(self) -> None:
        """Close with the highlighted row."""
        if self.rows.highlighted is not None and self.found:
            self.dismiss(self.found[self.rows.highlighted].value)

    async def action_favourite(self) -> None:
        """Mark the highlighted row as a favourite, or take the mark away."""
        if self._favourite is not None and self.rows.highlighted is not None and self.found:
            value = self.found[self.rows.highlighted].value
            self._read(await self._favourite(value))
            self._show()
            values = [one.value for one in self.found]
            self.rows.highlighted = values.index(value) if value in values else 0

    def action_move(self, how: str) -> None:
        """Move the highlight; the focus stays in the search line."""
        getattr(self.rows, f"action_{how}")()

    @on(OptionList.OptionHighlighted)
    def moved(self, event: OptionList.OptionHighlighted) -> None:
        if self._highlighted is not None and event.option_index < len(self.found) and self.is_current:
            self._highlighted(self.found[event.option_index].value)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        # A click may be handled after a key that has narrowed the list.
        if event.option in self.rows.options and event.option_index < len(self.found):
            self.dismiss(self.found[event.option_index].value)
