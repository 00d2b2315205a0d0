"""`sync` where it is not set up, and where its libraries are not installed."""

import sys
from pathlib import Path

import pytest

from tui_chat.cli.context import GlobalOptions, load_context
from tui_chat.cli.sync_session import load_sync, open_session, run, stored_key
from tui_chat.core.error import SettingsError, SyncError
from tui_chat.sync.seal import SpaceKey


@pytest.mark.parametrize("library", ["psycopg", "nacl.exceptions"])
def test_missing_library_is_named_with_the_extra(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tui_chat.sync.hub", "tui_chat.sync.seal"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingsError, match="is not installed; install tui-chat with the extra `sync`"):
        load_sync()


def test_sync_that_is_not_set_up_makes_no_database(tmp_path: Path) -> None:
    async def exchange() -> None:
        async with open_session(load_context(GlobalOptions(data_dir=tmp_path))):
            pass

    with pytest.raises(SyncError) as refused:
        run(exchange())
    assert refused.value.detail == "off"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "detail"), [(["false"], "command"), (["true"], "command"), (["echo", "no key"], "bad_key")]
)
def test_key_command_that_fails_is_named(tmp_path: Path, command: list[str], detail: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f"[sync]\nkey_cmd = {command!r}\n")
    with pytest.raises(SyncError) as refused:
        stored_key(load_context(GlobalOptions(data_dir=tmp_path, config=config)))
    assert refused.value.detail == detail


def test_key_command_prints_the_key(tmp_path: Path) -> None:
    key, config = SpaceKey.new(), tmp_path / "config.toml"
    config.write_text(f'[sync]\nkey_cmd = ["echo", "{key.text}"]\n')
    assert stored_key(load_context(GlobalOptions(data_dir=tmp_path, config=config))) == key
