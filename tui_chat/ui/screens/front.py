"""What is seen until the program below is there: an empty conversation, and what is typed meanwhile. Does nothing."""

from datetime import UTC, datetime

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from tui_chat.core.conversation import Conversation
from tui_chat.ui.bench import Late
from tui_chat.ui.completing import Completing
from tui_chat.ui.invitation import invitation
from tui_chat.ui.keyboard import Keyboard
from tui_chat.ui.widgets.conversation_pane import ConversationPane
from tui_chat.ui.widgets.prompt_box import PromptBox
from tui_chat.ui.widgets.status_footer import StatusFooter


class FrontScreen(Screen[None]):
    """Looks as the chat will look."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "PromptBox"

    class Painted(Message):
        """It can be seen."""

    def __init__(self, late: Late, keys: Keyboard) -> None:
        super().__init__()
        self._late = late
        self._keys = keys

    def compose(self) -> ComposeResult:
        """What the chat shows of itself when nothing has been said."""
        ui = self._late.settings.ui
        yield ConversationPane(lambda turn: None, self._keys, ui)
        yield PromptBox({}, Completing({}), enter_sends=ui.enter_sends)
        yield StatusFooter(costs=ui.costs)

    def on_mount(self) -> None:
        """Say what the chat will say."""
        now = datetime.now(UTC)
        model = self._late.model
        if self._late.is_blank:
            self.query_one(ConversationPane).invite(*invitation(self._keys, model, ()))
        self.query_one(StatusFooter).show_conversation(Conversation("", now, now, model=model))
        self.call_after_refresh(self.post_message, self.Painted())
