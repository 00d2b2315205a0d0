"""The program's own colours, one set for dark terminals and one for light ones."""

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from tui_chat.rendering.theme_colors import DARK_COLOURS, LIGHT_COLOURS


def _theme(name: str, colours: Mapping[str, str], surface: str, panel: str) -> Theme:
    """Return a theme; `surface` is the background of dialogs, `panel` of what is above a dialog."""
    return Theme(
        name,
        primary=colours["primary"],
        secondary=colours["secondary"],
        accent=colours["accent"],
        foreground=colours["foreground"],
        background=colours["background"],
        success=colours["success"],
        warning=colours["warning"],
        error=colours["error"],
        surface=surface,
        panel=panel,
        dark=colours is DARK_COLOURS,
    )


DARK = _theme("tui-chat-dark", DARK_COLOURS, "#1c1c1c", "#262626")
LIGHT = _theme("tui-chat-light", LIGHT_COLOURS, "#ecece8", "#e0e0da")
SIXTEEN = tuple(replace(BUILTIN_THEMES[name], accent="ansi_magenta") for name in ("ansi-dark", "ansi-light"))
"""For terminals with no more colours; the accent is the one that the conversation has there."""


def theme_names() -> list[str]:
    """Return the name of every theme."""
    return sorted({DARK.name, LIGHT.name, *BUILTIN_THEMES})
