"""Imports modules in a thread after the first paint, so that the app starts sooner."""

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
    """Import what the user may need next."""
    for name in _LATER:
        import_module(name)
