"""An error of the store or the file system is shown; the app and the draft stay."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.error import NotFound, StorageError
from tui_chat.ui.app_context import ModelFacts
from tui_chat.ui.chat.drafts import SAVE_DELAY_S
from tui_chat.ui.picker import Picker

FULL = StorageError("the disk is full", detail="disk_full")


async def test_one_can_go_on_writing_in_a_conversation_that_could_not_be_stored(desk: Desk) -> None:
    with patch.object(desk.store, "create", side_effect=FULL), patch.object(desk.store, "save", side_effect=FULL):
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.turns and not desk.service.replies)
        with pytest.raises(NotFound):
            await desk.store.conversation(desk.conversation.id)
        await desk.type("and then")
        await desk.pilot.pause(2 * SAVE_DELAY_S)
        await desk.press("ctrl+n")
        await desk.press("ctrl+n")
    assert desk.app.is_running


async def test_the_history_of_a_store_that_fails_is_empty(desk: Desk) -> None:
    with patch.object(desk.store, "prompts", side_effect=FULL):
        await desk.press("f6")
    await desk.until(lambda: isinstance(desk.app.screen, Picker))


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.md", "x" * 300])
async def test_a_file_that_cannot_be_is_reported(desk: Desk, name: str) -> None:
    await desk.ask("hi")
    await desk.ask(f"/export {name}")
    await desk.until(lambda: "The file cannot be written." in screen_text(desk.app))


async def test_a_usage_report_that_cannot_be_loaded_shows_why(desk: Desk) -> None:
    with patch.object(desk.store, "usage_rows", side_effect=FULL):
        await desk.chat.run_action("usage")
        await desk.until(lambda: "The disk is full" in screen_text(desk.app))


async def test_a_fault_in_the_background_is_reported_and_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async def failing(model: str) -> ModelFacts:
        raise ZeroDivisionError

    desk.chat.context = replace(desk.chat.context, facts_of=failing)
    await desk.type("hi")
    await desk.until(lambda: "Internal error in tui-chat" in screen_text(desk.app))
    assert "ZeroDivisionError" in caplog.text and desk.app.is_running


async def test_a_fault_of_ours_ends_the_app_without_printing_a_variable() -> None:
    def fail() -> None:
        secret = "sk-not-to-be-seen"
        raise ZeroDivisionError(len(secret))

    with pytest.raises(ZeroDivisionError):
        async with desk_with() as desk:
            desk.app.call_later(fail)
            await desk.settle()
    assert isinstance(desk.app.fault, ZeroDivisionError) and not desk.app._exit_renderables
