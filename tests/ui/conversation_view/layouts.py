"""A look for tests that need no screen."""

from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view.layout_options import LayoutOptions


def layout_options(width: int = 60) -> LayoutOptions:
    """So many cells, without a note on any turn."""
    return LayoutOptions(width, DARK, lambda turn: None, lambda action: "")
