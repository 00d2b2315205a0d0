"""`/config`: settings are listed, changed with a preview, and saved with the comments of the file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows
from tui_chat.settings.load import load_settings
from tui_chat.ui.dialogs.config import ConfigScreen
from tui_chat.wiring import save_setting

FILE = "# mine\n[ui]\nmeasure = 90  # narrow\n"


@asynccontextmanager
async def with_file(tmp_path: Path) -> AsyncIterator[tuple[Desk, Path]]:
    """The app with a settings file of its own."""
    file = tmp_path / "config.toml"
    file.write_text(FILE)
    async with desk_with(settings=load_settings(environ={}, file=file)) as desk:
        desk.chat.context = replace(desk.chat.context, save_setting=partial(save_setting, file))
        yield desk, file


async def opened(desk: Desk, words: str = "") -> None:
    await desk.type(f"/config {words}".strip())
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, ConfigScreen))


def shown(desk: Desk) -> str:
    return "\n".join(screen_rows(desk.app))


async def test_the_list_has_value_default_and_help(tmp_path: Path) -> None:
    async with with_file(tmp_path) as (desk, _):
        await opened(desk)
        assert "ui.theme" in shown(desk)
        await desk.type("ui.measure")
        await desk.press()
        row = next(row for row in screen_rows(desk.app) if "ui.measure " in row and "90" in row)
        assert "default 100" in row
        assert "Maximum width of prose" in shown(desk) and "TUI_CHAT_UI_MEASURE." in shown(desk)


async def test_a_number_is_previewed_saved_and_refused_with_a_sentence(tmp_path: Path) -> None:
    async with with_file(tmp_path) as (desk, file):
        await opened(desk, "ui.measure")
        await desk.press("backspace")
        assert desk.chat.pane.viewport.turns.layout_options.styles.measure == 9
        await desk.type("x")
        await desk.press("enter")
        assert "ui.measure: it wants a number." in shown(desk) and file.read_text() == FILE
        await desk.press("backspace", "5", "enter")
        assert "ui.measure = 95 · saved." in shown(desk)
        assert file.read_text() == "# mine\n[ui]\nmeasure = 95  # narrow\n"
        assert desk.chat.context.settings.ui.measure == 95


async def test_a_preview_that_is_not_saved_ends(tmp_path: Path) -> None:
    async with with_file(tmp_path) as (desk, file):
        before = desk.app.theme
        await opened(desk)
        await desk.type("ui.theme")
        await desk.press("enter")
        await desk.press("down")
        await desk.until(lambda: desk.app.theme != before)
        await desk.press("escape")
        await desk.until(lambda: desk.app.theme == before)
        assert isinstance(desk.app.screen, ConfigScreen) and file.read_text() == FILE
        await desk.press("escape")
        assert desk.app.screen is desk.chat


async def test_a_theme_is_set_at_once_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    async with with_file(tmp_path) as (desk, file):
        await desk.type("/theme nord")
        await desk.press("enter")
        await desk.until(lambda: desk.app.theme == "nord")
        assert 'theme = "nord"' in file.read_text()
        await desk.type("/config ui.theme nrod")
        await desk.press("enter")
        assert "did you mean nord?" in desk.chat.notice_line.text or "no theme 'nrod'" in shown(desk)
        await desk.press("ctrl+c")
        await desk.type("/config ui.enter_sends false")
        await desk.press("enter")
        await desk.until(lambda: not desk.chat.prompt.enter_sends)
        assert "enter_sends = false" in file.read_text()


async def test_a_setting_for_the_next_start_shows_it(tmp_path: Path) -> None:
    async with with_file(tmp_path) as (desk, file):
        await opened(desk, "chat.titles")
        await desk.press("down", "enter")
        assert "chat.titles = model · saved; in force from the next start." in shown(desk)
        assert 'titles = "model"' in file.read_text()


@pytest.mark.parametrize("size", [(60, 20), (100, 30)])
async def test_a_value_that_is_too_long_for_its_row_is_shown_whole_below(size: tuple[int, int]) -> None:
    folder = Path("/home/of-a-user-with-a-long-name/.local/share/some-project/tui-chat-data")
    async with desk_with(size=size, settings=load_settings(environ={})._replace(data_dir=folder)) as desk:
        await opened(desk)
        assert "tui-chat-data" not in shown(desk)
        await desk.type("data_dir")
        await desk.press()
        assert str(folder) in "".join(row.strip(" ▎│") for row in screen_rows(desk.app))
