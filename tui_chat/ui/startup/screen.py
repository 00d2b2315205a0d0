"""The start-up screen: an empty conversation and a prompt, shown until the services are loaded. Does nothing."""

from textual.app import ComposeResult
from textual.events import Key, Paste, Resize
from textual.message import Message
from textual.screen import Screen

from tui_chat.settings.api_keys import KeyRing
from tui_chat.ui.chat.welcome import PLACEHOLDER, home_text
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.startup.home_panel import HomePanel
from tui_chat.ui.startup.pending_context import PendingContext
from tui_chat.ui.startup.prompt import StartupPrompt
from tui_chat.ui.startup.widgets import StartupFooter, StartupPane
from tui_chat.ui.widgets.left_edge import align


class StartupScreen(Screen[None]):
    """Looks like the chat screen."""

    AUTO_FOCUS = "StartupPrompt"

    class Painted(Message):
        """The screen is painted."""

    def __init__(self, late: PendingContext, keys: Keyboard) -> None:
        super().__init__()
        self._late = late
        self._keys = keys
        self._prompt = StartupPrompt(PLACEHOLDER)

    def compose(self) -> ComposeResult:
        late = self._late
        yield StartupPane(is_blank=late.is_blank)
        yield self._prompt
        if late.is_blank:
            key = KeyRing(late.settings).note(late.model)
            yield HomePanel(self._keys, home_text(self._keys, late.model, key, is_temporary=late.is_temporary))
        yield StartupFooter(late.model, self._keys("prompt.send"), "TEMPORARY" if late.is_temporary else "")

    def take(self, press: Key | Paste) -> None:
        """Show what is typed."""
        self._prompt.take(press)

    def on_resize(self, event: Resize) -> None:
        """Let prompt and footer start where the text does."""
        align((self._prompt, self.query_one(StartupFooter)), event.size.width)

    def on_mount(self) -> None:
        self.call_after_refresh(self.post_message, self.Painted())
