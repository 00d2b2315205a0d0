"""Finds settings that only the app can judge: its themes and its keys. Imports the UI's tables, never the app."""

from collections.abc import Iterator

from tui_chat.core.fuzzy import did_you_mean
from tui_chat.settings.values import Settings


def unusable_settings(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each, with the place it comes from."""
    from tui_chat.ui.key_bindings import Keyboard

    if problem := theme_problem(settings.ui.theme):
        yield f"{settings.origin('ui.theme')}: {problem}"
    for name, sentence in Keyboard(settings.keys).problems():
        yield f"{settings.origin(f'keys.{name}')}: {sentence}"


def theme_problem(theme: str) -> str:
    """Return what is wrong with a theme's name; empty if there is such a theme."""
    from tui_chat.ui.themes import theme_names

    names = ("auto", *theme_names())
    return "" if theme in names else f"there is no theme {theme!r}{did_you_mean(theme, names)}"
