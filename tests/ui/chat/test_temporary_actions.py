"""A temporary conversation: saved nowhere, shown as such, left only when it is certain."""

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.ui import press_again
from tui_chat.ui.library.screen import LibraryScreen
from tui_chat.ui.widgets.conversation_header import TEMPORARY

DISCARDS = "Leaving discards this temporary conversation."


@pytest.fixture(autouse=True)
def no_key_held_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test presses keys faster than a person repeats one."""
    monkeypatch.setattr(press_again, "HELD_DOWN_S", 0.0)


def is_temporary(desk: Desk) -> bool:
    return desk.chat.context.is_temporary


async def open_temporary(desk: Desk) -> None:
    await desk.type("/temp")
    await desk.press("enter")
    await desk.until(lambda: is_temporary(desk))


async def send(desk: Desk, text: str) -> None:
    await desk.type(text)
    await desk.press("enter")
    await desk.until(lambda: len(desk.conversation.path) > 1 and not desk.chat.service.replies)
    await desk.settle()


async def test_a_temporary_conversation_is_marked_and_leaves_the_saved_ones_as_they_were() -> None:
    async with desk_with(*[HELLO] * 3) as desk:
        await desk.ask("hi")
        saved = desk.conversation
        await open_temporary(desk)
        assert "saved nowhere" in screen_text(desk.app) and "TEMPORARY" in screen_text(desk.app)
        await send(desk, "a secret")
        assert TEMPORARY in screen_text(desk.app) and "Hello" in screen_text(desk.app)
        assert desk.app.title == "Temporary conversation"
        await desk.press("alt+n")
        assert is_temporary(desk) and DISCARDS in screen_text(desk.app)
        await desk.press("alt+n")
        await desk.until(lambda: not is_temporary(desk))
        assert desk.conversation.id == saved.id and desk.app.title == saved.title
        await send(desk, "more")
        assert [row.id for row in await desk.store.summaries()] == [saved.id]
        assert "a secret" not in await desk.store.prompts() and await desk.store.draft(None) == ""


async def test_words_typed_right_after_the_command_go_into_the_temporary_conversation(desk: Desk) -> None:
    await desk.type("/temp")
    await desk.press("enter", *"secret")
    await desk.until(lambda: is_temporary(desk) and desk.chat.prompt.draft == "secret")
    await desk.press("ctrl+n")
    assert is_temporary(desk) and DISCARDS in screen_text(desk.app), "a draft is asked about as well"
    await desk.press("ctrl+n")
    await desk.until(lambda: not is_temporary(desk))
    assert desk.chat.prompt.draft == "" and await desk.store.draft(None) == ""


async def test_an_empty_temporary_conversation_is_left_at_once(desk: Desk) -> None:
    await desk.ask("hi")
    shown = desk.conversation.id
    await open_temporary(desk)
    await desk.press("ctrl+n")
    await desk.until(lambda: not is_temporary(desk))
    assert not desk.conversation.turns and desk.conversation.id != shown, "Ctrl+N opens a new saved conversation"


async def test_the_library_shows_the_saved_conversations_after_leaving(desk: Desk) -> None:
    await desk.ask("hi there")
    await open_temporary(desk)
    await send(desk, "a secret")
    await desk.press("ctrl+o")
    assert is_temporary(desk) and DISCARDS in screen_text(desk.app)
    await desk.press("ctrl+o")
    await desk.until(lambda: isinstance(desk.app.screen, LibraryScreen) and "hi there" in screen_text(desk.app))
    assert "a secret" not in screen_text(desk.app)


async def test_leaving_stops_the_temporary_reply_and_a_saved_one_goes_on() -> None:
    async with desk_with(provider=None) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await open_temporary(desk)
        await desk.type("secret")
        await desk.press("enter", "alt+n", "alt+n")
        await desk.until(lambda: not is_temporary(desk))
        await desk.idle()
        assert [turn.text for turn in desk.conversation.path] == ["hi", "Hello"]


async def test_a_run_that_saves_nothing_has_no_other_conversations_to_leave_for() -> None:
    async with desk_with(HELLO) as desk:
        await open_temporary(desk)
        desk.chat.actions.temporary._saved = None  # as with `--temp`
        await desk.type("/temp")
        await desk.press("enter")
        await desk.until(lambda: "it was started with --temp" in screen_text(desk.app))
