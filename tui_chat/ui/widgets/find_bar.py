"""The line in which a search of the conversation is written. Tells what is looked for; finds nothing itself."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FindBar(Input):
    """Hidden until it is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down,ctrl+n", "next(1)", show=False),
        Binding("up,ctrl+p", "next(-1)", show=False, priority=True),
    ]

    class Left(Message):
        """The search is over; `keep` leaves its hits lit."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Stepped(Message):
        """The next hit is wanted, or the one before."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(placeholder="Find", compact=True)
        self.cursor_blink = False
        self.display = False

    def open(self, text: str = "") -> None:
        """Be there to be written in."""
        self.display = True
        self.value = text
        self.focus()

    def action_leave(self) -> None:
        """Over, and nothing stays lit."""
        self.display = False
        self.post_message(self.Left(keep=False))

    def action_next(self, by: int) -> None:
        """One hit on."""
        self.post_message(self.Stepped(by))

    async def action_submit(self) -> None:
        """Over; the hits stay lit for n and N."""
        self.display = False
        self.post_message(self.Left(keep=True))
