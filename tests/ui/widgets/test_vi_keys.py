"""The keys of vi in the prompt: each motion and command, the sign of the mode, and no way to be caught in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.settings.load import load_settings

NAMED = {"$": "dollar_sign", "^": "circumflex_accent"}


@asynccontextmanager
async def with_vi() -> AsyncIterator[Desk]:
    settings = load_settings(environ={})
    async with desk_with(settings=settings._replace(ui=settings.ui._replace(prompt_keys="vi"))) as desk:
        yield desk


async def normal(desk: Desk, text: str, at: tuple[int, int] = (0, 0)) -> None:
    """The normal mode in this text, at this place."""
    desk.chat.prompt.draft = text
    await desk.press("escape")
    desk.chat.prompt.move_cursor(at)


async def keys(desk: Desk, typed: str) -> None:
    await desk.press(*typed)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("w", (0, 4)),
        ("ww", (0, 7)),
        ("2w", (0, 7)),
        ("e", (0, 2)),
        ("$", (0, 13)),
        ("$b", (0, 9)),
        ("$0", (0, 0)),
        ("lll", (0, 3)),
        ("lh", (0, 0)),
        ("j", (1, 0)),
        ("jk", (0, 0)),
        ("j^", (1, 2)),
        ("G", (1, 10)),
        ("Ggg", (0, 0)),
        ("www", (0, 9)),
        ("wwww", (1, 2)),
    ],
)
async def test_a_motion_leads_where_it_does_in_vi(typed: str, place: tuple[int, int]) -> None:
    async with with_vi() as desk:
        await normal(desk, "one two, four\n  indented")
        await keys(desk, typed)
        assert desk.chat.prompt.cursor_location == place
        assert desk.chat.prompt.text == "one two, four\n  indented"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("x", "ne two\nthree"),
        ("3x", " two\nthree"),
        ("dw", "two\nthree"),
        ("d2w", "\nthree"),
        ("de", " two\nthree"),
        ("d$", "\nthree"),
        ("wD", "one \nthree"),
        ("dd", "three"),
        ("jdd", "one two"),
        ("2dd", ""),
        ("cwnew", "new two\nthree"),
        ("ccnew", "new\nthree"),
        ("wCnew", "one new\nthree"),
        ("iX", "Xone two\nthree"),
        ("aX", "oXne two\nthree"),
        ("AX", "one twoX\nthree"),
        ("wIX", "Xone two\nthree"),
        ("oX", "one two\nX\nthree"),
        ("OX", "X\none two\nthree"),
        ("dwP", "one two\nthree"),
        ("ddp", "three\none two"),
        ("yyp", "one two\none two\nthree"),
        ("ddu", "one two\nthree"),
        ("xp", "noe two\nthree"),
    ],
)
async def test_a_command_changes_what_it_does_in_vi(typed: str, text: str) -> None:
    async with with_vi() as desk:
        await normal(desk, "one two\nthree")
        await keys(desk, typed)
        assert desk.chat.prompt.text == text


async def test_the_mode_is_shown_and_every_way_out_leads_to_writing() -> None:
    async with with_vi() as desk:
        assert "NORMAL" not in screen_text(desk.app)
        await normal(desk, "hello")
        assert " NORMAL " in screen_text(desk.app) and "write" in screen_text(desk.app)
        await desk.press("2", "d")
        assert "2d" in screen_text(desk.app)
        await desk.press("escape", "i")
        assert "NORMAL" not in screen_text(desk.app) and desk.chat.prompt.text == "hello"
        await desk.press("escape", "enter")
        await desk.idle()
        assert desk.conversation.path[0].text == "hello"
        await desk.type("typed at once")
        assert desk.chat.prompt.text == "typed at once" and "NORMAL" not in screen_text(desk.app)


async def test_escape_stops_the_reply_from_an_empty_prompt_and_from_the_normal_mode() -> None:
    async with with_vi() as desk:
        await desk.ask("hi")
        await normal(desk, "draft")
        await desk.press("escape")
        assert desk.chat.prompt.text == "draft", "nothing to stop, nothing lost"


async def test_nothing_to_undo_does_not_suspend(desk: Desk) -> None:
    async with with_vi() as vi_desk:
        await normal(vi_desk, "x")
        await keys(vi_desk, "uuuu")
        assert "suspend" not in screen_text(vi_desk.app)
    await desk.type("usual")
    await desk.press("escape")
    await desk.type(" keys")
    assert desk.chat.prompt.text == "usual keys"


async def test_alt_and_arrow_move_by_words_and_in_an_empty_prompt_by_branches(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("alt+r")
    await desk.idle()
    first, second = (turn.id for turn in desk.conversation.turns[1:])
    await desk.type("two words")
    await desk.press("alt+left")
    assert desk.chat.prompt.cursor_location == (0, 4) and desk.conversation.head == second
    await desk.press("alt+left", "alt+right")
    assert desk.chat.prompt.cursor_location == (0, 3)
    desk.chat.prompt.draft = ""
    await desk.press("alt+left")
    await desk.until(lambda: desk.conversation.head == first)
