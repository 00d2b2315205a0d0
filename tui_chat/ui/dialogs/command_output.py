"""A dialog with the output of a command. Only shows it."""

from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui_chat.core.clean import clean, clean_line
from tui_chat.core.format_numbers import duration
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.widgets.dialog_width import fit_dialog

_BESIDE_COMMAND = 24
_MOST_MEASURED = 500


class CommandOutput(NamedTuple):
    command: str
    status: str
    """How it ended."""
    took_s: float
    text: str


class OutputScreen(ModalScreen[str | None]):
    """The result is `copy` or `insert`, or `None`."""

    CSS_PATH = "dialog.tcss"
    SCOPE = Scope.OUTPUT

    def __init__(self, keys: Keyboard, output: CommandOutput) -> None:
        super().__init__()
        keys.bind(self, Scope.OUTPUT)
        self._keys = keys
        self._output = output

    def compose(self) -> ComposeResult:
        output = self._output
        title = f"{clean_line(output.command)}  ·  {output.status}  ·  {duration(output.took_s)}"
        yield Static(title, markup=False, classes="title")
        with VerticalScroll(can_focus=False):
            yield Static(Content(clean(output.text) or "Nothing was printed."), markup=False)
        scroll = ("output.up output.down", "scroll")
        hint = hint_line(self._keys, "output.copy", "output.insert", scroll, "output.close")
        yield Static(hint_content(hint), classes="hint")

    def on_mount(self) -> None:
        lines = [self._output.command + " " * _BESIDE_COMMAND, *self._output.text.splitlines()[:_MOST_MEASURED]]
        fit_dialog(self, max(map(len, lines)))

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
