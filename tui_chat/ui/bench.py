"""What the app is handed to work with, so that it need not know how the program is put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui_chat.core.conversation import Conversation
from tui_chat.service.chat import ChatService
from tui_chat.settings.values import Settings
from tui_chat.storage.store import Store


@dataclass(frozen=True, slots=True)
class Bench:
    """The program below the screen."""

    settings: Settings
    store: Store
    service: ChatService
    first: Conversation
    """What the app opens with."""
    blank: Callable[[], Conversation]
    """A new conversation with the model and prompt the settings name."""
    warm_up: Callable[[], Awaitable[None]]
    """Loads what the first prompt needs; called after the first paint."""
    notices: tuple[str, ...] = ()
    """What there is to be told at start, each a sentence."""
