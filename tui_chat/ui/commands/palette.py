"""The command palette: pick an action, a command, a prompt or a conversation. Knows no service."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tui_chat.ui.commands.slash_commands import COMMANDS_BY_NAME, Call, Command
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Key
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice

_TAKE_TEXT = ("title", "system")
_NEED_ARGUMENT = (*_TAKE_TEXT, "options", "export")


@dataclass(frozen=True, slots=True)
class PaletteActions:
    """What the palette needs of its screen."""

    keys: Keyboard
    ask: Callable[[Picker, Callable[[str | None], Awaitable[None]]], object]
    act: Callable[[Key], Awaitable[None]]
    call: Callable[[Call], Awaitable[None]]
    go_to: Callable[[str], Awaitable[None]]
    open: Callable[[str], Awaitable[None]]
    offers: Callable[[str], Sequence[Choice]]
    """Return the suggestions for a command's argument."""
    start_template: Callable[[str], Awaitable[None]]


class CommandPalette:
    def __init__(self, actions: PaletteActions) -> None:
        self._actions = actions

    def ask(self, rows: Sequence[Choice]) -> Picker:
        """Show the palette, which runs the row that is picked, and return it."""

        async def picked(row: str | None) -> None:
            if row is not None:
                await self._do(row)

        palette = Picker(self._actions.keys, "Command palette", rows)
        self._actions.ask(palette, picked)
        return palette

    async def _do(self, row: str) -> None:
        kind, _, what = row.partition(":")
        match kind:
            case "open":
                await self._actions.open(what)
            case "turn":
                await self._actions.go_to(what)
            case "template":
                await self._actions.start_template(what)
            case "command":
                await self._call(COMMANDS_BY_NAME[what])
            case _:
                await self._actions.act(next(key for key in KEYS if key.id == what))

    async def _call(self, command: Command) -> None:
        """Run a command; ask for its argument first if it needs one."""

        async def picked(words: str | None) -> None:
            if words is not None:
                await self._actions.call(Call(command, words))

        if command.name in _NEED_ARGUMENT:
            offers = () if command.name in _TAKE_TEXT else self._actions.offers(command.name)
            takes = command.takes.strip("[]").capitalize()
            title = command.help.capitalize()
            self._actions.ask(Picker(self._actions.keys, title, offers, free=bool, placeholder=takes), picked)
        else:
            await self._actions.call(Call(command, ""))
