"""`config`: the settings file from the shell."""

import json
import stat

from tests.cli.conftest import Shell


def test_the_starter_file_is_private_and_changes_nothing(shell: Shell) -> None:
    file = shell.home / ".config" / "tui-chat" / "config.toml"
    assert shell("config", "path").out.strip() == str(file)
    before = json.loads(shell("config", "show", "--json").out)
    assert shell("config", "init").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(shell("config", "show", "--json").out) == before
    again = shell("config", "init")
    assert again.code == 3 and "--force" in again.err


def test_a_settings_file_that_cannot_be_written_is_reported(shell: Shell) -> None:
    (shell.home / "file").touch()
    done = shell("config", "init", TUI_CHAT_CONFIG=str(shell.home / "file" / "config.toml"))
    assert done.code == 3 and "cannot be written: File exists" in done.err


def test_every_value_shows_where_it_comes_from(shell: Shell) -> None:
    shown = json.loads(shell("config", "show", "--json", TUI_CHAT_MODEL="demo/tour").out)
    origins = {row["name"]: row["origin"] for row in shown["settings"]}
    assert origins["default_model"] == "TUI_CHAT_MODEL"
    assert origins["ui.theme"] == "default"


def test_a_key_is_never_shown(shell: Shell) -> None:
    key = "sk-ant-canary-0123456789-canary"
    done = shell("config", "show", ANTHROPIC_API_KEY=key)
    assert "ANTHROPIC_API_KEY" in done.out and "canary" not in done.out + done.err


def test_a_bad_file_is_reported_with_its_line_and_keeps_nothing_from_working(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text('default_modle = "demo/tour"\n[ui]\ntheme = 3\n')
    shown = json.loads(shell("--config", str(file), "config", "show", "--json").out)
    assert any("default_model" in problem and ":1" in problem for problem in shown["problems"])
    assert any(":3" in problem for problem in shown["problems"])
    assert shell("--config", str(file), "ask", "--demo", "code").code == 0


def test_an_editor_that_fails_is_reported(shell: Shell) -> None:
    done = shell("config", "edit", EDITOR="false")
    assert done.code == 3 and "false" in done.err and "Traceback" not in done.err


def test_init_over_an_existing_file_is_refused_in_its_own_words(shell: Shell) -> None:
    shell("config", "init")
    done = shell("config", "init")
    assert done.code == 3 and "exists already" in done.err and "--force" in done.err and "error" not in done.err


def test_a_setting_is_set_and_printed_and_the_comments_stay(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text("# mine\n[ui]\nmeasure = 90  # narrow\n")
    done = shell("--config", str(file), "config", "set", "ui.measure", "80")
    assert (done.code, done.out) == (0, "ui.measure = 80\n")
    assert file.read_text() == "# mine\n[ui]\nmeasure = 80  # narrow\n"
    assert shell("--config", str(file), "config", "get", "ui.measure").out == "80\n"


def test_an_invalid_setting_changes_nothing_and_reports_what_is_expected(shell: Shell) -> None:
    for words, sentence in (
        (("ui.theme", "dracla"), "there is no theme 'dracla'; did you mean dracula?"),
        (("ui.measure", "wide"), "ui.measure: it wants a number"),
        (("ui.them", "nord"), "there is no setting 'ui.them'; did you mean ui.theme?"),
    ):
        done = shell("config", "set", *words)
        assert done.code == 3 and sentence in done.err
    assert not (shell.home / ".config" / "tui-chat" / "config.toml").exists()


def test_a_variable_that_overrides_the_file_is_named(shell: Shell) -> None:
    done = shell("config", "set", "ui.measure", "80", TUI_CHAT_UI_MEASURE="70")
    assert done.code == 0 and "TUI_CHAT_UI_MEASURE in the environment overrides it" in done.err
    assert shell("config", "get", "ui.measure", TUI_CHAT_UI_MEASURE="70").out == "70\n"
