"""The title of the conversation that this one was forked from, in one line above it."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.messages import ActionRequested


class ForkedFromBar(Widget):
    """One line; hidden over a conversation that was not forked."""

    source: reactive[str] = reactive("", layout=True)
    """The title of the conversation that this one was forked from."""

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        self._keys = keys

    def watch_source(self, source: str) -> None:
        self.display = bool(source)

    def on_click(self) -> None:
        self.post_message(ActionRequested("screen.origin"))

    def render(self) -> Content:
        """Return the title, shortened to the width, and the key."""
        key = self._keys("branch.origin")
        hint = Content.styled(f"  {key} go to original" if key else "", "$foreground-disabled")
        head = Content.styled("forked from  ", "$text-accent")
        room = max(self.size.width - head.cell_length - hint.cell_length, 8)
        return (
            head + Content.styled(clean_line(self.source), "$foreground-muted").truncate(room, ellipsis=True) + hint
        )
