"""What the app starts with: a profile, a system prompt and a model hold for every new conversation of the session."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.storage.make import conversation, prompt
from tui_chat.cli.context import Context, GlobalOptions
from tui_chat.cli.exit_codes import DONE, MISUSED
from tui_chat.cli.launch import _app_context, _warm_up, open_app
from tui_chat.core.launch_options import LaunchOptions
from tui_chat.settings.load import load_settings
from tui_chat.storage import purge
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.ui.terminal.ssh import escape_delay_ms
from tui_chat.wiring import assemble, save_setting

FILE = """
default_model = "demo/tour"
system = "Answer briefly."
[profiles.rust]
model = "demo/rust"
system = "You are terse."
effort = "high"
"""


@pytest.mark.parametrize(
    ("options", "model", "system", "effort"),
    [
        (LaunchOptions(profile="rust"), "demo/rust", "You are terse.", "high"),
        (LaunchOptions(system="Be a pirate"), "demo/tour", "Be a pirate", None),
        (LaunchOptions(model="demo/x", profile="rust"), "demo/x", "You are terse.", "high"),
        (LaunchOptions(), "demo/tour", "Answer briefly.", None),
    ],
)
async def test_a_profile_holds_for_every_new_conversation(
    options: LaunchOptions, model: str, system: str, effort: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(FILE)
    settings = load_settings({"data_dir": tmp_path}, environ={}, file=file)
    program = await assemble(settings)
    try:
        context = await _app_context(Context(settings, demo=False), program, options)
        for conversation in (context.first, context.blank(), context.blank()):
            assert (conversation.model, conversation.system) == (model, system)
            assert conversation.options.effort == effort
    finally:
        await program.aclose()


async def test_a_model_that_does_not_exist_opens_the_app_with_the_default_and_a_notice(tmp_path: Path) -> None:
    settings = load_settings({"data_dir": tmp_path}, environ={}, file=tmp_path / "config.toml")
    program = await assemble(settings)
    try:
        context = await _app_context(Context(settings, demo=False), program, LaunchOptions(model="tuor"))
        assert context.first.model == "demo/tour"
        assert any("did you mean tour?" in notice for notice in context.notices)
        named = await _app_context(Context(settings, demo=False), program, LaunchOptions(model="tour"))
        assert named.first.model == "demo/tour" and not named.notices
    finally:
        await program.aclose()


def test_a_theme_is_written_to_the_settings_file_and_in_force_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    save_setting(file, "ui.theme", "nord")
    save_setting(file, "ui.measure", 90)
    settings = load_settings(environ={}, file=file)
    assert (settings.ui.theme, settings.ui.measure, settings.problems) == ("nord", 90, ())
    assert "# A theme's name" in file.read_text()


def test_threads_wait_for_each_other_a_millisecond_at_most(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    intervals: list[float] = []

    def run(app: Coroutine[None, None, int]) -> int:
        app.close()
        intervals.append(sys.getswitchinterval())
        return DONE

    monkeypatch.setattr(asyncio, "run", run)
    before = sys.getswitchinterval()
    try:
        assert open_app(GlobalOptions(data_dir=tmp_path), LaunchOptions()) == DONE
    finally:
        sys.setswitchinterval(before)
    assert intervals[0] <= 0.001


def test_a_temporary_conversation_cannot_continue_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert open_app(GlobalOptions(), LaunchOptions(latest=True, temporary=True)) == MISUSED


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"])
def test_escape_waits_longer_over_ssh(name: str) -> None:
    assert escape_delay_ms({name: "10.0.0.1 22"}) > escape_delay_ms({"TERM": "xterm"})


async def test_the_collector_walks_nothing_that_was_loaded_ahead(tmp_path: Path) -> None:
    program = await assemble(load_settings({"data_dir": tmp_path}, environ={}))
    frozen = gc.get_freeze_count()
    try:
        await _warm_up(program)
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
        assert len(gc.get_objects()) < 1000
    finally:
        gc.unfreeze()
        await program.aclose()


async def test_a_purge_is_continued_in_the_background_and_given_up_at_the_end(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / DATABASE)
    await store.create(conversation("c1", *(prompt(f"u{number}", text="word " * 50) for number in range(400))))
    await store.delete("c1")
    await store._write(purge.hide_trash, datetime(2200, 1, 1, tzinfo=UTC), 0)
    await store.aclose()

    async def turns(store: Store) -> int:
        return await store._read(lambda db: int(db.execute("SELECT count(*) FROM turn").fetchone()[0]))

    program = await assemble(load_settings({"data_dir": tmp_path}, environ={}))
    await program.warm_up()
    assert await turns(program.store) > 0  # warming up does not wait for it
    await program.aclose()
    program = await assemble(load_settings({"data_dir": tmp_path}, environ={}))
    try:
        await program.warm_up()
        while await turns(program.store):
            await asyncio.sleep(0)
    finally:
        await program.aclose()


async def test_the_context_window_is_the_listed_one_where_the_price_list_has_none(tmp_path: Path) -> None:
    settings = load_settings({"data_dir": tmp_path}, environ={}, file=tmp_path / "config.toml")
    program = await assemble(settings)
    try:
        context = await _app_context(Context(settings, demo=False), program, LaunchOptions())
        assert (await context.facts_of("demo/tour")).context_window is None
        (listed,) = (await program.model_catalog.current()).models
        assert listed.context_window
        assert (await context.facts_of("demo/tour")).context_window == listed.context_window
    finally:
        await program.aclose()
