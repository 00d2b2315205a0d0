"""All keys and commands, those of the current scope first, with a search."""

from itertools import zip_longest
from textwrap import wrap

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui_chat.ui.commands.slash_commands import COMMANDS
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import fitted_hint, hint_content, hint_line
from tui_chat.ui.keymap import KEYS, Scope
from tui_chat.ui.widgets.dialog_width import widest_row


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    SCOPE = Scope.HELP

    box = query_one(Input)
    page = query_one("#keys", Static)

    def __init__(self, keys: Keyboard, first: Scope, words: str = "") -> None:
        """`words` are the initial search."""
        super().__init__()
        self._words = words
        self._keys = keys
        self._first = first

    def compose(self) -> ComposeResult:
        yield Static("Keys and commands", markup=False, classes="title")
        yield Input(self._words, placeholder="Type to search", compact=True)
        with VerticalScroll(can_focus=False):
            yield Static("", id="keys", markup=False)
        scroll, close = (hint_line(self._keys, step) for step in (("help.up help.down", "scroll"), "help.close"))
        hint = f"{scroll} · change keys in the settings, [keys] · {close}"
        yield Static(hint_content(fitted_hint(hint, widest_row(self.app.size.width))), classes="hint")

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.HELP)
        self._keys.bind(self.box, Scope.HELP, Input.BINDINGS)
        self.box.cursor_blink = False
        self.box.focus()
        self.search()

    def on_resize(self) -> None:
        """Wrap the lines again."""
        self.call_after_refresh(self.search)

    @on(Input.Changed)
    def search(self) -> None:
        """Show the keys and commands that have every word."""
        if self not in self.app.screen_stack:  # its widgets are being removed
            return
        wanted = self.box.value.lower().split()
        scopes = sorted(Scope, key=lambda scope: scope is not self._first)
        tables = [
            (
                scope.value,
                [(self._keys.all_of(key.id) or "no key", key.help, key.id) for key in KEYS if key.scope is scope],
            )
            for scope in scopes
        ]
        commands = [(f"/{command.name} {command.takes}".rstrip(), command.help, "") for command in COMMANDS]
        tables.append(("commands, at the start of the prompt", commands))
        cells = self.page.container_size.width or self.app.size.width * 9 // 10 - _AROUND_PAGE
        longest = max(len(name) for _, rows in tables for name, *_ in rows)
        behind = min(longest + 2, max(_NARROW, cells // 4))
        room = max(20, cells - behind - 1)
        blocks = [_block(title, rows, wanted, (behind, room)) for title, rows in tables]
        found = [block for block in blocks if block is not None]
        self.page.update(Content("\n\n").join(found) if found else Content("No matches."))

    def action_scroll(self, rows: int) -> None:
        """Scroll the page; the focus stays in the search line."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


Row = tuple[str, str, str]
_AROUND_PAGE = 5
_NARROW = 13
"""Width of the column of keys in a small window, in cells."""


def _wrapped_keys(keys: str, cells: int) -> list[str]:
    """Join the keys of an action, as many in a row as fit."""
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
    for name, help, _ in found:
        keys = _wrapped_keys(name, behind - 2)
        for key, rest in zip_longest(keys, wrap(help, room), fillvalue=""):
            lines.append(Content.assemble((key.ljust(behind), "$foreground"), (rest, "dim")))
    return Content("\n").join(lines)
