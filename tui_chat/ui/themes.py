"""The program's own colours, one set for dark terminals and one for light ones."""

from collections.abc import Mapping
from dataclasses import replace

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui_chat.rendering.contrast import faded
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


def _sixteen(name: str, highlight: str) -> Theme:
    """Return a theme of Textual's with our accent, which can be read on a highlighted row."""
    theme = BUILTIN_THEMES[name]
    row = {"block-cursor-background": highlight, "block-cursor-foreground": "ansi_black"}
    return replace(theme, accent="ansi_magenta", variables={**theme.variables, **row})


SIXTEEN = (_sixteen("ansi-dark", "ansi_white"), _sixteen("ansi-light", "ansi_bright_cyan"))
"""For terminals with no more colours; the accent is the one that the conversation has there."""

_HIGHLIGHT = {True: 0.2, False: 0.13}
"""Share of the accent in the background of a highlighted row of dark and light themes, as in the style sheets."""
_DIM_TEXTS = (("foreground-muted", 0.36), ("foreground-disabled", 0.5))
"""Text colours, and how much of the background is in them at most."""


def theme_names() -> list[str]:
    return sorted({DARK.name, LIGHT.name, *BUILTIN_THEMES})


def legible(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables with the dim text colours raised to what can be read, also on a highlighted row."""
    text = Color.parse(variables["foreground"])
    if text.ansi is not None:
        return dict(variables)
    surface = Color.parse(variables["surface"])
    row = surface.blend(Color.parse(variables["accent"]), _HIGHLIGHT[surface.brightness < text.brightness])
    dim = {name: faded(text, row, share).hex for name, share in _DIM_TEXTS}
    return {**variables, **dim, "text-disabled": dim["foreground-muted"]}
