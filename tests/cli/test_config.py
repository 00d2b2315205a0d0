"""`config`, `models`, `prices` and `usage` from the shell."""

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


def test_a_settings_file_that_cannot_be_written_is_told(shell: Shell) -> None:
    (shell.home / "file").touch()
    done = shell("config", "init", TUI_CHAT_CONFIG=str(shell.home / "file" / "config.toml"))
    assert done.code == 3 and "cannot be written: File exists" in done.err


def test_every_value_says_where_it_comes_from(shell: Shell) -> None:
    shown = json.loads(shell("config", "show", "--json", TUI_CHAT_MODEL="demo/tour").out)
    origins = {row["name"]: row["origin"] for row in shown["settings"]}
    assert origins["default_model"] == "TUI_CHAT_MODEL"
    assert origins["ui.theme"] == "default"


def test_a_key_is_never_shown(shell: Shell) -> None:
    key = "sk-ant-canary-0123456789-canary"
    done = shell("config", "show", ANTHROPIC_API_KEY=key)
    assert "ANTHROPIC_API_KEY" in done.out and "canary" not in done.out + done.err


def test_a_bad_file_is_told_with_its_line_and_keeps_nothing_from_working(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text('default_modle = "demo/tour"\n[ui]\ntheme = 3\n')
    shown = json.loads(shell("--config", str(file), "config", "show", "--json").out)
    assert any("default_model" in problem and ":1" in problem for problem in shown["problems"])
    assert any(":3" in problem for problem in shown["problems"])
    assert shell("--config", str(file), "ask", "--demo", "code").code == 0


def test_an_editor_that_fails_is_told(shell: Shell) -> None:
    done = shell("config", "edit", EDITOR="false")
    assert done.code == 3 and "false" in done.err and "Traceback" not in done.err


def test_the_demo_model_is_there_without_any_key(shell: Shell) -> None:
    (model,) = json.loads(shell("models", "--json").out)
    assert (model["id"], model["input_usd"]) == ("demo/tour", "0")


def test_a_known_price_says_where_it_is_from(shell: Shell) -> None:
    out = shell("prices", "-m", "anthropic/claude-sonnet-5-5").out
    assert "$2.00" in out and "source: genai-prices" in out


def test_an_unknown_price_is_said_to_be_unknown(shell: Shell) -> None:
    out = shell("prices", "-m", "ollama/llama3").out
    assert "unknown" in out and "$0" not in out


def test_a_price_of_ones_own_goes_before_the_list(shell: Shell) -> None:
    file = shell.home / "settings.toml"
    file.write_text('[prices."ollama/llama3"]\ninput = 0.5\noutput = 1\n')
    out = shell("--config", str(file), "prices", "-m", "ollama/llama3").out
    assert "$0.50" in out and "source: settings" in out


def test_usage_is_counted_by_day_and_printed_in_every_form(shell: Shell) -> None:
    assert "No usage recorded" in shell("usage").out
    shell("ask", "--demo", "code")
    report = json.loads(shell("usage", "--json").out)
    assert report["total"]["replies"] == 1 and report["total"]["cost_usd"] == "0.000000"
    assert shell("usage", "--csv", "--by", "model").out.splitlines()[1].startswith("demo/tour,")
    assert "total" in shell("usage", "--since", "7d").out


def test_a_moment_that_is_none_is_a_misuse(shell: Shell) -> None:
    done = shell("usage", "--since", "someday")
    assert done.code == 2 and "someday" in done.err
