"""The prompt box: long pastes fold and unfold, and nothing that was in it is lost by undoing."""

import pytest
from textual import events

from tests.ui.conftest import Desk, desk_with

LONG = "\n".join(f"line {number}" for number in range(30)) + "\n"


async def paste(desk: Desk, text: str) -> None:
    desk.app.post_message(events.Paste(text))
    await desk.settle()


async def test_a_long_paste_is_folded_and_sent_word_for_word(desk: Desk) -> None:
    await paste(desk, LONG)
    await desk.until(lambda: "pasted: 30 lines" in desk.chat.prompt.text)
    await desk.ask(" and this?")
    assert desk.conversation.path[0].text == LONG + " and this?"


async def test_a_paste_of_one_endless_line_is_folded_and_sent_word_for_word(desk: Desk) -> None:
    await paste(desk, "word " * 400_000)
    await desk.until(lambda: "pasted: 2,000,000 characters" in desk.chat.prompt.text)
    await desk.ask("and this?")
    assert desk.conversation.path[0].text == "word " * 400_000 + "and this?"


async def test_tab_unfolds_it_wherever_the_cursor_is(desk: Desk) -> None:
    await paste(desk, LONG)
    await desk.type(" and this?")
    await desk.press("tab")
    assert desk.chat.prompt.text == LONG + " and this?" and desk.chat.prompt.has_focus


async def test_undoing_brings_a_folded_paste_back_whole(desk: Desk) -> None:
    await paste(desk, LONG)
    await desk.press("ctrl+c")
    assert not desk.chat.prompt.text
    await desk.press("ctrl+z")
    await desk.until(lambda: desk.chat.prompt.text)
    assert desk.chat.prompt.draft == LONG


async def test_the_same_paste_has_one_sign(desk: Desk) -> None:
    await paste(desk, LONG)
    sign = desk.chat.prompt.text
    await paste(desk, LONG)
    assert desk.chat.prompt.text == sign * 2 and desk.chat.prompt.draft == LONG * 2


@pytest.mark.parametrize("size", [(120, 40), (60, 16)])
async def test_undo_shortens_a_prompt_that_is_taller_than_its_box(size: tuple[int, int]) -> None:
    async with desk_with(size=size) as desk:
        for text in ("word\n" * 8, "word\n" * 14, LONG):
            await paste(desk, text)
            if text is LONG:
                await desk.press("tab")  # unfold it
            await desk.until(lambda: desk.chat.prompt.text == text)  # noqa: B023
            await desk.press(*["ctrl+z"] * 4)
            assert desk.app.is_running and not desk.chat.prompt.text
        await desk.type("line\n" * 25)
        await desk.press(*["ctrl+z"] * 8)
        await desk.press(*["alt+z"] * 8)
        assert desk.app.is_running and desk.chat.prompt.text == "line\n" * 25


async def test_the_cursor_steps_over_a_folded_paste_alone(desk: Desk) -> None:
    await desk.type("a")
    await paste(desk, LONG)
    await desk.type("b")
    columns = []
    for key in ("left", "left", "left", "right", "right", "right"):
        await desk.press(key)
        columns.append(desk.chat.prompt.cursor_location[1])
    end = len(desk.chat.prompt.text)
    assert columns == [end - 1, 1, 0, 1, end - 1, end]
