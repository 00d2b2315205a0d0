"""Facts for the startup screen while the services are loaded. Must not know them."""

from typing import TYPE_CHECKING, NamedTuple

from tui_chat.settings.values import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui_chat.ui.app_context import AppContext


class PendingContext(NamedTuple):
    settings: Settings
    model: str
    """The model of the first prompt, most likely."""
    is_blank: bool
    """Whether the app opens with a new conversation."""
    context: "Callable[[], Awaitable[AppContext]]"
    """Builds the services, or raises."""
    is_temporary: bool = False
    """Whether nothing will be kept."""
