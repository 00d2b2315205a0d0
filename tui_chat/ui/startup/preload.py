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
_LANGUAGES = (
    "python",
    "bash",
    "json",
    "javascript",
    "typescript",
    "sql",
    "yaml",
    "rust",
    "go",
    "java",
    "c",
    "cpp",
    "diff",
)
"""Each takes up to 25 ms when it is first highlighted, which would hold up the frame of a streaming reply."""


def load_ahead() -> None:
    """Import what the user may need next."""
    for name in _LATER:
        import_module(name)


def load_lexers() -> None:
    """Load the lexers of the languages that replies have most often."""
    from tui_chat.rendering.incremental_lexer import lexer_for

    for language in _LANGUAGES:
        lexer_for(language)
