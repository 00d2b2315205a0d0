"""The program with a fault of its own: what is named as first argument fails, with words that must not be shown."""

import sys
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Never

from tui_chat.cli.main import main

PROMPT, KEY = "slow zebra-that-was-sent", "sk-ant-canary-of-a-crash"


class Shown(Exception):
    """A fault that knows how to show itself."""

    def __rich__(self) -> str:
        return str(self)


def fails(kind: type[Exception] = ValueError) -> Callable[..., Any]:
    """Something that fails."""

    def failing(*_: object, **__: object) -> Never:
        prompt, key = PROMPT, KEY
        raise kind(f"{prompt} {key}")

    return failing


def break_it(place: str) -> None:
    """Have that fail when the key that finds is pressed."""
    from tui_chat.ui.chat.find_actions import FindActions
    from tui_chat.ui.chat.screen import ChatScreen
    from tui_chat.ui.dialogs.help import HelpScreen
    from tui_chat.ui.terminal.input_decoder import InputDecoder
    from tui_chat.ui.widgets.status_footer import StatusFooter

    def draw(screen: ChatScreen) -> None:
        StatusFooter.render_line = fails()
        screen.status.refresh()

    acts: dict[str, Callable[[ChatScreen], object]] = {
        "a key": fails(),
        "a fault that shows itself": fails(Shown),
        "a screen": lambda screen: screen.app.run_action("help"),
        "drawing": draw,
        "a timer": lambda screen: screen.set_timer(0.01, fails()) and None,
        "a worker": lambda screen: screen.app.run_worker(_failing_later()) and None,
        "reading keys": lambda screen: None,
    }
    act, take = acts[place], InputDecoder.take

    async def open_find(actions: FindActions, text: str = "") -> None:
        if isawaitable(done := act(actions._chat)):
            await done

    FindActions.open = open_find
    if place == "a screen":
        HelpScreen.compose = fails()
    if place == "reading keys":
        InputDecoder.take = lambda self, data: fails()() if b"\x06" in data else take(self, data)


async def _failing_later() -> None:
    fails()()


if __name__ == "__main__":
    break_it(sys.argv.pop(1))
    main()
