"""What is sent, what waits and what is given back, on the screen and in the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tui_chat.core.error import StorageError
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.storage.store import Store
from tui_chat.ui.library.screen import LibraryScreen
from tui_chat.ui.terminal import key_queue

SAYS_AGAIN = (TextDelta("Again"), Stopped("end_turn"))


def keys(desk: Desk, *names: str) -> None:
    """Press without waiting for anything, as fingers do."""
    for name in names:
        desk.app.post_message(events.Key(name, name if len(name) == 1 else None))


async def soon(met: Any) -> None:
    """Wait without the pilot, which waits for handlers that are held up here."""
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def slow_saving(desk: Desk, name: str = "send", *, fails: bool = False) -> AsyncIterator[asyncio.Event]:
    """The disk takes its time until the event is set; then it takes the prompt, or does not."""
    gate, send = asyncio.Event(), getattr(desk.service, name)

    async def held(*arguments: Any, **options: Any) -> Reply:
        await gate.wait()
        if fails:
            raise StorageError("no", detail="disk_full")
        reply: Reply = await send(*arguments, **options)
        return reply

    setattr(desk.service, name, held)
    try:
        yield gate
    finally:
        gate.set()
        setattr(desk.service, name, send)


async def until_draft(desk: Desk, key: str | None, text: str) -> None:
    async with asyncio.timeout(10):
        while await desk.store.draft(key) != text:
            await asyncio.sleep(0.01)


def prompts(desk: Desk) -> list[str]:
    return [turn.text for turn in desk.conversation.turns if turn.role is Role.USER]


async def test_what_a_notice_was_about_is_past_when_a_prompt_is_sent(desk: Desk) -> None:
    await desk.press("alt+u")
    await desk.until(lambda: "There is nothing to undo." in screen_text(desk.app))
    await desk.ask("hi")
    assert "There is nothing" not in screen_text(desk.app)
    await desk.type("/delete")
    await desk.press("enter")
    await desk.until(lambda: "Moved to the trash" in screen_text(desk.app))
    await desk.press("alt+u")
    await desk.until(lambda: "Hello" in screen_text(desk.app))
    assert "Moved to the trash" not in screen_text(desk.app)


async def test_two_quick_enters_send_one_prompt(desk: Desk) -> None:
    await desk.type("hi")
    async with slow_saving(desk) as gate:
        keys(desk, "enter", "enter")
        await soon(lambda: desk.chat.prompt.text == "")
        gate.set()
        await desk.idle()
    await desk.until(lambda: prompts(desk) == ["hi"])
    assert not desk.chat.queue.prompts


async def test_what_is_typed_while_a_prompt_is_saved_is_kept(desk: Desk) -> None:
    await desk.type("hi")
    async with slow_saving(desk) as gate:
        keys(desk, "enter", *"next")
        await soon(lambda: desk.chat.prompt.text == "next")
        gate.set()
        await desk.idle()
    await desk.until(lambda: prompts(desk) == ["hi"])
    assert desk.chat.prompt.text == "next"
    await desk.chat.drafts.flush()
    assert await desk.store.draft(desk.conversation.id) == "next"
    assert await desk.store.draft(None) == ""


async def test_prompts_and_text_that_wait_for_a_slow_prompt_are_stored_as_the_draft(desk: Desk) -> None:
    await desk.type("one")
    async with slow_saving(desk) as gate:
        keys(desk, "enter", *"two", "enter", *"thr")
        await until_draft(desk, None, "one\ntwo\nthr")
        gate.set()
        await desk.until(lambda: prompts(desk) == ["one", "two"])
    await until_draft(desk, desk.conversation.id, "thr")
    assert await desk.store.draft(None) == ""


async def test_a_command_that_ends_the_program_is_no_draft(desk: Desk) -> None:
    await desk.type("/quit")
    keys(desk, "enter")
    await soon(lambda: not desk.app.is_running)
    assert await desk.store.draft(None) == ""


async def test_an_edit_that_is_sent_brings_the_draft_back(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("half a thought")
    await desk.press("f9")
    await desk.until(lambda: desk.chat.prompt.text == "hi")
    await desk.type(" there")
    async with slow_saving(desk, "edit") as gate:
        keys(desk, "enter", *"more")
        await soon(lambda: desk.chat.prompt.text == "more")
        gate.set()
        await desk.until(lambda: "hi there" in prompts(desk))
    await desk.until(lambda: desk.chat.prompt.text == "half a thought\nmore")
    await until_draft(desk, desk.conversation.id, "half a thought\nmore")
    assert await desk.store.state(f"edit:{desk.conversation.id}") is None


async def test_a_queued_prompt_is_stored_in_the_queue_until_it_is_sent(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.chat.queue.put("two")
    await desk.chat.queue.put("three")
    async with slow_saving(desk) as gate:
        sending = asyncio.create_task(desk.chat.queue.send_next())
        await desk.until(lambda: desk.chat.queue.prompts == ("three",))
        await desk.chat.queue.put("four")
        assert await desk.chat.drafts.load_queue(desk.conversation.id) == ("two", "three", "four")
        gate.set()
        await sending
    assert await desk.chat.drafts.load_queue(desk.conversation.id) == ("three", "four")


async def test_a_prompt_that_could_not_be_saved_is_given_back_above_what_was_typed_since(desk: Desk) -> None:
    await desk.type("hi")
    async with slow_saving(desk, fails=True) as gate:
        keys(desk, "enter", *"next")
        await soon(lambda: desk.chat.prompt.text == "next")
        gate.set()
        await desk.until(lambda: "hi" in desk.chat.prompt.text)
    assert desk.chat.prompt.text == "hi\nnext"
    assert not desk.conversation.turns
    assert "disk is full" in screen_text(desk.app)


async def test_what_is_typed_sent_and_left_at_once_goes_where_it_was_written(desk: Desk) -> None:
    await desk.ask("first")
    first = desk.conversation.id
    keys(desk, "h", "i", "enter", *"next", "ctrl+n")
    await desk.until(lambda: desk.conversation.id != first and not desk.chat.prompt.text)
    await desk.idle()
    stored = await desk.store.conversation(first)
    assert [turn.text for turn in stored.path] == ["first", "Hello", "hi", "Hello"]
    assert await desk.store.draft(first) == "next"


async def test_a_burst_of_typing_and_correcting_ends_as_it_was_typed(desk: Desk) -> None:
    await desk.type("a")
    keys(desk, "backspace", *"fin", "left", "u", "end", "e", "home", "delete", "F", "ctrl+w", "b")
    await desk.until(lambda: desk.chat.prompt.text.startswith("b"))
    assert desk.chat.prompt.text == "biune"
    await desk.press("ctrl+f")
    keys(desk, *"nex", "backspace", *"edle", *["left"] * 3, *["backspace"] * 9, "N")
    await desk.until(lambda: desk.chat.find_bar.value == "Ndle")


async def test_what_is_typed_behind_a_key_goes_where_the_key_leads(desk: Desk) -> None:
    keys(desk, "tab", "slash", *"needle", "escape", "escape", *"mine", "ctrl+o", *"theirs")
    await desk.until(lambda: isinstance(desk.app.screen, LibraryScreen) and desk.app.screen.query("#query"))
    library = desk.app.screen
    assert isinstance(library, LibraryScreen)
    await desk.until(lambda: library.query_line.value == "theirs")
    assert (desk.chat.prompt.text, desk.chat.find_bar.value) == ("mine", "needle")


async def test_a_key_whose_effect_is_long_in_coming_holds_up_the_next_only_so_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_queue, "PATIENCE_S", 0.05)
    held = asyncio.Event()

    async def hold(_: str) -> bool:
        return await held.wait()

    monkeypatch.setattr(desk.chat.actions.sending, "send", hold)
    keys(desk, "h", "i", "enter", "y", "o")
    try:
        await soon(lambda: desk.chat.prompt.text.endswith("yo"))
    finally:
        held.set()


async def test_escape_at_once_after_enter_stops_the_reply() -> None:
    async with desk_with((asyncio.Event(),)) as desk:
        keys(desk, "h", "i", "enter", "escape")
        await desk.until(lambda: desk.conversation.path)
        await desk.idle()
        assert desk.conversation.path[-1].status is TurnStatus.CANCELLED


@asynccontextmanager
async def three_waiting(*replies: Any, store: Store | None = None) -> AsyncIterator[Desk]:
    async with desk_with((TextDelta("one"), asyncio.Event()), *replies, store=store) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.until(lambda: "one" in screen_text(desk.app))
        for word in ("a", "b", "c"):
            await desk.type(word)
            await desk.press("enter")
        yield desk


async def test_several_prompts_wait_each_by_itself_and_go_out_in_order() -> None:
    gate = asyncio.Event()
    async with desk_with((TextDelta("one"), gate, Stopped("end_turn")), SAYS_AGAIN, SAYS_AGAIN) as desk:
        await desk.type("first")
        await desk.press("enter")
        for word in ("second", "third"):
            await desk.type(word)
            await desk.press("enter")
        rows = screen_rows(desk.app)
        assert [row.split() for row in rows if "second" in row or "third" in row] == [
            ["queued", "1", "second"],
            ["2", "third"],
        ]
        gate.set()
        await desk.until(lambda: len(desk.conversation.turns) == 6)
        await desk.idle()
        assert prompts(desk) == ["first", "second", "third"]
        assert not desk.chat.queue.prompts


async def test_any_of_them_can_be_taken_back_dropped_or_had_back() -> None:
    async with three_waiting() as desk:
        await desk.press("alt+q", "up", "e")
        assert desk.chat.prompt.text == "b" and desk.chat.queue.prompts == ("a", "c")
        await desk.press("alt+q", "k", "x")
        assert desk.chat.queue.prompts == ("c",)
        await desk.press("alt+u")
        assert desk.chat.queue.prompts == ("a", "c")
        await desk.press("j")
        await desk.press("j")
        assert desk.chat.prompt.has_focus and desk.chat.prompt.text == "b"


async def test_any_of_them_can_be_sent_now_and_the_others_go_on_waiting() -> None:
    async with three_waiting((TextDelta("two"), asyncio.Event())) as desk:
        await desk.press("alt+q", "up", "enter")
        await desk.until(lambda: prompts(desk) == ["first", "b"])
        assert desk.chat.queue.prompts == ("a", "c")
        for reply in desk.service.replies:
            reply.cancel()


async def test_stopping_a_reply_sends_none_of_them() -> None:
    async with three_waiting(HELLO) as desk:
        await desk.press("escape")
        await desk.idle()
        assert desk.chat.queue.prompts == ("a", "b", "c") and prompts(desk) == ["first"]
        await desk.press("enter")
        await desk.until(lambda: prompts(desk)[:2] == ["first", "a"])


async def test_the_last_one_dropped_leads_back_to_the_prompt() -> None:
    async with three_waiting() as desk:
        await desk.press("alt+q", "x", "x", "x")
        assert not desk.chat.queue.prompts and desk.chat.prompt.has_focus


async def test_what_waits_survives_and_what_an_older_version_kept_is_read() -> None:
    store = await Store.open(":memory:")
    async with three_waiting(store=store) as desk:
        shown = desk.conversation.id
    async with desk_with(store=store, first=await store.conversation(shown)) as desk:
        assert desk.chat.queue.prompts == ("a", "b", "c")
    await store.set_state(f"queue:{shown}", "joined\n\nprompts")
    async with desk_with(store=store, first=await store.conversation(shown)) as desk:
        assert desk.chat.queue.prompts == ("joined\n\nprompts",)
    await store.aclose()


async def test_more_than_fit_are_walked_through() -> None:
    async with three_waiting() as desk:
        for number in range(6):
            await desk.chat.queue.put(f"more {number}")
        await desk.press("alt+q")
        assert any("9 more 5" in row for row in screen_rows(desk.app))
        await desk.press(*["up"] * 8)
        assert any(row.split()[-2:] == ["1", "a"] for row in screen_rows(desk.app))


async def test_what_waits_goes_on_when_one_comes_back_to_it() -> None:
    gate = asyncio.Event()
    async with desk_with((TextDelta("one"), gate, Stopped("end_turn")), SAYS_AGAIN) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.type("second")
        await desk.press("enter", "ctrl+n")
        left = next(iter(desk.service.replies)).conversation_id
        await desk.until(lambda: desk.conversation.id != left)
        gate.set()
        await desk.idle()
        await desk.chat.open(await desk.service.open(left))
        await desk.until(lambda: prompts(desk) == ["first", "second"])
        await desk.idle()


async def test_what_waited_before_the_start_waits_until_it_is_sent() -> None:
    store = await Store.open(":memory:")
    async with desk_with(store=store) as desk:
        await desk.ask("first")
        shown = desk.conversation.id
        await desk.chat.queue.put("second")
    async with desk_with(store=store, first=await store.conversation(shown)) as desk:
        await desk.pilot.pause(0.1)
        assert desk.chat.queue.prompts == ("second",) and prompts(desk) == ["first"]
    await store.aclose()


async def test_the_draft_is_in_the_history_when_another_prompt_is_taken_from_there(desk: Desk) -> None:
    await desk.ask("first")
    await desk.type("half a thought")
    await desk.press("f6")
    await desk.until(lambda: desk.app.screen is not desk.chat)
    await desk.press("enter")
    await desk.until(lambda: desk.chat.prompt.text == "first")
    assert (await desk.store.prompts())[0] == "half a thought"


async def test_what_is_typed_while_a_conversation_opens_is_kept_below_its_draft(desk: Desk) -> None:
    await desk.ask("one")
    first = desk.conversation
    await desk.type("early")
    await desk.press("ctrl+n")
    await desk.type("other")
    read = asyncio.Event()
    stored = desk.chat.drafts.load

    async def slow(place: str | None) -> str:
        await read.wait()
        return await stored(place)

    desk.chat.drafts.load = slow  # type: ignore[method-assign]
    opening = asyncio.ensure_future(desk.chat.open(first))
    await soon(lambda: desk.conversation is first)
    keys(desk, *"late", "tab")
    await soon(lambda: desk.chat.prompt.text == "late" and desk.chat.pane.has_focus)
    read.set()
    await opening
    assert desk.chat.prompt.text == "early\nlate" and desk.chat.pane.has_focus
    await desk.press("ctrl+n")
    await desk.until(lambda: desk.chat.prompt.text == "other")
