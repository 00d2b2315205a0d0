"""Where letters are commands: the conversation and the queue, and the dialogs over them that have no text field."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from textual import events
from textual.app import App
from textual.dom import DOMNode

from tui_chat.ui.terminal.key_queue import text_box_of
from tui_chat.ui.terminal.textual_private import bindings_of

if TYPE_CHECKING:
    from tui_chat.ui.chat.chat_view import ChatView
    from tui_chat.ui.widgets.prompt_box import PromptBox

_MOVES = {
    *("scroll_line", "page", "half_page", "start", "end", "scroll", "move", "choose"),
    *("step_turn", "step_code", "step_link", "find_next", "find_previous"),
}
"""Actions that only move. `choose` with a number steps through a list."""


@runtime_checkable
class StaysOpen(Protocol):
    """A dialog that text must not close at any time, because closing it would stop something."""

    @property
    def must_stay_open(self) -> bool:
        """Whether it must stay now."""
        ...

    def note_text_below(self) -> None:
        """Show that text was written into the prompt below."""
        ...


class CommandLetters:
    """Reports to the typing guard what a letter does now, and writes text into the prompt."""

    def __init__(self, app: App[Any], find_chat: "Callable[[], ChatView | None]") -> None:
        """`find_chat` returns the conversation's screen once there is one."""
        self._app = app
        self._find_chat = find_chat

    def takes_commands(self) -> bool:
        return self._find_chat() is not None and text_box_of(self._app) is None

    def is_bound(self, key: str) -> bool:
        return bool(self._action(key))

    def only_moves(self, key: str) -> bool:
        name, bracket, _ = self._action(key).partition("(")
        return name in _MOVES and (name != "choose" or bool(bracket))

    def _action(self, key: str) -> str:
        node: DOMNode | None = self._app.focused or self._app.screen
        while node is not None:
            if bound := bindings_of(node, key):
                return bound[0].action
            node = None if node is self._app else node.parent or self._app
        return ""

    def position(self) -> Any:
        """Return what the conversation shows."""
        chat = self._find_chat()
        return None if chat is None else chat.pane.position

    def go_back(self, position: Any) -> None:
        """Show it again."""
        if (chat := self._find_chat()) is not None and position is not None:
            chat.pane.return_to(position)

    def paste(self, paste: events.Paste) -> None:
        if (prompt := self._prompt_of_chat()) is not None:
            prompt.post_message(events.Paste(paste.text))

    def write(self, text: str) -> None:
        """Put text into the prompt and focus it; a dialog without a text field is closed, unless it must stay."""
        if (prompt := self._prompt_of_chat()) is not None:
            prompt.insert(text)

    def _prompt_of_chat(self) -> "PromptBox | None":
        """Return the prompt with the focus on it and no dialog over it, except one that must stay."""
        chat = self._find_chat()
        if chat is None:
            return None
        screen = cast(object, self._app.screen)
        if isinstance(screen, StaysOpen) and screen.must_stay_open:
            screen.note_text_below()
            return chat.prompt
        if chat is not screen:
            self._app.screen.dismiss(None)
        chat.prompt.focus()
        return chat.prompt
