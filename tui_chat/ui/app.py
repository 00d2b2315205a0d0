"""The app: makes screens, sets the theme, holds the global keys, and leaves in good order. Nothing else."""

import asyncio
import signal
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from tui_chat.ui.bench import Bench
from tui_chat.ui.keys import Scope, bindings
from tui_chat.ui.screens.chat import ChatScreen


class ChatApp(App[int]):
    """tui-chat on the screen."""

    TITLE = "tui-chat"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.APP)]

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.set_keymap({action: ",".join(keys) for action, keys in bench.settings.keys.items()})

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
