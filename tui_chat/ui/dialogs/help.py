"""Every key and every command, those of the place one stands at first, to be searched."""

from itertools import zip_longest
from textwrap import wrap
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui_chat.ui.commands.slash_commands import COMMANDS
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Scope


class HelpScreen(ModalScreen[None]):
    """Reads the table of keys; nothing is written down twice."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", show=False, priority=True),
        Binding("down", "scroll(1)", show=False, priority=True),
        Binding("up", "scroll(-1)", show=False, priority=True),
        Binding("pagedown", "scroll(12)", show=False, priority=True),
        Binding("pageup", "scroll(-12)", show=False, priority=True),
    ]

    box = query_one(Input)
    page = query_one("#keys", Static)

    def __init__(self, names: Keyboard, first: Scope, words: str = "") -> None:
        """`words` are searched for to begin with."""
        super().__init__()
        self._words = words
        self._names = names
        self._first = first

    def compose(self) -> ComposeResult:
        """A title, a line to search in, the keys."""
        yield Static("Keys and commands", markup=False, classes="title")
        yield Input(self._words, placeholder="Type to search", compact=True)
        with VerticalScroll(can_focus=False):
            yield Static("", id="keys", markup=False)
        yield Static("↑ ↓ scroll · Esc leaves · [keys] in the settings changes them", markup=False, classes="hint")

    def on_mount(self) -> None:
        """All of them."""
        self.box.cursor_blink = False
        self.box.focus()
        self.search()

    def on_resize(self) -> None:
        """What does not fit into a line goes on under itself."""
        self.call_after_refresh(self.search)

    @on(Input.Changed)
    def search(self) -> None:
        """Only what has every word."""
        wanted = self.box.value.lower().split()
        scopes = sorted(Scope, key=lambda scope: scope is not self._first)
        tables = [
            (
                scope.value,
                [(self._names.all_of(key.id) or "no key", key.help, key.id) for key in KEYS if key.scope is scope],
            )
            for scope in scopes
        ]
        commands = [(f"/{command.name} {command.takes}".rstrip(), command.help, "") for command in COMMANDS]
        tables.append(("commands, at the beginning of the prompt", commands))
        cells = self.page.container_size.width
        longest = max(len(name) for _, rows in tables for name, *_ in rows)
        behind = min(longest + 2, max(_NARROW, cells // 4))
        room = max(20, cells - behind - 1)
        blocks = [_block(title, rows, wanted, (behind, room)) for title, rows in tables]
        found = [block for block in blocks if block is not None]
        self.page.update(Content("\n\n").join(found) if found else Content("Nothing has all of these words."))

    def action_scroll(self, rows: int) -> None:
        """Move the page while the search keeps the keys."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


Row = tuple[str, str, str]
_NARROW = 13
"""Cells of the column of keys in a small window."""


def _gathered(keys: str, cells: int) -> list[str]:
    """Several keys for one thing, as many in a row as fit."""
    rows: list[str] = []
    for key in keys.split():
        if rows and len(rows[-1]) + len(key) < cells:
            rows[-1] += f" {key}"
        else:
            rows.append(key)
    return rows


def _block(title: str, rows: list[Row], wanted: list[str], at: tuple[int, int]) -> Content | None:
    found = [row for row in rows if all(word in " ".join((title, *row)).lower() for word in wanted)]
    if not found:
        return None
    behind, room = at
    lines = [Content.styled(title.capitalize(), "bold $text-accent")]
    for name, says, _ in found:
        keys = _gathered(name, behind - 2)
        for key, rest in zip_longest(keys, wrap(says, room), fillvalue=""):
            lines.append(Content.assemble((key.ljust(behind), "$foreground"), (rest, "dim")))
    return Content("\n").join(lines)
