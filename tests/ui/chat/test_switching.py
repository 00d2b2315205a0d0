"""Back to the conversation before by one key, and word of a reply that ended in the background."""

import asyncio

from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import ReplyOpened, Stopped, TextDelta


async def test_a_key_switches_between_two_conversations() -> None:
    async with desk_with() as desk:
        await desk.ask("first question")
        first = desk.conversation.id
        await desk.press("ctrl+n")
        await desk.ask("second question")
        second = desk.conversation.id
        await desk.press("alt+o")
        await desk.until(lambda: desk.conversation.id == first)
        await desk.press("alt+o")
        await desk.until(lambda: desk.conversation.id == second)


async def test_without_a_conversation_before_it_is_the_last_used_one() -> None:
    async with desk_with() as desk:
        await desk.press("alt+o")
        await desk.until(lambda: "There is no other conversation" in screen_text(desk.app))
        await desk.ask("first question")
        first = desk.conversation.id
        await desk.press("ctrl+n", "alt+o")
        await desk.until(lambda: desk.conversation.id == first)


async def test_a_reply_in_the_background_is_counted_and_its_end_is_reported() -> None:
    gate = asyncio.Event()
    slow = (ReplyOpened("demo"), TextDelta("Hel"), gate, TextDelta("lo"), Stopped("end"))
    async with desk_with(slow) as desk:
        await desk.type("a slow question")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.live_reply is not None)
        first = desk.conversation.id
        await desk.press("ctrl+n")
        await desk.until(lambda: "1 more in background" in screen_text(desk.app))
        gate.set()
        await desk.until(lambda: "a slow question” is finished" in screen_text(desk.app))
        assert "in background" not in screen_text(desk.app)
        await desk.press("alt+o")
        await desk.until(lambda: desk.conversation.id == first)
