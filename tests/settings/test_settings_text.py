"""What `config show` and `config init` print."""

import re
import tomllib
from pathlib import Path

import pytest

from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.load import load_settings
from tui_chat.settings.settings_text import rows, starter_file
from tui_chat.settings.values import (
    ChatSettings,
    PriceSettings,
    Profile,
    ProviderSettings,
    Settings,
    UiSettings,
    setting_fields,
)

SECRET = "canary-0123456789-canary-abcd"


def shown(text: str, tmp_path: Path, **environ: str) -> dict[str, tuple[str, str]]:
    file = tmp_path / "config.toml"
    file.write_text(text)
    settings = load_settings(environ=environ, file=file)
    return {row.name: (row.value, row.origin) for row in rows(settings, KeyRing(settings, environ))}


def test_every_row_shows_where_its_value_came_from(tmp_path: Path) -> None:
    found = shown('[ui]\nmeasure = 90\n[keys]\n"a" = false\n', tmp_path, OPENAI_BASE_URL="http://x/v1")
    assert found["ui.measure"] == ("90", f"{tmp_path}/config.toml:2")
    assert found["ui.enter_sends"] == ("true", "default")
    assert found["providers.openai.base_url"] == ("http://x/v1", "OPENAI_BASE_URL")
    assert found["keys.a"] == ("none", f"{tmp_path}/config.toml:4")
    assert found["default_model"] == ("demo/tour", "no key was found")


def test_no_row_holds_a_secret(tmp_path: Path) -> None:
    text = (
        f'[providers.work]\nbase_url = "https://me:{SECRET}@llm/v1"\napi_key_cmd = "echo {SECRET}"\n'
        f'headers = {{ "X-Key" = "{SECRET}" }}\n'
    )
    found = shown(text, tmp_path, OPENAI_API_KEY=SECRET, GROQ_API_KEY=f"{SECRET} “")
    assert SECRET not in str(found)
    assert found["providers.openai.api_key"] == ("…abcd", "OPENAI_API_KEY")
    assert found["providers.work.base_url"][0] == "https://…@llm/v1"
    assert found["providers.work.headers"][0] == "X-Key: …"
    assert found["providers.work.api_key_cmd"][0] == "echo …"
    assert found["providers.groq.api_key"][0] == "… (no usable key)"


@pytest.mark.parametrize(
    ("url", "row"),
    [
        (f"https://llm/v1?api_key={SECRET}&region=eu", "https://llm/v1?api_key=…&region=…"),
        (f"https://me:{SECRET}@llm/v1?{SECRET}#{SECRET}", "https://…@llm/v1?…#…"),
        (f"llm:8080/v1?key={SECRET}", "llm:8080/v1?key=…"),
        (f"https://[{SECRET}@llm?x=1", "…"),
    ],
)
def test_a_key_in_the_query_of_an_address_is_masked(url: str, row: str, tmp_path: Path) -> None:
    assert shown(f'[providers.work]\nbase_url = "{url}"\n', tmp_path)["providers.work.base_url"][0] == row


def test_the_starter_file_changes_nothing_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(starter_file())
    settings = load_settings(environ={}, file=file)
    assert settings.problems == ()
    assert settings.origins == {}


def test_the_starter_file_without_its_marks_is_right_and_shows_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(re.sub(r"^#(?! )", "", starter_file(), flags=re.MULTILINE))
    settings = load_settings(environ={}, file=file)
    assert settings.problems == ()
    assert settings.ui == UiSettings()
    assert settings.chat == ChatSettings()
    assert settings.providers["work"].models == ("large", "small")
    assert settings.profiles["review"].options.max_tokens == 8000
    assert settings.prices["work/large"].price is not None


def test_the_starter_file_names_every_setting() -> None:
    tree = tomllib.loads(re.sub(r"^#(?! )", "", starter_file(), flags=re.MULTILINE))
    assert setting_fields(Settings).keys() <= tree.keys()
    for table, kind in ((tree["ui"], UiSettings), (tree["chat"], ChatSettings)):
        assert table.keys() == setting_fields(kind).keys()
    for table, kind in (("providers", ProviderSettings), ("profiles", Profile), ("prices", PriceSettings)):
        assert next(iter(tree[table].values())).keys() == setting_fields(kind).keys()
