"""The line to search the conversation in. Posts what to search for; does not search."""

from textual.message import Message
from textual.widgets import Input

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope


class FindBar(Input):
    """Hidden until it is opened."""

    class Left(Message):
        """The find bar was closed; `keep` leaves the matches highlighted."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Stepped(Message):
        """Go to the next or the previous match."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

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

    def action_leave(self) -> None:
        """Close; the highlights go."""
        self.display = False
        self.post_message(self.Left(keep=False))

    def action_next(self, by: int) -> None:
        self.post_message(self.Stepped(by))

    def action_accept(self) -> None:
        """Close; the matches stay highlighted for the next and previous keys."""
        self.display = False
        self.post_message(self.Left(keep=True))
