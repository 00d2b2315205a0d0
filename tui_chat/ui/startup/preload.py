"""Loads in a thread, once the app is on the screen, what was left out to have it there sooner."""

from importlib import import_module

_LATER = (
    "tui_chat.rendering.markdown",
    "tui_chat.service.import_export",
    "tui_chat.ui.dialogs.help",
    "tui_chat.ui.library.screen",
    "tui_chat.ui.dialogs.tree",
    "tui_chat.ui.dialogs.usage",
)


def load_ahead() -> None:
    """Have at hand what somebody may want next."""
    for name in _LATER:
        import_module(name)
