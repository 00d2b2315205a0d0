"""The line to search the conversation in. Posts what to search for; does not search."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one
from textual.message import Message
from textual.widgets import Input, Static

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_line
from tui_chat.ui.keymap import Scope

_LEAST_INPUT = 30
"""Cells that the label and the search text keep."""


class FindRow(Horizontal):
    """The search line between its label, and the number of the match and the keys."""

    bar = query_one("FindBar", Input)
    count = query_one("#find-count", Static)

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        self._keys = keys
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static("Find  ", id="find-label")
        yield FindBar(self._keys)
        yield Static("", id="find-count", markup=False)

    def show_count(self, current: int, total: int) -> None:
        """Show which match of how many is selected."""
        found = f"{current} of {total}" if total else "no matches" if self.bar.value else ""
        hint = hint_line(self._keys, "find.next", "find.previous", "find.accept", "find.close")
        short = hint_line(self._keys, "find.next", "find.close")
        room = self.size.width - _LEAST_INPUT - len(found)
        shown = next((line for line in (hint, short) if len(line) <= room), "")
        self.count.update("   ".join(filter(None, (found, shown))))


class FindBar(Input):
    """Hidden until it is opened."""

    @dataclass
    class Closed(Message):
        """The find bar was closed; `keep` leaves the matches highlighted."""

        keep: bool

    def __init__(self, keys: Keyboard) -> None:
        super().__init__(placeholder="Find", compact=True)
        keys.bind(self, Scope.FIND, Input.BINDINGS)
        self.cursor_blink = False

    def open(self, text: str = "") -> None:
        """Show the row and focus the line."""
        self._show_row(True)
        self.value = text
        self.focus()

    def action_close(self, keep: bool) -> None:
        """Close; with `keep` the matches stay highlighted for the next and previous keys."""
        self._show_row(False)
        self.post_message(self.Closed(keep))

    @property
    def is_open(self) -> bool:
        return isinstance(self.parent, FindRow) and self.parent.display

    def _show_row(self, is_shown: bool) -> None:
        if isinstance(self.parent, FindRow):
            self.parent.display = is_shown
            if is_shown:
                self.parent.show_count(0, 0)
