"""Asks what is to be done or gone to, and has it done by whoever can. Knows no conversation and no service."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tui_chat.ui.commands.slash_commands import COMMANDS_BY_NAME, Call, Command
from tui_chat.ui.keymap import KEYS, Key
from tui_chat.ui.picker import Choice, Picker

_OWN_WORDS = ("title", "system")
_NEEDS_WORDS = (*_OWN_WORDS, "options", "export")


@dataclass(frozen=True, slots=True)
class PaletteActions:
    """What a screen lends, so that a row can be done."""

    ask: Callable[[Picker, Callable[[str | None], Awaitable[None]]], object]
    act: Callable[[Key], Awaitable[None]]
    call: Callable[[Call], Awaitable[None]]
    go_to: Callable[[str], Awaitable[None]]
    """To a turn of this conversation."""
    open: Callable[[str], Awaitable[None]]
    """Another conversation."""
    offers: Callable[[str], Sequence[Choice]]
    """What may stand behind a command's name."""


class Palette:
    """Everything by a few letters."""

    def __init__(self, ways: PaletteActions) -> None:
        self._ways = ways

    def ask(self, rows: Sequence[Choice]) -> None:
        """Let somebody choose, and do it."""

        async def chosen(row: str | None) -> None:
            if row is not None:
                await self._do(row)

        self._ways.ask(Picker("Do or go to", rows), chosen)

    async def _do(self, row: str) -> None:
        kind, _, what = row.partition(":")
        match kind:
            case "open":
                await self._ways.open(what)
            case "turn":
                await self._ways.go_to(what)
            case "command":
                await self._call(COMMANDS_BY_NAME[what])
            case _:
                await self._ways.act(next(key for key in KEYS if key.id == what))

    async def _call(self, command: Command) -> None:
        """Run a command, asking first for what it cannot do without."""

        async def chosen(words: str | None) -> None:
            if words is not None:
                await self._ways.call(Call(command, words))

        if command.name in _NEEDS_WORDS:
            offers = () if command.name in _OWN_WORDS else self._ways.offers(command.name)
            takes = command.takes.strip("[]").capitalize()
            self._ways.ask(Picker(command.help.capitalize(), offers, free=bool, asks=takes), chosen)
        else:
            await self._ways.call(Call(command, ""))
