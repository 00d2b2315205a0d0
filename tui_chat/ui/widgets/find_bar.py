"""The line to search the conversation in. Posts what to search for; does not search."""

from dataclasses import dataclass

from textual.message import Message
from textual.widgets import Input

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope


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
        self.display = False

    def open(self, text: str = "") -> None:
        """Show the line and focus it."""
        self.display = True
        self.value = text
        self.focus()

    def action_close(self, keep: bool) -> None:
        """Close; with `keep` the matches stay highlighted for the next and previous keys."""
        self.display = False
        self.post_message(self.Closed(keep))
