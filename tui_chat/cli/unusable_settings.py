"""Finds settings that only the app can judge: its themes and its keys. Imports the UI's tables, never the app."""

from collections.abc import Iterator

from tui_chat.core.fuzzy import did_you_mean
from tui_chat.settings.values import Settings


def unusable_settings(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each, with the place it comes from."""
    from tui_chat.ui.key_bindings import Keyboard
    from tui_chat.ui.themes import theme_names

    theme, names = settings.ui.theme, ("auto", *theme_names())
    if theme not in names:
        yield f"{settings.origin('ui.theme')}: there is no theme {theme!r}{did_you_mean(theme, names)}"
    for name, sentence in Keyboard(settings.keys).problems():
        yield f"{settings.origin(f'keys.{name}')}: {sentence}"
