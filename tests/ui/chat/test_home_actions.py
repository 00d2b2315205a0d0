"""An empty conversation: the prompt in the middle, what was used last below it, and one key to go back to it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import exchanges
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.load import load_settings
from tui_chat.storage.store import Store
from tui_chat.ui.chat.welcome import margin_of, rows_below_prompt, wordmark


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """A library of twelve conversations; the last one was used last."""
    store = await Store.open(":memory:")
    for number in range(12):
        turns = [replace(turn, id=f"{number}-{turn.id}") for turn in exchanges(1).turns]
        turns[1] = replace(turns[1], parent_id=turns[0].id)
        made = replace(exchanges(1), id=f"c-{number}", title=f"Topic {number}", turns=tuple(turns), head=turns[1].id)
        await store.create(made)
    yield store
    await store.aclose()


async def shows(desk: Desk, text: str) -> None:
    await desk.until(lambda: text in screen_text(desk.app))


async def test_what_was_used_last_is_below_the_prompt(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await shows(desk, "all 12 conversations")
        rows = screen_rows(desk.app)
        prompt = next(number for number, row in enumerate(rows) if "Ask anything" in row)
        first = next(number for number, row in enumerate(rows) if "Topic 11" in row)
        assert prompt < first and "Alt+1   " in rows[first] and "2 turns" in rows[first]
        assert [row.split("Topic ")[1].split()[0] for row in rows if "Topic" in row] == [
            str(number) for number in range(11, 2, -1)
        ]


async def test_alt_and_a_digit_opens_a_recent_conversation(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await desk.press("alt+2")
        await desk.until(lambda: desk.conversation.id == "c-10")
        assert not desk.chat.home_panel.display and desk.chat.prompt.has_focus
        await desk.press("alt+3")
        assert desk.conversation.id == "c-10"


async def test_a_digit_that_is_typed_is_text(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await shows(desk, "Topic 11")
        await desk.press("2")
        assert desk.chat.prompt.text == "2" and not desk.conversation.turns


async def test_down_goes_into_the_list_and_enter_opens(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await shows(desk, "Topic 11")
        await desk.press("down", "down")
        assert desk.chat.home_panel.has_focus
        await shows(desk, "Alt+2 › Topic 10")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.id == "c-10")


async def test_up_escape_and_text_lead_back_to_the_prompt(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await shows(desk, "Topic 11")
        for key in ("up", "escape"):
            await desk.press("down", key)
            assert desk.chat.prompt.has_focus
        await desk.press("down")
        await desk.type("word")
        await desk.until(lambda: desk.chat.prompt.text == "word")
        assert desk.chat.prompt.has_focus and not desk.conversation.turns


async def test_the_first_prompt_takes_the_panel_away_and_a_new_conversation_brings_it_back(store: Store) -> None:
    async with desk_with(store=store, size=(100, 40)) as desk:
        await desk.ask("hello there")
        assert not desk.chat.home_panel.display
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.chat.home_panel.display)
        await shows(desk, "hello there")


async def test_a_library_that_cannot_be_read_leaves_the_prompt_alone() -> None:
    async with desk_with(size=(60, 20)) as desk:
        await desk.press("alt+1", "down")
        assert desk.chat.prompt.has_focus and "Recent" not in screen_text(desk.app)


@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24), (120, 40), (200, 50)])
async def test_prompt_and_footer_are_visible_in_every_window(store: Store, size: tuple[int, int]) -> None:
    async with desk_with(store=store, size=size) as desk:
        for text in ("", "/", "line\n" * 30):
            await desk.type(text)
            rows = screen_rows(desk.app)
            assert "demo/tour" in rows[-1]
            await desk.until(lambda: 1 <= desk.chat.prompt.region.bottom <= size[1] - 1)
            assert desk.chat.prompt.region.height >= 1
            await desk.press("ctrl+c")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_body_prompt_and_footer_start_in_one_column(store: Store, width: int) -> None:
    async with desk_with(store=store, size=(width, 40)) as desk:
        await shows(desk, "Topic 11")
        rows = screen_rows(desk.app)
        starts = {
            row.index(words)
            for row in rows
            for words in ("Ask anything", "Recent conversations", "demo/tour")
            if words in row
        }
        assert starts == {margin_of(width)}


def test_the_state_of_the_key_is_named() -> None:
    settings = load_settings(environ={})
    assert KeyRing(settings, {"ANTHROPIC_API_KEY": "x"}).note("anthropic/m") == ("ANTHROPIC_API_KEY is set", False)
    assert KeyRing(settings, {}).note("anthropic/m") == ("ANTHROPIC_API_KEY is not set", True)
    assert KeyRing(settings, {}).note("demo/tour") == ("no key needed", False)
    assert KeyRing(settings, {}).note("unheard/of") == ("", False)


@pytest.mark.parametrize("height", range(30))
def test_the_wordmark_fits_its_room(height: int) -> None:
    assert len(wordmark(100, height)) <= height
    assert all(len(row) <= 10 for row in wordmark(10, height))


def test_rows_below_the_prompt_leave_room_above_it() -> None:
    for height in range(4, 100):
        assert 0 <= rows_below_prompt(height) <= height - 4


async def test_the_list_ends_above_an_empty_row_in_a_window_of_eighty_by_twenty_four(store: Store) -> None:
    async with desk_with(store=store, size=(80, 24)) as desk:
        await shows(desk, "all 12 conversations")
        rows = screen_rows(desk.app)
        assert "all 12 conversations" in rows[-3] and not rows[-2] and "Enter send" in rows[-1]
