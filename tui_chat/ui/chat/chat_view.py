"""The part of `ChatScreen` that its action objects use; a test may pass a fake."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from textual.app import App
from textual.notifications import SeverityLevel
from textual.timer import Timer
from textual.worker import Worker

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.service.chat import ChatService
from tui_chat.service.reply import Reply
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.prompt_queue import PromptQueue
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.startup.home_panel import HomePanel
from tui_chat.ui.terminal.pictures import Pictures
from tui_chat.ui.widgets.approval_bar import ApprovalBar
from tui_chat.ui.widgets.editing_banner import EditingBanner
from tui_chat.ui.widgets.find_bar import FindBar, FindRow
from tui_chat.ui.widgets.forked_from_bar import ForkedFromBar
from tui_chat.ui.widgets.notice_line import NoticeLine
from tui_chat.ui.widgets.outline import Outline
from tui_chat.ui.widgets.prompt_box import PromptBox
from tui_chat.ui.widgets.queue_bar import QueueBar
from tui_chat.ui.widgets.status_footer import StatusFooter
from tui_chat.ui.widgets.suggestion_list import SuggestionList


class ChatView(Protocol):
    """One conversation on the screen, its widgets, and what is needed to change it."""

    context: AppContext
    service: ChatService
    keys: Keyboard
    queue: PromptQueue
    conversation: Conversation
    pictures: Pictures

    @property
    def app(self) -> App[Any]: ...
    @property
    def pane(self) -> ConversationPane: ...
    @property
    def prompt(self) -> PromptBox: ...
    @property
    def status(self) -> StatusFooter: ...
    @property
    def queue_bar(self) -> QueueBar: ...
    @property
    def approval_bar(self) -> ApprovalBar: ...
    @property
    def editing_banner(self) -> EditingBanner: ...
    @property
    def find_bar(self) -> FindBar: ...
    @property
    def find_row(self) -> FindRow: ...
    @property
    def notice_line(self) -> NoticeLine: ...
    @property
    def forked_from_bar(self) -> ForkedFromBar: ...
    @property
    def outline(self) -> Outline: ...
    @property
    def home_panel(self) -> HomePanel: ...
    @property
    def suggestions(self) -> SuggestionList: ...
    @property
    def live_reply(self) -> Reply | None:
        """The reply that streams into this conversation."""
        ...

    @property
    def profile(self) -> str:
        """The name of the profile that the conversation has; empty if it has none."""
        ...

    async def open(self, conversation: Conversation, *, at: str | None = ..., find: Sequence[str] = ...) -> None: ...

    async def wait_until_open(self) -> None:
        """Return when the conversation that is being opened is open."""
        ...

    async def return_to(self, conversation: Conversation) -> None:
        """Show a conversation again if another one is shown by now."""
        ...

    def show_path(self, *, at: str | None = ...) -> None:
        """Draw the branch that is shown."""
        ...

    def show_left_out(self, conversation: Conversation) -> None: ...

    def show_mode(self) -> None:
        """Show whether letters are commands."""
        ...

    def show_facts(self) -> None:
        """Show title, model, context and cost of the conversation."""
        ...

    def show_window_title(self) -> None:
        """Set the terminal's title."""
        ...

    async def start_reply(self, starting: Awaitable[Reply]) -> bool:
        """Start a reply and show it. Return whether it could be started."""
        ...

    def follow(self, reply: Reply | None) -> None:
        """Show this reply as it streams, and no other."""
        ...

    def notify(self, message: str, *, severity: SeverityLevel = ..., timeout: float | None = ...) -> None: ...
    def notify_warning(self, sentence: str) -> None: ...
    def notify_error(self, error: ChatError) -> None: ...
    async def run_action(self, action: str) -> None: ...
    def set_timer(self, delay: float, callback: Callable[[], object]) -> Timer: ...
    def call_later(self, callback: Callable[[], Any]) -> bool: ...
    def run_worker(
        self,
        work: Callable[[], Any],
        *,
        group: str = ...,
        exclusive: bool = ...,
        exit_on_error: bool = ...,
        thread: bool = ...,
    ) -> Worker[Any]: ...
