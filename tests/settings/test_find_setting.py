"""Settings are found by their dotted name, and read from text as the file has them."""

import pytest

from tui_chat.core.error import SettingsError
from tui_chat.settings.find_setting import all_settings, find_setting, value_of, value_text
from tui_chat.settings.load import load_settings


def test_every_plain_setting_is_there_and_has_a_value() -> None:
    settings = load_settings(environ={})
    names = [setting.name for setting in all_settings()]
    assert {"default_model", "ui.theme", "chat.retries", "serve.port", "tools.max_usd"} <= set(names)
    assert len(set(names)) == len(names) and "tools.rules" not in names
    for setting in all_settings():
        text = value_text(value_of(settings, setting.name))
        assert not setting.choices or text in setting.choices


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ui.measure", "90", 90),
        ("ui.costs", "off", False),
        ("chat.titles", "model", "model"),
        ("serve.hosts", "a, b", ("a", "b")),
        ("providers.work.base_url", "https://llm.example.com/v1", "https://llm.example.com/v1"),
        ("profiles.review.effort", "high", "high"),
    ],
)
def test_a_text_is_read_as_its_type(name: str, text: str, value: object) -> None:
    assert find_setting(name).read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("ui.measure", "wide", "ui.measure: it wants a number"),
        ("ui.measure", "-1", "ui.measure: it wants 0 or more"),
        ("ui.costs", "perhaps", "ui.costs: it wants true or false"),
        ("chat.titles", "mine", "chat.titles: it wants prompt or model"),
    ],
)
def test_an_invalid_value_is_refused_with_what_is_expected(name: str, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        find_setting(name).read(text)
    assert error.value.message == sentence


@pytest.mark.parametrize("name", ["ui.them", "nothing", "", "ui", "profiles.a.b.model", "providers.work.url"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError):
        find_setting(name)


def test_every_plain_setting_has_a_variable_that_sets_it() -> None:
    values = {"true": "false", "false": "true"}
    for setting in all_settings():
        variable, before = setting.variables[-1], value_of(load_settings(environ={}), setting.name)
        assert variable == f"TUI_CHAT_{setting.name.upper().replace('.', '_')}"
        number = format(setting.info.least or 7, ".0f")
        text = values.get(value_text(before)) or (setting.choices[-1] if setting.choices else number)
        changed = load_settings(environ={variable: text})
        assert value_of(changed, setting.name) == setting.read(text), setting.name
        assert changed.origin(setting.name).place == variable and not changed.problems


def test_the_short_variable_of_a_setting_is_stronger() -> None:
    environ = {"TUI_CHAT_THEME": "nord", "TUI_CHAT_UI_THEME": "dracula"}
    assert load_settings(environ=environ).ui.theme == "nord"
