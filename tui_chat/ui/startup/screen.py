"""The start-up screen: an empty conversation and a prompt, shown until the services are loaded. Does nothing."""

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from tui_chat.ui.app_context import PendingContext
from tui_chat.ui.chat.welcome import invitation
from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.startup.widgets import StartupFooter, StartupPane
from tui_chat.ui.widgets.prompt_box import PromptBox


class StartupScreen(Screen[None]):
    """Looks like the chat screen."""

    AUTO_FOCUS = "PromptBox"

    class Painted(Message):
        """The screen is painted."""

    def __init__(self, late: PendingContext, keys: Keyboard) -> None:
        super().__init__()
        self._late = late
        self._keys = keys

    def compose(self) -> ComposeResult:
        late, ui = self._late, self._late.settings.ui
        yield StartupPane(invitation(self._keys, late.model, ()) if late.is_blank else (), ui.measure)
        yield PromptBox({}, Completion({}), enter_sends=ui.enter_sends)
        yield StartupFooter(late.model, self._keys("prompt.send"), "TEMPORARY" if late.is_temporary else "")

    def on_mount(self) -> None:
        self.call_after_refresh(self.post_message, self.Painted())
