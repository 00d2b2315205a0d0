"""Sizes, screens and themes that come and go around the pane."""

import pytest
from textual.screen import Screen

from tests.ui.conversation_view.showing import live, settled, shown
from tests.ui.screen import screen_rows
from tests.ui.turns import conversation, exchanges, prompt, reply, thinking
from tui_chat.core.event import TextDelta, ThinkingDelta


@pytest.mark.parametrize("size", [(1, 3), (2, 3), (5, 4), (9, 5), (16, 8), (60, 18), (300, 60)])
async def test_any_size_of_window_is_drawn(size: tuple[int, int]) -> None:
    turns = (
        prompt(0, "hello " * 30),
        reply(1, thinking(), "# T\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n" + "日本 " * 40),
    )
    async with shown(conversation(*turns), size=size) as (app, pilot):
        app.pane.action_page(-1)
        app.pane.action_fold_all()
        app.pane.find("hello")
        app.pane.action_step_turn(-1)
        await settled(app, pilot)
        assert all(strip.cell_length == size[0] for strip in app.screen._compositor.render_strips())


async def test_a_storm_of_sizes_ends_with_what_the_last_one_shows() -> None:
    turn, _ = live(parent="turn-5")
    async with shown(exchanges(3)) as (app, pilot):
        app.pane.begin(turn)
        for width in (30, 90, 12, 140, 61, 80):
            app.pane.apply(TextDelta("some words that wrap differently at any width, `code` too. " * 3))
            await pilot.resize_terminal(width, 20 + width % 7)
        stormy = await settled(app, pilot)
        assert app.pane.viewport.growth is not None
        grown = app.pane.viewport.growth.turn
    async with shown(conversation(*exchanges(3).turns, grown), size=(80, 23)) as (app, pilot):
        assert await settled(app, pilot) == stormy


async def test_nothing_is_drawn_behind_another_screen_and_all_is_there_on_the_way_back() -> None:
    turn, _ = live(parent="turn-1")
    async with shown(exchanges(1)) as (app, pilot):
        app.pane.begin(turn)
        await app.push_screen(Screen())
        await pilot.pause()
        pictures = 0
        picture = app.pane._picture

        def counted() -> object:
            nonlocal pictures
            pictures += 1
            return picture()

        app.pane._picture = counted  # type: ignore[method-assign, assignment]
        for number in range(40):
            app.pane.apply(TextDelta(f"line {number}\n\n"))
            await pilot.pause()
        assert pictures == 0
        app.pop_screen()
        await pilot.pause(0.1)
        assert any("line 39" in row for row in screen_rows(app))


@pytest.mark.parametrize("theme", ["textual-light", "nord", "ansi-dark"])
async def test_another_theme_recolours_and_moves_nothing(theme: str) -> None:
    async with shown(exchanges(5)) as (app, pilot):
        app.pane.action_page(-1)
        before = await settled(app, pilot)
        strips = app.screen._compositor.render_strips()[:10]
        app.theme = theme
        await pilot.pause(0.1)
        assert (await settled(app, pilot)) == before
        assert app.screen._compositor.render_strips()[:10] != strips


async def test_an_empty_conversation_says_what_to_do() -> None:
    async with shown(conversation()) as (app, pilot):
        app.pane.invite("Ask anything.", "enter sends")
        rows = await settled(app, pilot)
        assert "   Ask anything." in rows
        app.pane.show(exchanges(1))
        assert "Ask anything." not in "\n".join(await settled(app, pilot))


async def test_what_is_said_of_a_reply_is_gone_when_it_arrives() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.begin(turn)
        app.pane.say("Trying again in 4 s.", "esc stops")
        assert "Trying again in 4 s.  esc stops" in "\n".join(await settled(app, pilot))
        app.pane.apply(TextDelta("here"))
        assert "Trying again" not in "\n".join(await settled(app, pilot))


async def test_hidden_thinking_that_turns_out_to_have_words_can_be_unfolded() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.begin(turn)
        app.pane.apply(ThinkingDelta(""))
        assert "· Thinking" in "\n".join(await settled(app, pilot))
        app.pane.apply(ThinkingDelta("a thought"))
        text = "\n".join(await settled(app, pilot))
        assert "▾ Thinking" in text
        assert "a thought" in text


async def test_work_ahead_comes_to_an_end_and_then_nothing_is_scheduled() -> None:
    async with shown(exchanges(40)) as (app, pilot):
        layout_options = app.pane.viewport.layout_options
        while not all(entry.is_measured(layout_options) for entry in app.pane.viewport.entries):
            await pilot.pause(0.02)
        while app.pane.ahead._timer is not None:
            await pilot.pause(0.02)
        total = sum(app.pane.viewport.layout(index).rows for index in range(80))
        assert app.pane.viewport.heights.total == total
