"""One of many, found by typing: prompts, models, colours. Knows nothing of what the rows stand for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A row: what it stands for, what is read, and a dim word behind."""

    value: str
    text: str
    note: str = ""


class PickScreen(ModalScreen[str | None]):
    """Ends with the value of the choice, with what was typed where that is allowed, or with nothing."""

    CSS_PATH = "overlay.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down,ctrl+n", "move('cursor_down')", show=False, priority=True),
        Binding("up,ctrl+p", "move('cursor_up')", show=False, priority=True),
        Binding("pagedown", "move('page_down')", show=False, priority=True),
        Binding("pageup", "move('page_up')", show=False, priority=True),
    ]

    box = query_one(Input)
    rows = query_one(OptionList)

    def __init__(
        self, title: str, choices: Sequence[Choice], *, current: str = "", free: Callable[[str], bool] | None = None
    ) -> None:
        """`free` tells whether what is typed may be taken although no row has it."""
        super().__init__()
        self._heading = title
        self._choices = choices
        self._current = current
        self._free = free

    def compose(self) -> ComposeResult:
        """A title, a line to type in, the rows, a hint."""
        yield Static(self._heading, markup=False, classes="title")
        yield Input(placeholder="Type to narrow it down", compact=True)
        yield OptionList(compact=True)
        yield Static("Enter takes it · ↑ ↓ move · Esc leaves", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Everything, the current one lit."""
        self.box.cursor_blink = False
        self.box.focus()
        self._show()

    def offer(self, choices: Sequence[Choice], hint: str = "") -> None:
        """There is more to choose from now."""
        self._choices = choices
        if self.is_mounted:
            self._show()
            if hint:
                self.query_one(".hint", Static).update(Content(hint))

    def _show(self) -> None:
        wanted = self.box.value.lower().split()
        found = [one for one in self._choices if all(word in f"{one.text} {one.note}".lower() for word in wanted)]
        self.rows.set_options(Option(_row(one), str(at)) for at, one in enumerate(found[:MOST_ROWS]))
        self._found = found
        values = [one.value for one in found]
        at = values.index(self._current) if not wanted and self._current in values else 0
        self.rows.highlighted = at if found else None

    @on(Input.Changed)
    def narrow(self) -> None:
        """Show those that have every word."""
        self._show()

    @on(Input.Submitted)
    def take(self) -> None:
        """Take the one that is lit, or what was typed."""
        typed = self.box.value.strip()
        if self.rows.highlighted is not None and self._found:
            self.dismiss(self._found[self.rows.highlighted].value)
        elif self._free is not None and self._free(typed):
            self.dismiss(typed)

    def action_move(self, how: str) -> None:
        """Move in the rows while typing goes on."""
        getattr(self.rows, f"action_{how}")()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Take the row."""
        self.dismiss(self._found[event.option_index].value)


def _row(choice: Choice) -> Content:
    return Content.assemble(
        clean_line(choice.text) or " ", (f"  {clean_line(choice.note)}" if choice.note else "", "dim")
    )
