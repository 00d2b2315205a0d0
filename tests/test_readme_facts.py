"""What the README names is there, and is as described: options, settings, codes, words, variables, rooms."""

import ast
import re

import pytest

from tests.support.environment import ROOT
from tests.support.readme import (
    TEXT,
    command_of,
    commands,
    every_option,
    options_of,
    program,
    prose,
    rows,
    settings_as_markdown,
    spans,
)
from tests.test_architecture import INSIDE
from tui_chat.cli import exit_codes, reply_output
from tui_chat.core.provider_presets import PRESETS
from tui_chat.providers.demo.scenes import _SCENES
from tui_chat.settings.find_setting import all_settings
from tui_chat.settings.values import ChatSettings, variable_of
from tui_chat.storage.private_files import DATABASE

_OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]*|-[a-zA-Z])(?![\w-])")


def section(title: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_every_setting_is_there_with_its_default() -> None:
    assert settings_as_markdown() in TEXT


def test_every_command_is_named() -> None:
    named = {words.split()[1] for words in commands() if words.startswith("tui-chat ")}
    asked = set(re.findall(r"tui-chat (\w+)", TEXT))
    assert not set(program().commands) - named - asked


def test_every_option_that_is_named_is_one() -> None:
    known = every_option()
    for span in spans():
        if not re.match(r"(pipx?|uvx?|python|docker) ", span):
            assert set(_OPTION.findall(span)) <= known, span


@pytest.mark.parametrize("row", rows("From the shell:"), ids=lambda row: row[0])
def test_what_a_command_is_documented_to_take_it_takes(row: list[str]) -> None:
    (first, *_) = commands(row[0])
    for span in spans(row[1]):
        assert set(_OPTION.findall(span)) <= options_of(command_of(first)), span


def test_exit_codes_are_those_of_the_program() -> None:
    codes = dict(
        re.findall(r"(\d+) (done|a fault|misuse|settings|provider|storage|a tool call|interrupted)", prose())
    )
    assert codes == {
        str(exit_codes.DONE): "done",
        str(exit_codes.OUR_FAULT): "a fault",
        str(exit_codes.MISUSED): "misuse",
        str(exit_codes.SETTINGS): "settings",
        str(exit_codes.PROVIDER): "provider",
        str(exit_codes.STORAGE): "storage",
        str(exit_codes.TOOL_DENIED): "a tool call",
        str(exit_codes.INTERRUPTED): "interrupted",
    }


def test_the_kinds_of_lines_are_those_that_are_printed() -> None:
    (sentence,) = re.findall(r"`--jsonl` prints `started`.*?\.", prose(), re.DOTALL)
    tree = ast.parse((ROOT / "tui_chat/cli/reply_output.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    printed = {
        node.args[0].value
        for node in calls
        if getattr(node.func, "id", "") == reply_output._line.__name__ and isinstance(node.args[0], ast.Constant)
    }
    assert set(spans(sentence)[1:]) == printed


def test_the_words_that_the_demo_answers_to_are_all_of_them() -> None:
    (sentence,) = re.findall(r"start a\nprompt with (.*?) to see that case", TEXT, re.DOTALL)
    assert {words.split()[0] for words in spans(sentence)} == set(_SCENES)


def test_keys_are_looked_for_where_it_states() -> None:
    text = section("Models and providers")
    named = {variable for variable in spans(text) if re.fullmatch(r"[A-Z_]+_(API_KEY|TOKEN|BEDROCK)", variable)}
    known = {variable for preset in PRESETS.values() for variable in preset.key_variables}
    assert named <= known
    for name, preset in PRESETS.items():
        if preset.key_variables and not preset.is_local and name not in ("azure", "cloudflare", "workersai"):
            assert preset.key_variables[0] in named, name
        if preset.is_local and name != "demo":
            assert name in re.sub(r"[^a-z]", "", text.lower()), name


def test_other_programs_exports_are_named_as_they_are_read() -> None:
    text = section("The library").lower()
    read = {path.stem.partition("_")[0] for path in (ROOT / "tui_chat" / "formats").glob("*.py")}
    programs = {"chatgpt", "claude", "librechat", "llm", "elia"}
    assert programs <= read and all(name in text for name in programs)


def test_where_conversations_lie_and_how_long_the_trash_keeps_them() -> None:
    assert f"`{DATABASE}`" in section("What leaves your machine")
    assert f"can be restored for {ChatSettings().trash_days} days" in section("The library")


def test_every_variable_that_one_may_set_is_named_and_every_one_that_is_named_is_read() -> None:
    program, tests = (
        "".join(path.read_text() for path in (ROOT / room).rglob("*.py")) for room in ("tui_chat", "tests")
    )
    read = {*re.findall(r'"(TUI_CHAT_\w+)"', program), *re.findall(r'environ\.get\("(TUI_CHAT_\w+)"', tests)}
    named = set(re.findall(r"TUI_CHAT_\w+", TEXT))
    by_rule = {variable_of(setting.name) for setting in all_settings()}
    assert named - by_rule == read - by_rule


def test_how_it_is_built_is_short_and_its_table_is_the_one_that_is_kept() -> None:
    text = section("How it is built")
    assert len(text.splitlines()) <= 60
    everything = set(INSIDE) - {"__init__", "__main__"}
    found = {}
    for row in rows("Six rules"):
        (name,) = spans(row[0])
        words = spans(row[2])
        found[name] = everything - set(words) - {name} if row[2].startswith("everything but") else set(words)
    assert found == {name: INSIDE[name] for name in everything}


def test_the_files_to_change_something_exist() -> None:
    (places,) = re.findall(r"^To change … open …\n\n((?:- .*\n)+)", TEXT, re.MULTILINE)
    lines = places.splitlines()
    assert len(lines) == 10
    for line in lines:
        paths = spans(line)
        assert paths and all((ROOT / path).exists() for path in paths), line
