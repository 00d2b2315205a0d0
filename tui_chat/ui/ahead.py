"""Loads in a thread, once the app is on the screen, what was left out to have it there sooner."""

from importlib import import_module

_LATER = (
    "tui_chat.rendering.markdown",
    "tui_chat.service.transfer",
    "tui_chat.ui.screens.help",
    "tui_chat.ui.screens.library",
    "tui_chat.ui.screens.pick",
    "tui_chat.ui.screens.tree",
    "tui_chat.ui.screens.usage",
)


def load_ahead() -> None:
    """Have at hand what somebody may want next."""
    for name in _LATER:
        import_module(name)
