"""`doctor`: problems and their remedies."""

import json
import sqlite3

import pytest

from tests.cli.conftest import Shell
from tui_chat.core.sync_status import SYNC_STATE
from tui_chat.storage.store import Store


def test_the_doctor_finds_everything_well_in_an_empty_home(shell: Shell) -> None:
    found = json.loads(shell("doctor", "--json", "--offline", LANG="C.UTF-8", PYTHONIOENCODING="utf-8").out)
    assert {finding["about"] for finding in found} >= {
        "settings",
        "model",
        "database",
        "demo",
        "terminal",
        "clipboard",
    }
    assert [finding for finding in found if finding["state"] == "bad"] == []
    assert any("ANTHROPIC_API_KEY" in finding["remedy"] for finding in found)


def test_what_is_wrong_has_a_remedy_and_a_bad_exit_code(shell: Shell) -> None:
    done = shell("doctor", "--offline", SSL_CERT_FILE="/nowhere/ca.pem")
    assert done.code == 1 and "SSL_CERT_FILE" in done.out and "→" in done.out


def test_the_doctor_never_shows_a_key(shell: Shell) -> None:
    key = "sk-ant-canary-0123456789-canary"
    proxy = "http://me:canary-password@127.0.0.1:9"
    done = shell("doctor", "--offline", ANTHROPIC_API_KEY=key, HTTPS_PROXY=proxy)
    assert "canary" not in done.out + done.err and "ANTHROPIC_API_KEY" in done.out


@pytest.mark.slow
def test_the_doctor_mends_the_index_after_a_backup(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    with sqlite3.connect(next(shell.home.rglob("conversations.db"))) as connection:
        connection.execute("UPDATE conversation SET turns = 99")
    assert "wrong sums" in shell("doctor", "--offline").out
    assert "kept as" in shell("doctor", "--offline", "--repair").out
    assert "wrong sums" not in shell("doctor", "--offline").out


def test_a_damaged_database_is_moved_aside_and_reported(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    database = next(shell.home.rglob("conversations.db"))
    database.write_bytes(b"junk" * 4096)
    done = shell("ask", "--demo", "table")
    assert done.code == 0 and "damaged" in done.err
    assert list(database.parent.glob("*.corrupt-*"))


def test_the_doctor_reports_an_unknown_theme_and_a_key_that_is_taken(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text('[ui]\ntheme = "dracla"\n[keys]\n"library.open" = "ctrl+n"\n')
    done = shell("--config", str(file), "doctor", "--offline")
    assert done.code == 1
    assert "did you mean dracula?" in done.out and f"{file}:2" in done.out
    assert "Ctrl+N is the key of both" in done.out


async def test_the_doctor_reports_where_sync_stands(shell: Shell) -> None:
    assert all(finding["about"] != "sync" for finding in json.loads(shell("doctor", "--json", "--offline").out))
    store = await Store.open(next(shell.home.rglob("conversations.db")))
    await store.replica.start("space", b"8 bytes.")
    await store.set_state(SYNC_STATE, {"problem": "wrong_key"})
    await store.aclose()
    findings = json.loads(shell("doctor", "--json", "--offline").out)
    (sync,) = [finding for finding in findings if finding["about"] == "sync"]
    assert "sync failed" in sync["says"] and sync["remedy"] == "`tui-chat sync status`"
