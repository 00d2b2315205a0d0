"""The first screen is there before the program below it; what is pressed meanwhile is not lost."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.events import Key, Paste
from textual.pilot import Pilot

from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.core.error import StorageError
from tui_chat.ui.app import ChatApp
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.chat.screen import ChatScreen
from tui_chat.ui.dialogs.help import HelpScreen
from tui_chat.ui.startup.early_typing import EarlyTyping
from tui_chat.ui.startup.pending_context import PendingContext
from tui_chat.ui.startup.prompt import StartupPrompt
from tui_chat.ui.startup.screen import StartupScreen


@dataclass
class Early:
    """An app whose program is still to come."""

    pilot: Pilot[Any]
    app: ChatApp
    ready: AppContext
    coming: asyncio.Future[AppContext]

    async def until_opened(self) -> ChatScreen:
        async with asyncio.timeout(10):
            while not (isinstance(self.app.screen, ChatScreen) and self.app._held is None):
                await self.pilot.pause(0.01)
        await self.pilot.pause()
        assert isinstance(self.app.screen, ChatScreen)
        return self.app.screen


@asynccontextmanager
async def early(
    size: tuple[int, int] = (100, 30), typed: str = "", folder: Path | None = None, is_temporary: bool = False
) -> AsyncIterator[Early]:
    """`typed` arrives before anything is mounted."""
    async with desk_with() as below:
        context = below.chat.context
        coming: asyncio.Future[AppContext] = asyncio.get_running_loop().create_future()
        settings = context.settings._replace(data_dir=folder or context.settings.data_dir)
        app = ChatApp(PendingContext(settings, "demo/tour", True, lambda: coming, is_temporary))
        for letter in typed:
            await app.on_event(Key(letter, letter))
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield Early(pilot, app, context, coming)


async def test_what_is_typed_early_is_seen_at_once_and_stays() -> None:
    async with early() as made:
        assert isinstance(made.app.screen, StartupScreen)
        await made.pilot.press("h", "i", "x", "backspace")
        assert made.app.screen.query_one(StartupPrompt).text == "hi"
        made.coming.set_result(made.ready)
        chat = await made.until_opened()
        assert chat.prompt.text == "hi" and chat.prompt.has_focus


async def test_a_key_that_arrives_before_the_first_screen_is_seen_on_it() -> None:
    async with early(typed="hi") as made:
        assert made.app.screen.query_one(StartupPrompt).text == "hi"
        made.coming.set_result(made.ready)
        assert (await made.until_opened()).prompt.text == "hi"


async def test_a_burst_of_which_a_part_comes_early_is_taken_once_and_in_order() -> None:
    async with early() as made:
        made.coming.set_result(made.ready)
        for name in [*["x"] * 100, *["backspace"] * 130]:
            made.app.post_message(Key(name, name if name == "x" else None))
            await asyncio.sleep(0)
        chat = await made.until_opened()
        for name in "ok":
            made.app.post_message(Key(name, name))
        async with asyncio.timeout(10):
            while chat.prompt.text != "ok":
                await made.pilot.pause(0.01)


async def test_keys_that_do_something_wait_in_their_order() -> None:
    async with early() as made:
        made.app.post_message(Paste("one"))
        await made.pilot.press("enter", "t", "w", "o")
        made.coming.set_result(made.ready)
        chat = await made.until_opened()
        async with asyncio.timeout(10):
            while not chat.conversation.turns or made.ready.service.replies:
                await made.pilot.pause(0.01)
        assert chat.conversation.path[0].text == "one"
        assert chat.prompt.text == "two"


def seen(app: ChatApp) -> list[list[tuple[str, Any, Any, Any]]]:
    """Every character on the screen with its colours; of an empty one, its ground."""
    rows = []
    for strip in app.screen._compositor.render_strips():
        row: list[tuple[str, Any, Any, Any]] = []
        for segment in strip:
            style = segment.style or Style()
            # The same colour has several names.
            colour = style.color and (style.color.type, style.color.number, style.color.triplet)
            for letter in segment.text:
                row.append((letter, None if letter == " " else colour, style.bgcolor, style.dim))
        rows.append(row)
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["tui-chat-dark", "tui-chat-light", "nord", "ansi-dark"])
@pytest.mark.parametrize("size", [(60, 20), (100, 30), (160, 50)], ids=str)
async def test_the_front_looks_as_the_chat_does(theme: str, size: tuple[int, int]) -> None:
    async with early(size) as made:
        made.app.theme = theme
        await made.pilot.pause()
        before = seen(made.app)
        made.coming.set_result(made.ready)
        await made.until_opened()
        assert seen(made.app) == before


async def test_leaving_works_before_anything_is_there() -> None:
    async with early() as made:
        await made.pilot.press("ctrl+c")
        async with asyncio.timeout(10):
            while not made.app._exit:
                await made.pilot.pause(0.01)


async def test_the_help_waits_until_the_conversation_is_open() -> None:
    async with early() as made:
        await made.pilot.press("f1")
        assert isinstance(made.app.screen, StartupScreen)
        made.coming.set_result(made.ready)
        async with asyncio.timeout(10):
            while not isinstance(made.app.screen, HelpScreen):
                await made.pilot.pause(0.01)


async def test_a_program_that_cannot_be_put_together_ends_the_app_with_its_error() -> None:
    async with early() as made:
        error = StorageError("it is damaged", detail="damaged")
        made.coming.set_exception(error)
        async with asyncio.timeout(10):
            while not made.app._exit:
                await made.pilot.pause(0.01)
        assert made.app.fault is error and made.app.return_code == 1


async def test_what_is_typed_early_outlives_a_kill_before_the_conversation_opens(tmp_path: Path) -> None:
    killed = EarlyTyping(tmp_path)
    for letter in "half a thought":
        killed.take(Key(letter, letter))
    # Its lock is that of a program that lives: another one leaves the file alone.
    assert EarlyTyping(tmp_path).left_behind() == []
    kill(killed)
    async with early(folder=tmp_path) as made:
        await made.pilot.press("x")
        made.coming.set_result(made.ready)
        chat = await made.until_opened()
        assert chat.prompt.text == "half a thought\nx"
        assert "Unsent draft restored" in screen_text(made.app)
        async with asyncio.timeout(10):
            while await made.ready.store.draft(None) != "half a thought\nx":
                await made.pilot.pause(0.01)
    assert list(tmp_path.iterdir()) == []


async def test_an_early_prompt_is_sent_without_a_draft_that_was_not_seen() -> None:
    async with early() as made:
        await made.ready.store.set_draft(None, "an old draft")
        await made.pilot.press("h", "i", "enter")
        made.coming.set_result(made.ready)
        chat = await made.until_opened()
        async with asyncio.timeout(10):
            while not chat.conversation.turns or made.ready.service.replies:
                await made.pilot.pause(0.01)
        assert chat.conversation.path[0].text == "hi"
        assert "an old draft" in await made.ready.store.prompts()


async def test_an_early_text_is_kept_until_it_is_stored(tmp_path: Path) -> None:
    async with early(folder=tmp_path) as made:
        await made.pilot.press("h", "i", "x", "backspace")
        (kept,) = tmp_path.iterdir()
        assert kept.read_text() == "hi" and kept.stat().st_mode & 0o777 == 0o600
        await made.pilot.press("ctrl+q")
    assert kept.read_text() == "hi"


async def test_a_temporary_start_keeps_nothing(tmp_path: Path) -> None:
    async with early(folder=tmp_path, is_temporary=True) as made:
        await made.pilot.press("h", "i")
        assert list(tmp_path.iterdir()) == []


async def test_an_early_text_that_was_sent_or_is_the_draft_does_not_come_twice(tmp_path: Path) -> None:
    killed = EarlyTyping(tmp_path)
    killed.take(Paste("sent before"))
    kill(killed)
    async with early(folder=tmp_path) as made:
        await made.ready.store.add_prompt("sent before")
        made.coming.set_result(made.ready)
        assert (await made.until_opened()).prompt.text == ""


def kill(typing: EarlyTyping) -> None:
    """Close its file as the end of its process would."""
    assert typing._draft is not None
    for handle in typing._draft._files.values():
        os.close(handle)
    typing._draft._files.clear()


async def test_a_prompt_that_was_sent_early_is_kept_while_it_waits_to_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_chat.ui.app._EARLY_S", 0.01)
    async with early(folder=tmp_path) as made:
        gate, send = asyncio.Event(), made.ready.service.send

        async def held(*arguments: Any) -> Any:
            await gate.wait()
            return await send(*arguments)

        monkeypatch.setattr(made.ready.service, "send", held)
        await made.pilot.press("h", "i", "enter", "m", "o", "enter", "x")
        made.coming.set_result(made.ready)
        async with asyncio.timeout(10):
            while list(tmp_path.iterdir()):
                await asyncio.sleep(0.01)
        assert await made.ready.store.draft(None) == "hi\nmo\nx"
        gate.set()
        chat = await made.until_opened()
        async with asyncio.timeout(10):
            while await made.ready.store.draft(chat.conversation.id or None) != "x":
                await made.pilot.pause(0.01)
