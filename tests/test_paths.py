"""Where files live."""

from pathlib import Path

import pytest

from tui_chat import paths


def test_every_folder_is_the_programs_own_and_below_the_home(empty_home: Path) -> None:
    for folder in (paths.data_dir(), paths.config_file(), paths.log_dir(), paths.cache_dir()):
        assert folder.is_relative_to(empty_home)
        assert "tui-chat" in folder.parts
    assert paths.config_file().name == "config.toml"


def test_variables_move_the_data_and_the_settings(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    monkeypatch.setenv("TUI_CHAT_DATA_DIR", "~/elsewhere")
    monkeypatch.setenv("TUI_CHAT_CONFIG", "mine.toml")
    assert paths.data_dir() == empty_home / "elsewhere"
    assert paths.config_file() == Path.cwd() / "mine.toml"


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    monkeypatch.setenv("TUI_CHAT_DATA_DIR", " ")
    assert paths.data_dir().is_relative_to(empty_home)
