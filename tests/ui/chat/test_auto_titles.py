"""The title that a model gave, and what it cost, on the screen."""

import asyncio

from tests.service.conftest import HELLO
from tests.ui.conftest import desk_with
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.usage import Usage
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Settings

NAMED = (
    TextDelta("A friendly greeting"),
    UsageReported(Usage(input_tokens=30, output_tokens=4)),
    Stopped("end_turn"),
)


def asking() -> Settings:
    settings = load_settings(environ={})
    return settings._replace(chat=settings.chat._replace(titles="model"))


async def test_the_title_shows_when_the_model_has_given_it() -> None:
    async with desk_with(HELLO, NAMED, settings=asking()) as desk:
        await desk.ask("hi there")
        await desk.until(lambda: desk.app.title == "A friendly greeting")
        assert desk.conversation.usage.total_tokens == 5 + 34
        assert desk.chat.status.state.total.unknown_replies == 2


async def test_another_conversation_keeps_its_name_when_a_title_comes_late() -> None:
    gate = asyncio.Event()
    async with desk_with(HELLO, (gate, *NAMED), settings=asking()) as desk:
        await desk.ask("hi there")
        named = desk.conversation.id
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.conversation.id != named)
        title_stored = asyncio.Event()
        desk.service.auto_title.watch(lambda _: title_stored.set())
        gate.set()
        await asyncio.wait_for(title_stored.wait(), 5)
        await desk.settle()
        assert desk.app.title == "tui-chat" and desk.conversation.side_requests == ()
        assert (await desk.store.conversation(named)).title == "A friendly greeting"
