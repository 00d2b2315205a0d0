"""A look for tests that need no screen."""

from tui_chat.rendering.styles import DARK
from tui_chat.ui.conversation_view.layout_options import Look


def look(width: int = 60) -> Look:
    """So many cells, nothing to say of any turn."""
    return Look(width, DARK, lambda turn: None, lambda action: "")
