"""A temporary conversation: a second chat screen over a store in memory. Leaving it returns to the saved ones."""

from collections.abc import Awaitable, Callable

from textual.screen import Screen

from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.press_again import PressAgain

CONFIRM_WITHIN_S = 10.0
"""How long leaving a temporary conversation waits to be repeated."""
_DISCARDS = "Leaving discards this temporary conversation. Repeat it to leave; /export FILE keeps a copy."


class TemporaryActions:
    def __init__(
        self, chat: ChatView, saved: ChatView | None, screen_of: Callable[[AppContext], Screen[None]]
    ) -> None:
        """`saved` is the screen below a temporary conversation; `screen_of` makes the screen of one."""
        self._chat = chat
        self._saved = saved
        self._screen_of = screen_of
        self._is_opening = False
        self._again = PressAgain(CONFIRM_WITHIN_S)

    @property
    def window_title(self) -> str:
        """The terminal's title of a temporary conversation: none of its words."""
        return "Temporary conversation" if self._chat.context.is_temporary else ""

    async def toggle(self) -> None:
        """Open a temporary conversation, or leave this one."""
        if self._saved is not None:
            await self.leave()
        elif (build := self._chat.context.open_temporary) is None:
            self._chat.notify("Nothing is saved in this run: it was started with --temp.")
        elif not self._is_opening:
            self._is_opening = True
            try:
                await self._chat.app.push_screen(self._screen_of(await build()))
            finally:
                self._is_opening = False

    def leaving_first(self, action: str, otherwise: Callable[[], object]) -> Callable[[], object]:
        """Return what runs an action among the saved conversations; `otherwise` where there are none below."""

        async def leave() -> None:
            await self.leave(action)

        return otherwise if self._saved is None else leave

    async def leave(self, action: str = "") -> None:
        """Return to the saved conversations and run an action there; asks first if anything would be lost."""
        chat, saved = self._chat, self._saved
        if saved is None:
            return
        if (chat.conversation.turns or chat.prompt.draft) and not self._again.confirms("leave"):
            chat.notify(_DISCARDS, severity="warning", timeout=CONFIRM_WITHIN_S)
            return
        removal: Awaitable[None] = chat.app.pop_screen()

        async def close() -> None:
            await removal
            await chat.context.close()
            saved.pictures.send_again()  # both screens number their images from one

        saved.run_worker(close, group="temporary", exit_on_error=False)
        saved.show_window_title()
        if action:
            await saved.run_action(action)
