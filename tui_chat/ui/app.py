"""The app: makes screens, sets the theme, holds the global keys, and leaves in good order. Nothing else."""

import asyncio
import os
import signal
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from tui_chat.ui.bench import Bench
from tui_chat.ui.commands import COMMANDS, Call, Command
from tui_chat.ui.keys import KeyNames, Scope, bindings
from tui_chat.ui.screens.chat import ChatScreen
from tui_chat.ui.screens.help import HelpScreen

AUTO = "auto"
_DARK, _LIGHT = "textual-dark", "textual-light"


class ChatApp(App[int]):
    """tui-chat on the screen."""

    TITLE = "tui-chat"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.APP)]

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._keys = KeyNames(bench.settings.keys)
        self.set_keymap({action: ",".join(keys) for action, keys in bench.settings.keys.items()})
        wanted = bench.settings.ui.theme
        if wanted in self.available_themes:
            self.theme = wanted
        elif wanted == AUTO:
            self.theme = _LIGHT if _is_light(os.environ.get("COLORFGBG", "")) else _DARK

    def on_mount(self) -> None:
        """Show the first conversation, then load what the first prompt needs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.leave, 128 + number)
        self.push_screen(ChatScreen(self._bench))
        self.call_after_refresh(self.run_worker, self._bench.warm_up(), exit_on_error=False)

    def leave(self, code: int = 0) -> None:
        """Quit; replies in flight are stopped and kept by whoever runs the app."""
        self.exit(code, return_code=code)

    async def action_quit(self) -> None:
        """Quit at once; nothing is lost."""
        self.leave()

    async def action_interrupt(self) -> None:
        """Let the screen decide what there is to stop."""
        chat = self._chat
        if chat is self.screen:
            await chat.action_interrupt()
        else:
            self.screen.dismiss(None)

    def action_help(self) -> None:
        """Every key, those of the place one stands at first."""
        if not isinstance(self.screen, HelpScreen):
            reading = self._chat.pane.has_focus
            self.push_screen(HelpScreen(self._keys, Scope.PANE if reading else Scope.PROMPT))

    @property
    def _chat(self) -> ChatScreen:
        return next(screen for screen in self.screen_stack if isinstance(screen, ChatScreen))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command, with its key beside it."""
        for command in COMMANDS:
            key = self._keys(command.key_id)
            title = f"{command.help[:1].upper()}{command.help[1:]}"
            yield SystemCommand(title, f"/{command.name}{f'  {key}' if key else ''}", partial(self._run, command))

    def _run(self, command: Command) -> None:
        chat = self._chat
        chat.run_worker(chat.run_call(Call(command, "")), exit_on_error=False)


def _is_light(colours: str) -> bool:
    """Whether a terminal says that its background is light; few do, as `foreground;background`."""
    ground = colours.rpartition(";")[2]
    return ground.isdigit() and int(ground) in (7, 15)
