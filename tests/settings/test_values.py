"""The table of settings against the program that is to obey them."""

import ast
from pathlib import Path

import pytest

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

_READ = {
    node.attr
    for file in Path(tui_chat.__file__).parent.rglob("*.py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
}


@pytest.mark.parametrize("kind", [Settings, UiSettings, ChatSettings, ProviderSettings, Profile, PriceSettings])
def test_every_setting_is_read(kind: type) -> None:
    assert setting_fields(kind).keys() <= _READ
