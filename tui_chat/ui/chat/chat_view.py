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
    """One conversation on the screen, its widgets, and what is needed to change it; see `ChatScreen`."""

    context: AppContext
    service: ChatService
    keys: Keyboard
    queue: PromptQueue
    conversation: Conversation
    pictures: Pictures
    app: App[Any]
    pane: ConversationPane
    prompt: PromptBox
    status: StatusFooter
    queue_bar: QueueBar
    approval_bar: ApprovalBar
    editing_banner: EditingBanner
    find_bar: FindBar
    find_row: FindRow
    notice_line: NoticeLine
    forked_from_bar: ForkedFromBar
    outline: Outline
    home_panel: HomePanel
    suggestions: SuggestionList

    @property
    def live_reply(self) -> Reply | None: ...
    @property
    def profile(self) -> str: ...
    async def open(self, conversation: Conversation, *, at: str | None = ..., find: Sequence[str] = ...) -> None: ...
    async def wait_until_open(self) -> None: ...
    async def return_to(self, conversation: Conversation) -> None: ...
    def show_path(self, *, at: str | None = ...) -> None: ...
    def show_left_out(self, conversation: Conversation) -> None: ...
    def show_mode(self) -> None: ...
    def show_facts(self) -> None: ...
    def show_window_title(self) -> None: ...
    async def start_reply(self, starting: Awaitable[Reply]) -> bool: ...
    def follow(self, reply: Reply | None) -> None: ...
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
