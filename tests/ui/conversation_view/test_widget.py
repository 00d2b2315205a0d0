"""What the pane shows of a conversation: streaming, scrolled, folded, and at any size and theme."""

import asyncio
from dataclasses import replace

import pytest
from textual.screen import Screen

from tests.ui.conversation_view.showing import live, settled, shown
from tests.ui.screen import screen_rows, screen_text
from tests.ui.turns import conversation, exchanges, prompt, reply, thinking
from tui_chat.core.error import Fault
from tui_chat.core.event import Delta, PartEnd, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.core.part import AttachmentPart, OtherPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import TurnStatus


async def test_the_end_of_a_conversation_is_shown_first() -> None:
    async with shown(exchanges(50)) as (app, _pilot):
        rows = screen_rows(app)
        assert "   reply 99 line 5" in [row.rstrip("▐ ") for row in rows]
        assert app.pane.following


async def test_a_short_conversation_begins_at_the_top() -> None:
    async with shown(conversation(prompt(0, "hello"), reply(1, "hi"))) as (app, _pilot):
        rows = screen_rows(app)
        assert rows[0].startswith(" ▌ You")
        assert rows[1] == " ▌ hello"
        assert rows[4] == "   hi"


async def test_a_reply_appears_as_it_comes_in() -> None:
    async with shown(exchanges(1)) as (app, pilot):
        turn, _ = live(parent="turn-1")
        app.pane.add_turn(turn)
        app.pane.apply(TextDelta("first "))
        assert "   first" in await settled(app, pilot)
        app.pane.apply(TextDelta("second"))
        assert "   first second" in await settled(app, pilot)


async def test_what_streamed_looks_like_what_was_saved() -> None:
    text = "# Title\n\n- one\n- two\n\n```py\nx = 1\n```\n\nend of it"
    deltas: list[Delta] = [ThinkingDelta("hm\nhm"), PartEnd(), *(TextDelta(letter) for letter in text)]
    turn, done = live(*deltas)
    ended = replace(done, status=TurnStatus.COMPLETE)
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        for delta in deltas:
            app.pane.apply(delta)
            await pilot.pause()
        app.pane.end_turn(ended)
        streamed = await settled(app, pilot)
    async with shown(conversation(ended)) as (app, pilot):
        assert await settled(app, pilot) == streamed


async def test_a_reader_who_scrolled_up_is_left_alone() -> None:
    async with shown(exchanges(20)) as (app, pilot):
        app.pane.action_page(-1)
        before = await settled(app, pilot)
        turn, _ = live(parent="turn-39")
        app.pane.add_turn(turn)
        for number in range(60):
            app.pane.apply(TextDelta(f"new {number}\n\n"))
        app.screen.set_focus(app.pane)
        after = await settled(app, pilot)
        assert after[:15] == before[:15]
        assert not app.pane.following
        await pilot.resize_terminal(80, 30)
        assert (await settled(app, pilot))[:15] == before[:15]


async def test_a_marker_shows_how_much_is_new_and_one_action_returns() -> None:
    async with shown(exchanges(20)) as (app, pilot):
        app.pane.action_page(-1)
        turn, _ = live(parent="turn-39")
        app.pane.add_turn(turn)
        app.pane.apply(TextDelta("\n".join(f"- new {number}" for number in range(10))))
        rows = await settled(app, pilot)
        assert "↓ 14 new lines  end" in "\n".join(rows)
        app.pane.action_end()
        rows = await settled(app, pilot)
        assert "new lines" not in "\n".join(rows)
        assert any("new 9" in row for row in rows)
        assert app.pane.following


async def test_the_same_paragraph_stays_first_when_the_width_changes() -> None:
    text = "\n\n".join(f"paragraph {number} " + "some words " * 30 for number in range(40))
    async with shown(conversation(prompt(0, "go"), reply(1, text)), size=(120, 24)) as (app, pilot):
        app.pane.action_start()
        while "paragraph 10 " not in (first := (await settled(app, pilot))[0]):
            app.pane.action_scroll_line(1)
        for width in (60, 200, 47, 120):
            await pilot.resize_terminal(width, 24)
            assert "paragraph 10 " in (await settled(app, pilot))[0]
        assert (await settled(app, pilot))[0] == first


async def test_thinking_is_open_while_it_comes_and_folded_when_the_answer_begins() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        app.pane.apply(ThinkingDelta("deep thought"))
        text = "\n".join(await settled(app, pilot))
        assert "▾ Thinking" in text
        assert "deep thought" in text
        app.pane.apply(TextDelta("answer"))
        text = "\n".join(await settled(app, pilot))
        assert "▸ Thought · 2 words" in text
        assert "deep thought" not in text


async def test_unfolding_leaves_the_first_row_where_it_is() -> None:
    async with shown(conversation(prompt(0, "x\n" * 30), reply(1, thinking(20), "answer\n\n" * 20))) as (app, pilot):
        app.pane.action_start()
        app.pane.action_scroll_line(25)
        before = await settled(app, pilot)
        app.pane.folding.toggle(1, 1)
        unfolded = await settled(app, pilot)
        assert unfolded[0] == before[0]
        assert "thought 3" in "\n".join(unfolded)
        app.pane.folding.toggle(1, 1)
        assert await settled(app, pilot) == before


async def test_every_kind_of_part_has_a_row() -> None:
    parts = (
        ToolCallPart("a", "read_file", '{"path": "src/app.py", "limit": 4}'),
        ToolResultPart("a", "one\ntwo"),
        ToolResultPart("b", "it broke", is_error=True),
        AttachmentPart("plan.png", "image/png", b"x" * 2048),
        OtherPart("search_result"),
    )
    async with shown(conversation(reply(1, *parts, parent_id=None))) as (app, _pilot):
        text = screen_text(app)
    assert "▸ read_file  src/app.py, 4" in text
    assert "▸ ↳ one · 2 lines" in text
    assert "· ↳ it broke" in text
    assert "plan.png  PNG, 2 kB" in text
    assert "search_result" in text


async def test_how_a_turn_ended_is_shown_below_it() -> None:
    failed = reply(1, "half", status=TurnStatus.FAILED, fault=Fault("overloaded", "busy"))
    async with shown(conversation(prompt(0, "x"), failed)) as (app, _pilot):
        assert " ▌ It is failed · demo\n ▌ Busy\n ▌ r tries again" in screen_text(app)


async def test_siblings_and_a_new_model_are_named() -> None:
    turns = (
        prompt(0, "x"),
        reply(1, "one", model="demo/first"),
        replace(reply(2, "two", model="demo/second"), parent_id="turn-0"),
    )
    async with shown(conversation(*turns)) as (app, _pilot):
        text = screen_text(app)
        assert "second" in text
        assert "‹2/2›" in text


async def test_names_from_outside_are_made_harmless() -> None:
    hostile = "\x1b]52;c;x\x07[/]\u202e"
    parts = (ToolCallPart("a", hostile, hostile), ToolResultPart("a", hostile), AttachmentPart(hostile, hostile))
    async with shown(conversation(reply(1, *parts, OtherPart(hostile), model=hostile, parent_id=None))) as (
        app,
        _pilot,
    ):
        text = screen_text(app)
    assert "[/]" in text
    assert not set(text) & set("\x1b\x07\u202e")


async def test_tool_calls_grow_while_they_come_in() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        app.pane.apply(ToolCallDelta("a", "search", '{"query": "tex'))
        assert "search" in "\n".join(await settled(app, pilot))
        app.pane.apply(ToolCallDelta("a", "", 'tual"}'))
        assert "▸ search  textual" in "\n".join(await settled(app, pilot))


async def test_a_burst_of_deltas_is_drawn_in_a_few_frames() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        drawn = 0
        picture = app.pane._frame

        def counted() -> object:
            nonlocal drawn
            drawn += 1
            return picture()

        app.pane._frame = counted  # type: ignore[method-assign, assignment]
        for _ in range(10_000):
            app.pane.apply(TextDelta("word "))
        await settled(app, pilot)
        assert drawn <= 10
        assert app.pane.viewport.turns.streaming is not None
        assert len(app.pane.viewport.turns.streaming.turn.text) == 50_000


async def test_the_pane_asks_for_no_layout_while_a_reply_grows() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        await settled(app, pilot)
        layouts = 0

        def laid_out(_screen: object) -> None:
            nonlocal layouts
            layouts += 1

        app.screen.screen_layout_refresh_signal.subscribe(app.pane, laid_out, immediate=True)
        for number in range(50):
            app.pane.apply(TextDelta(f"line {number}\n\n"))
            await settled(app, pilot)
        assert layouts == 0


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
        app.pane.add_turn(turn)
        for width in (30, 90, 12, 140, 61, 80):
            app.pane.apply(TextDelta("some words that wrap differently at any width, `code` too. " * 3))
            await pilot.resize_terminal(width, 20 + width % 7)
        stormy = await settled(app, pilot)
        assert app.pane.viewport.turns.streaming is not None
        grown = app.pane.viewport.turns.streaming.turn
    async with shown(conversation(*exchanges(3).turns, grown), size=(80, 23)) as (app, pilot):
        assert await settled(app, pilot) == stormy


async def test_nothing_is_drawn_behind_another_screen_and_all_is_there_on_the_way_back() -> None:
    turn, _ = live(parent="turn-1")
    async with shown(exchanges(1)) as (app, pilot):
        app.pane.add_turn(turn)
        await app.push_screen(Screen())
        await pilot.pause()
        pictures = 0
        picture = app.pane._frame

        def counted() -> object:
            nonlocal pictures
            pictures += 1
            return picture()

        app.pane._frame = counted  # type: ignore[method-assign, assignment]
        for number in range(40):
            app.pane.apply(TextDelta(f"line {number * 50}\n\n" + "So *many* words `here`.\n\n" * 50))
            await pilot.pause()
        app.pane.apply(TextDelta("the end\n\n"))
        assert pictures == 0
        app.pop_screen()
        async with asyncio.timeout(10):
            while not any("the end" in row for row in screen_rows(app)):
                await pilot.pause(0.01)


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


async def test_an_empty_conversation_has_a_welcome() -> None:
    async with shown(conversation()) as (app, pilot):
        app.pane.show_welcome(lambda width, height: ["", f"welcome to {width} x {height}"])
        rows = await settled(app, pilot)
        assert rows[1].startswith("   welcome to ") and rows[1].endswith(str(app.pane.size.height))
        app.pane.show(exchanges(1))
        assert "welcome" not in "\n".join(await settled(app, pilot))


async def test_the_note_of_a_reply_is_gone_when_it_arrives() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        app.pane.show_note("Trying again in 4 s.", "esc stops")
        assert "Trying again in 4 s.  esc stops" in "\n".join(await settled(app, pilot))
        app.pane.apply(TextDelta("here"))
        assert "Trying again" not in "\n".join(await settled(app, pilot))


async def test_hidden_thinking_that_turns_out_to_have_words_can_be_unfolded() -> None:
    turn, _ = live()
    async with shown(conversation()) as (app, pilot):
        app.pane.add_turn(turn)
        app.pane.apply(ThinkingDelta(""))
        assert "· Thinking" in "\n".join(await settled(app, pilot))
        app.pane.apply(ThinkingDelta("a thought"))
        text = "\n".join(await settled(app, pilot))
        assert "▾ Thinking" in text
        assert "a thought" in text


async def test_work_ahead_comes_to_an_end_and_then_nothing_is_scheduled(monkeypatch: pytest.MonkeyPatch) -> None:
    # By the clock: on a busy machine the usual second is over before all turns are measured.
    monkeypatch.setattr("tui_chat.ui.conversation_view.prelayout._MOST_S", 60.0)
    async with shown(exchanges(40)) as (app, pilot):
        layout_options = app.pane.viewport.turns.layout_options
        while not all(entry.is_measured(layout_options) for entry in app.pane.viewport.turns.entries):
            await pilot.pause(0.02)
        while app.pane.prelayout._timer is not None:
            await pilot.pause(0.02)
        total = sum(app.pane.viewport.turns.layout(index).rows for index in range(80))
        assert app.pane.viewport.turns.heights.total == total
