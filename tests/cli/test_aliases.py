"""Aliases of models, and the profile of a trusted project."""

import asyncio
import subprocess
from pathlib import Path

from tests.cli.conftest import COMMAND, Shell
from tests.support.environment import ROOT
from tui_chat.service import project_trust
from tui_chat.settings.templates import find_project
from tui_chat.storage.store import Store


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_an_alias_names_a_model_for_ask_and_for_the_default(shell: Shell) -> None:
    file = shell.home / ".config" / "tui-chat" / "config.toml"
    write(file, 'default_model = "tour"\n[aliases]\ntour = "demo/tour"\n')
    assert shell("ask", "-m", "tour", "hello there").code == 0
    assert shell.only_conversation()["model"] == "demo/tour"
    assert "aliases.tour" in shell("config", "show").out
    done = shell("ask", "hello again")
    assert done.code == 0 and "demo/tour" not in done.err


def test_an_alias_that_is_no_model_is_reported_with_its_line(shell: Shell) -> None:
    write(shell.home / ".config" / "tui-chat" / "config.toml", '[aliases]\nfast = "groq"\n')
    assert "config.toml:2: aliases.fast: it wants provider/model" in shell("config", "show").err


def test_a_trusted_project_gives_new_conversations_its_profile(shell: Shell, tmp_path: Path) -> None:
    write(
        shell.home / ".config" / "tui-chat" / "config.toml",
        '[profiles.brief]\nmodel = "demo/tour"\nsystem = "Be brief."\n',
    )
    work = tmp_path / "work"
    write(work / ".tui-chat" / "settings.toml", 'profile = "brief"\n')

    def ask() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "ask", "-m", "demo/tour", "hello there"],
            cwd=work,
            env=shell.environment(PYTHONPATH=str(ROOT)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert ask().returncode == 0
    assert shell.only_conversation()["system"] == ""

    async def trust() -> None:
        project = find_project(work, home=tmp_path)
        assert project is not None
        store = await Store.open(shell.home / ".local" / "share" / "tui-chat" / "conversations.db")
        await project_trust.trust(store, str(project.folder), project.fingerprint)
        await store.aclose()

    asyncio.run(trust())
    assert ask().returncode == 0
    exported = shell("export", "--all", "-f", "json").out
    assert exported.count("Be brief.") == 1
    write(work / ".tui-chat" / "settings.toml", 'profile = "breif"\n')
    assert ask().returncode == 0  # changed: not trusted, so not used
