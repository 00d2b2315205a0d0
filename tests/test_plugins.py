"""Plug-ins of an installed package: used, held to the contract, listed; a broken one is named and skipped."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui_chat import plugins as plugins_module
from tui_chat.core.error import SettingsError
from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import Tool, Toolbox
from tui_chat.formats import read_import
from tui_chat.formats.plugin_formats import exporter_named, exporters
from tui_chat.plugins import FORMATS, OFF_VARIABLE, PROVIDERS, TOOLS, load, plugins
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import ProviderRegistry
from tui_chat.testing import check_exporter, check_format, check_provider, check_toolbox
from tui_chat.tools.plugin_tools import PluginTools

SAMPLE = Path(__file__).parent / "fixtures" / "plugin"
NOTE = {"note_id": "n1", "note": "Remember the milk."}


def install(folder: Path) -> Path:
    """Put the sample there as an installer would: its modules and its metadata."""
    for module in SAMPLE.glob("*.py"):
        shutil.copy(module, folder)
    metadata = folder / "tui_chat_sample-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tui-chat-sample\nVersion: 1.0\n")
    shutil.copy(SAMPLE / "entry_points.txt", metadata)
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(install(tmp_path)))
    plugins_module.plugins.cache_clear()
    read_import._plugin_formats.cache_clear()
    yield tmp_path
    plugins_module.plugins.cache_clear()
    read_import._plugin_formats.cache_clear()


@pytest.mark.usefixtures("installed")
async def test_a_provider_of_a_plug_in_needs_no_settings_and_keeps_the_contract() -> None:
    registry = ProviderRegistry(())
    assert registry.knows("echo/parrot") and not registry.knows("unknown/x")
    turn = await check_provider(await registry.get("echo/parrot"), "parrot", "Hello there")
    assert turn.text == "Hello there "
    assert {status.name for status in registry.statuses() if status.is_configured} == {"broken", "echo"}
    assert [model.ref for model in await (await registry.provider("echo")).models()] == ["echo/parrot"]
    await registry.aclose()


@pytest.mark.usefixtures("installed")
async def test_a_provider_of_a_plug_in_may_have_a_name_of_the_user_s_own() -> None:
    registry = ProviderRegistry([ProviderConfig("mine", "echo")])
    assert (await registry.get("mine/parrot")).name == "mine"
    await registry.aclose()


@pytest.mark.usefixtures("installed")
async def test_a_broken_plug_in_is_named_and_the_others_work() -> None:
    registry = ProviderRegistry(())
    with pytest.raises(SettingsError, match=r"broken of tui-chat-sample 1\.0 cannot be used: ModuleNotFoundError"):
        await registry.get("broken/x")
    assert (await registry.get("echo/parrot")).name == "echo"
    await registry.aclose()


@pytest.mark.usefixtures("installed")
def test_a_format_of_a_plug_in_is_imported(tmp_path: Path) -> None:
    notes = load(plugins(FORMATS)["notes"])
    check_format(notes.matches, notes.read, NOTE)
    file = tmp_path / "notes.json"
    file.write_text(json.dumps([NOTE]))
    (imported,) = read_import.conversations_in(file)
    assert isinstance(imported, read_import.Imported)
    assert imported.conversation.turns[0].text == "Remember the milk."


@pytest.mark.usefixtures("installed")
def test_a_format_of_a_plug_in_is_exported() -> None:
    conversation = load(plugins(FORMATS)["notes"]).read(NOTE).conversation
    assert [(exporter.name, exporter.suffix) for exporter in exporters()] == [("outline", "org")]
    outline = exporter_named("outline")
    assert outline is not None and exporter_named("notes") is None and exporter_named("nothing") is None
    assert check_exporter(outline.write, conversation) == "* A note\n** user\nRemember the milk.\n"
    with pytest.raises(
        SettingsError, match=r"format outline of tui-chat-sample 1\.0 cannot be used: ZeroDivisionError"
    ):
        replace(outline, write=lambda conversation: str(1 / 0)).text(conversation)


class NoTools:
    """A toolbox with a tool of the name that a plug-in wants too, if it is asked to."""

    def __init__(self, *tools: Tool) -> None:
        self.tools = tools

    async def offered(self, chosen: Any) -> tuple[Tool, ...]:
        return self.tools

    async def review(self, tool: Tool, call: ToolCallPart) -> Any:
        raise AssertionError(tool)

    async def run(self, tool: Tool, call: ToolCallPart, report: Any) -> Any:
        raise AssertionError(tool)

    async def aclose(self) -> None:
        return


@pytest.mark.usefixtures("installed")
async def test_tools_of_a_plug_in_are_offered_when_they_are_chosen() -> None:
    box: Toolbox = PluginTools(NoTools())
    (roll,) = await check_toolbox(box, ["dice"], {})
    assert (await box.run(roll, ToolCallPart("1", "roll", "{}"), lambda tail: None)).text == "4"
    assert await PluginTools(NoTools(roll)).offered(["dice"]) == (roll,)


@pytest.mark.usefixtures("installed")
def test_plug_ins_are_switched_off_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFF_VARIABLE, "1")
    plugins_module.plugins.cache_clear()
    assert not any(plugins(group) for group in (PROVIDERS, TOOLS, FORMATS))


def test_the_contract_finds_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match="not recognized"):
        check_format(lambda value: False, lambda value: read_import._native(value), NOTE)


@pytest.mark.slow
def test_the_installed_sample_answers_is_listed_and_imports(tmp_path: Path) -> None:
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(install(folder)), "HOME": str(home)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "tui_chat", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr

    assert "Hello there" in run("ask", "-m", "echo/parrot", "Hello there")
    assert "echo/parrot" in run("models")
    listed = run("doctor", "--offline")
    for words in ("provider echo of tui-chat-sample 1.0", "tools dice of", "format notes of", "broken of"):
        assert words in listed
    assert "format outline of" in listed and "broken-format of" in listed
    file = tmp_path / "notes.json"
    file.write_text(json.dumps([NOTE]))
    run("import", str(file))
    assert "A note" in run("list")
    assert run("export", "n1", "-f", "outline") == "* A note\n** user\nRemember the milk.\n"
    assert str(tmp_path / "a.org") in run("export", "n1", "-f", "outline", "-o", str(tmp_path / "a.org"))
    assert (tmp_path / "a.org").read_text() == "* A note\n** user\nRemember the milk.\n"
    assert "can be imported, not exported" in run("export", "n1", "-f", "notes")
    assert "cannot be used: ModuleNotFoundError" in run("export", "n1", "-f", "broken-format")
