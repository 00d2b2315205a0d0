"""A reply is edited as a branch of its own: nothing is sent, and the reply of the model stays."""

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.turn import EDITED


async def test_an_edited_reply_is_a_sibling_and_goes_with_later_requests(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("tab", "E")
    assert desk.chat.prompt.text == "Hello" and "editing a reply" in screen_text(desk.app)
    await desk.type(", corrected")
    await desk.press("enter")
    await desk.until(lambda: desk.conversation.path[-1].text == "Hello, corrected")
    assert len(desk.provider.requests) == 1 and "edited by you" in screen_text(desk.app)
    stored = await desk.store.conversation(desk.conversation.id)
    assert [turn.text for turn in stored.turns] == ["hi", "Hello", "Hello, corrected"]
    assert stored.path[-1].stop_reason == EDITED and stored.path[-1].cost is None
    await desk.ask("go on")
    assert [turn.text for turn in desk.provider.requests[-1].turns] == ["hi", "Hello, corrected", "go on"]
    await desk.press("alt+u")
    assert desk.chat.prompt.text == ""


async def test_the_draft_comes_back_after_an_edit_and_escape_leaves_it(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("my draft")
    await desk.press("tab", "E", "escape")
    assert desk.chat.prompt.text == "my draft" and "editing" not in screen_text(desk.app)
    await desk.type("/edit-reply")
    desk.chat.prompt.draft = "/edit-reply"
    await desk.press("enter")
    await desk.until(lambda: desk.chat.prompt.text == "Hello")


async def test_a_text_of_many_lines_is_shown_whole_to_be_edited_also_after_a_switch() -> None:
    reply, prompt = ("\n".join(f"{what} {at}" for at in range(40)) for what in ("reply", "prompt"))
    async with desk_with((TextDelta(reply), Stopped("end_turn"))) as desk:
        desk.chat.prompt.draft = prompt
        await desk.press("enter")
        await desk.idle()
        for keys, text in ((("f9",), prompt), (("escape", "tab", "E"), reply)):
            await desk.press(*keys)
            assert desk.chat.prompt.text == text
        await desk.type("!")
        first = desk.conversation
        await desk.press("ctrl+n")
        assert desk.chat.prompt.text == ""
        await desk.chat.open(first)
        assert desk.chat.prompt.text == f"{reply}!"
