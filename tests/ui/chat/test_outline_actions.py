"""The outline next to a wide conversation, and as a list in a narrow window."""

import asyncio
from dataclasses import replace

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import conversation, prompt, reply
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.ui.picker import Picker

LONG = "\n\n".join(["# First part", *["filler"] * 60, "## Second part", *["filler"] * 60])


def made() -> Conversation:
    turns = (prompt(0, "What is it?"), reply(1, LONG), prompt(2, "And why?", "turn-1"), reply(3, "Because."))
    return replace(conversation(*turns), id="c1", title="It")


def top(desk: Desk) -> str:
    """The first row of the text."""
    return desk.chat.pane.visible_rows[0].line.copy.strip()


async def test_a_wide_window_shows_prompts_and_headings() -> None:
    async with desk_with(first=made(), size=(180, 40)) as desk:
        await desk.until(lambda: "Outline" in screen_text(desk.app) and "Second part" in screen_text(desk.app))
        assert desk.chat.outline.region.x + desk.chat.outline.region.width == 180
        assert all(len(row) <= 180 for row in screen_rows(desk.app))
        await desk.pilot.resize_terminal(120, 40)
        await desk.until(lambda: not desk.chat.outline.display)


async def test_a_key_goes_into_the_outline_and_enter_to_a_heading() -> None:
    async with desk_with(first=made(), size=(180, 40)) as desk:
        await desk.until(lambda: desk.chat.outline.entries)
        await desk.press("alt+h")
        await desk.until(lambda: desk.chat.outline.has_focus)
        await desk.press(*["up"] * 9, "down", "down", "enter")
        await desk.until(lambda: top(desk) == "Second part")
        assert desk.chat.pane.has_focus


async def test_text_typed_in_the_outline_goes_to_the_prompt() -> None:
    async with desk_with(first=made(), size=(180, 40)) as desk:
        await desk.until(lambda: desk.chat.outline.entries)
        await desk.press("alt+h")
        await desk.type("word")
        await desk.until(lambda: desk.chat.prompt.text == "word" and desk.chat.prompt.has_focus)


async def test_a_narrow_window_lists_the_outline() -> None:
    async with desk_with(first=made(), size=(80, 30)) as desk:
        await desk.press("alt+h")
        await desk.until(lambda: isinstance(desk.app.screen, Picker))
        await desk.type("second")
        await desk.press("enter")
        await desk.until(lambda: top(desk) == "Second part")


async def test_a_conversation_of_its_own_has_no_outline_at_home() -> None:
    async with desk_with(size=(180, 40)) as desk:
        await desk.press("alt+h")
        await desk.until(lambda: "There is no outline yet" in screen_text(desk.app))
        assert not desk.chat.outline.display


async def test_a_dialog_is_as_wide_as_its_rows() -> None:
    async with desk_with(first=made(), size=(200, 40)) as desk:
        await desk.chat.drafts.add_to_history("short")
        await desk.press("f6")
        await desk.until(lambda: isinstance(desk.app.screen, Picker))
        assert desk.app.screen.query_one("OptionList").region.width == 50
        await desk.press("escape", "ctrl+p")
        await desk.until(lambda: isinstance(desk.app.screen, Picker) and len(desk.app.screen.found) > 20)
        assert 50 < desk.app.screen.query_one("OptionList").region.width <= 110


def marked(desk: Desk) -> str:
    """The entry that is marked in the outline."""
    column = desk.chat.outline.region.x
    rows = [row[column:].partition("› ")[2].strip() for row in screen_rows(desk.app)]
    return next(filter(None, rows), "")


async def test_the_entry_in_view_is_marked_as_the_conversation_scrolls() -> None:
    async with desk_with(first=made(), size=(180, 40)) as desk:
        await desk.until(lambda: marked(desk) == "And why?")
        await desk.press("tab", "g")
        await desk.until(lambda: marked(desk) == "What is it?")
        await desk.press("pagedown")
        await desk.until(lambda: marked(desk) == "First part")
        await desk.press(*["pagedown"] * 3)
        await desk.until(lambda: marked(desk) == "Second part")
        (row,) = (row for row in screen_rows(desk.app) if "› Second part" in row)
        assert row[desk.chat.outline.region.x :].startswith("   › ")  # it keeps the indent of its level
        await desk.press("K", "alt+h", "down")
        assert desk.chat.outline.has_focus
        await desk.press("escape")
        await desk.until(lambda: not desk.chat.outline.has_focus)
        await desk.press("tab", "G")
        await desk.until(lambda: marked(desk) == "And why?")


async def test_of_two_headings_with_the_same_text_the_one_in_view_is_marked() -> None:
    text = "\n\n".join(["# Notes", *["Notes follow"] * 40, "# Notes", *["filler"] * 80])
    first = replace(conversation(prompt(0, "What?"), reply(1, text)), id="c1")
    async with desk_with(first=first, size=(180, 40)) as desk:
        await desk.until(lambda: desk.chat.outline.entries)
        await desk.press("tab", "g", "pagedown")
        await desk.until(lambda: desk.chat.outline._cursor == 1)
        await desk.press("pagedown", "pagedown", "pagedown")
        await desk.until(lambda: desk.chat.outline._cursor == 2)


async def test_headings_of_a_reply_are_there_when_it_ends() -> None:
    released = asyncio.Event()
    deltas = (TextDelta("First words\n\n"), released, TextDelta("# Streamed"), Stopped("end_turn"))
    async with desk_with(deltas, first=made(), size=(180, 40)) as desk:
        await desk.type("go on")
        await desk.press("enter")
        await desk.until(lambda: marked(desk) == "go on" and "First words" in screen_text(desk.app))
        released.set()
        await desk.until(lambda: marked(desk) == "Streamed")


async def test_no_delta_of_a_reply_reports_scrolling() -> None:
    released = asyncio.Event()
    deltas = (TextDelta("one\n\n" * 60), released, *(TextDelta(f"more {number}\n\n") for number in range(40)))
    async with desk_with((*deltas, Stopped("end_turn")), first=made(), size=(180, 40)) as desk:
        seen: list[object] = []
        desk.chat.actions.outline.note_scrolling = lambda: seen.append(1)  # type: ignore[method-assign]
        await desk.type("go on")
        await desk.press("enter")
        await desk.until(lambda: "one" in screen_text(desk.app))
        seen.clear()
        released.set()
        await desk.idle()
        await desk.until(lambda: "more 39" in screen_text(desk.app))
        assert not seen
