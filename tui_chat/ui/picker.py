"""A dialog to pick one of many rows by fuzzy search. Does not know what the rows represent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.fuzzy import LEAST_SHARE, best_matches
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.picker_rows import Choice, Row, rows_of
from tui_chat.ui.widgets.dialog_width import fit_dialog, widest_row
from tui_chat.ui.widgets.row_list import RowList

MOST_ROWS = 200
_LIST_PERCENT, _LIST_PADDING = 70, 2
"""How much of the window's height the list may take, and its rows without text, as the style sheet has it."""
_CURRENT = "●"
"""The mark of the row that is in force now."""


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
        self._by_row: dict[int, Choice] = {}
        """The choice of each row of the list that is no heading."""
        self._most = 0
        """The largest number of rows so far."""
        self._hint = ""
        """Shown instead of the keys."""
        self._read(choices)

    def show(self, app: App[Any], take: Callable[[str], Any]) -> None:
        """Show it over the screen; `take` gets what is picked, if anything is."""
        app.push_screen(self, lambda value: None if value is None else take(value))

    def compose(self) -> ComposeResult:
        yield Static(self._heading, markup=False, classes="title")
        yield Input(placeholder=self._placeholder, compact=True)
        yield RowList(compact=True)
        yield Static(hint_content(self._hint or self.keys_hint), classes="hint")

    @property
    def keys_hint(self) -> str:
        marks = ["picker.favourite"] if self._favourite is not None else []
        return hint_line(self._keys, "picker.choose", ("picker.up picker.down", "move"), *marks, "picker.close")

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.PICKER)
        self._keys.bind(self.box, Scope.PICKER, Input.BINDINGS)
        self.box.cursor_blink = False
        self.rows.can_focus = False  # a click on the list leaves what is typed to the search line
        self.box.focus()
        self._fit()
        self._show()

    def _fit(self) -> None:
        """Be as wide as the widest row."""
        texts = [self._heading, self._placeholder, self._hint or self.keys_hint]
        lines = [cell_len(line) for text in texts for line in text.splitlines()]
        fit_dialog(self, max([*lines, *(row.width for row in self._rows)]))

    @property
    def _room(self) -> int:
        """How many cells the widest row may have."""
        return widest_row(self.app.size.width)

    def on_resize(self) -> None:
        self._show(self._chosen)

    def offer(self, choices: Sequence[Choice], hint: str = "", title: str = "") -> None:
        """Replace the choices, and the hint and the title if there are new ones."""
        self._read(choices)
        self._hint, self._heading = hint or self._hint, title or self._heading
        # Not after it was closed, while its widgets are removed; before it is composed, there are none.
        if self.is_mounted and self in self.app.screen_stack:
            self._fit()
            self._show(self._chosen if self.box.value else None)
            self.query_one(".hint", Static).update(hint_content(self._hint or self.keys_hint))
            self.query_one(".title", Static).update(Content(self._heading))

    @property
    def found(self) -> list[Choice]:
        """The choices that match, in the order they are shown."""
        return list(self._by_row.values())

    def _read(self, choices: Sequence[Choice]) -> None:
        if any(one.value == self._current for one in choices if self._current):
            marked = (_CURRENT if one.value == self._current else " " for one in choices)
            choices = [replace(one, mark=f"{mark}{one.mark}") for mark, one in zip(marked, choices, strict=True)]
        self._rows = rows_of(choices)

    def _show(self, chosen: Choice | None = None) -> None:
        """Show the choices that match, `chosen` highlighted if it is among them."""
        typed = self.box.value.strip()
        hits = best_matches(typed, self._rows, lambda row: row.words, LEAST_SHARE)[:MOST_ROWS]
        room = self._room
        shown = [(row.choice, row.drawn(hit.places, with_note=row.width <= room)) for hit, row in hits]
        if self._free is not None and self._free(typed) and all(row.choice.value != typed for _, row in hits):
            as_typed = Choice(typed, typed, "as typed")
            shown.append((as_typed, Row(as_typed).drawn()))
        if not shown and (typed or self._free is None):
            self._by_row = {}
            nothing = "No matches." if typed else "Nothing here yet."
            self._set_options([Option(Content.styled(nothing, "dim"), disabled=True)])
            return
        self._fill(shown, with_groups=not typed)
        wanted = chosen.value if chosen is not None else None if typed else self._current
        rows = (row for row, choice in self._by_row.items() if choice.value == wanted)
        self.rows.highlighted = next(rows, next(iter(self._by_row), None))

    def _fill(self, shown: Sequence[tuple[Choice, Content]], *, with_groups: bool) -> None:
        """Show these rows, each group below its heading."""
        self._by_row, options, group = {}, list[Option](), ""
        for choice, row in shown:
            if with_groups and choice.group != group:
                group = choice.group
                options.append(Option(Content.styled(group, "bold"), disabled=True))
            self._by_row[len(options)] = choice
            options.append(Option(row))
        self._set_options(options)

    def _set_options(self, options: list[Option]) -> None:
        """Show these rows; the search line stays where it is, however few they are."""
        self.rows.set_options(options)
        self._most = max(self._most, len(options))
        highest = max(0, self.app.size.height * _LIST_PERCENT // 100 - _LIST_PADDING)
        self.query_one(".hint").styles.margin = (0, 0, min(self._most, highest) - min(len(options), highest), 0)

    @property
    def _chosen(self) -> Choice | None:
        return None if self.rows.highlighted is None else self._by_row.get(self.rows.highlighted)

    @on(Input.Changed)
    def narrow(self) -> None:
        # Not after it was closed, while its widgets are removed.
        if self in self.app.screen_stack:
            self._show()

    def action_choose(self) -> None:
        """Close with the highlighted row."""
        if (choice := self._chosen) is not None:
            self.dismiss(choice.value)

    async def action_favourite(self) -> None:
        """Mark the highlighted row as a favourite, or take the mark away."""
        if self._favourite is not None and (choice := self._chosen) is not None:
            self._read(await self._favourite(choice.value))
            self._show(choice)

    def action_move(self, how: str) -> None:
        """Move the highlight; the focus stays in the search line."""
        getattr(self.rows, f"action_{how}")()

    @on(OptionList.OptionHighlighted)
    def moved(self, event: OptionList.OptionHighlighted) -> None:
        choice = self._by_row.get(event.option_index)
        if self._highlighted is not None and choice is not None and self.is_current:
            self._highlighted(choice.value)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        # A click may be handled after a key that has narrowed the list.
        choice = self._by_row.get(event.option_index)
        if event.option in self.rows.options and choice is not None:
            self.dismiss(choice.value)
