"""The table of settings against the program that is to obey them."""

import ast
from functools import cache
from pathlib import Path

import tui_chat
from tui_chat.settings.values import (
    ChatSettings,
    PriceSettings,
    Profile,
    ProviderSettings,
    Settings,
    UiSettings,
    setting_fields,
)


@cache
def attributes_read() -> set[str]:
    """Return the name of every attribute that the program reads."""
    return {
        node.attr
        for file in Path(tui_chat.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def test_every_setting_is_read() -> None:
    for kind in (Settings, UiSettings, ChatSettings, ProviderSettings, Profile, PriceSettings):
        assert setting_fields(kind).keys() <= attributes_read()
