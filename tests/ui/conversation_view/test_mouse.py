"""The mouse: selecting, unfolding, opening, the wheel and the rail."""

from textual.pilot import Pilot

from tests.ui.conversation_view.pane_app import PaneApp
from tests.ui.conversation_view.showing import row_of, settled, shown
from tests.ui.turns import conversation, exchanges, prompt, reply, thinking
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.messages import CopyRequested, LinkChosen


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down(ConversationPane, offset=start)
    await pilot.hover(ConversationPane, offset=end)
    await pilot.mouse_up(ConversationPane, offset=end)


async def copied(app: PaneApp, pilot: Pilot[None]) -> str:
    app.pane.action_copy_chosen()
    await pilot.pause()
    intent = app.intents[-1]
    assert isinstance(intent, CopyRequested)
    assert intent.what == "selection"
    return intent.text


async def test_a_selection_across_turns_is_copied_without_gutters() -> None:
    async with shown(conversation(prompt(0, "one two"), reply(1, "three four"))) as (app, pilot):
        rows = await settled(app, pilot)
        before = app.screen._compositor.render_strips()
        await drag(pilot, (3 + 4, row_of(rows, "one")), (3 + 5, row_of(rows, "three")))
        assert await copied(app, pilot) == "two\n\nthree"
        assert await settled(app, pilot) == rows
        after = app.screen._compositor.render_strips()
        highlighted = [y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert highlighted[:2] == [row_of(rows, "one"), row_of(rows, "three")]


async def test_a_selection_stays_on_its_text_in_a_window_of_another_width() -> None:
    prose = "Some words before it. " * 8 + "From here " + "on and on " * 12 + "to there. " + "And what follows. " * 8
    items = "\n".join(f"- item {number} of a list" for number in range(5))
    async with shown(conversation(prompt(0, "x"), reply(1, f"{prose}\n\n{items}"))) as (app, pilot):
        rows = await settled(app, pilot)
        first, last = row_of(rows, "From here"), row_of(rows, "item 3")
        await drag(pilot, (rows[first].index("From here"), first), (rows[last].index("item 3") + 6, last))
        selected = await copied(app, pilot)
        assert selected.startswith("From here on") and selected.endswith("item 3")
        for width in (44, 130, 60):
            await pilot.resize_terminal(width, 30)
            await settled(app, pilot)
            assert await copied(app, pilot) == selected


async def test_a_selection_in_text_that_is_folded_later_survives_another_width() -> None:
    async with shown(conversation(prompt(0, "hello"), reply(1, thinking(9), "the answer"))) as (app, pilot):
        app.pane.folding.toggle(1, 1)
        rows = await settled(app, pilot)
        await drag(pilot, (6, row_of(rows, "thought 5")), (12, row_of(rows, "thought 7")))
        assert "thought 6" in await copied(app, pilot)
        app.pane.folding.toggle(1, 1)
        await pilot.resize_terminal(44, 30)
        assert row_of(await settled(app, pilot), "the answer")
        assert "thought 6" not in app.pane.selected_text


async def test_a_selection_in_details_that_are_hidden_later_survives_another_width() -> None:
    async with shown(conversation(prompt(0, "hello"), reply(1, "the answer"))) as (app, pilot):
        entry = app.pane.viewport.turns.entries[1]
        app.pane.folding.toggle_details(entry)
        rows = await settled(app, pilot)
        first = row_of(rows, "the answer") + 2
        await drag(pilot, (3, first), (20, first + 2))
        assert app.pane.highlights.selection.ends is not None
        app.pane.folding.toggle_details(entry)
        await pilot.resize_terminal(44, 30)
        assert row_of(await settled(app, pilot), "the answer")


async def test_a_wrapped_line_is_copied_as_one() -> None:
    text = "word " * 40
    async with shown(conversation(prompt(0, "x"), reply(1, text))) as (app, pilot):
        rows = await settled(app, pilot)
        first = row_of(rows, "word")
        await drag(pilot, (3, first), (70, first + 2))
        assert await copied(app, pilot) == text.strip()


async def test_items_are_copied_with_the_markers_that_the_source_has() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, "1. one\n   - [x] two\n2. three\n"))) as (app, pilot):
        first = row_of(await settled(app, pilot), "1. one")
        await drag(pilot, (1, first), (70, first + 2))
        assert await copied(app, pilot) == "1. one\n   - [x] two\n2. three"


async def test_two_clicks_take_a_word_and_three_a_line() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, "alpha beta " + "gamma " * 20))) as (app, pilot):
        at = (3 + 7, row_of(await settled(app, pilot), "alpha"))
        await pilot.double_click(ConversationPane, offset=at)
        assert await copied(app, pilot) == "beta"
        await pilot.triple_click(ConversationPane, offset=at)
        assert await copied(app, pilot) == ("alpha beta " + "gamma " * 20).strip()


async def test_a_click_elsewhere_lets_go_of_the_selection() -> None:
    async with shown(conversation(prompt(0, "one two"), reply(1, "three"))) as (app, pilot):
        y = row_of(await settled(app, pilot), "one")
        await drag(pilot, (3, y), (8, y))
        assert app.pane.highlights.selection.ends is not None
        await pilot.click(ConversationPane, offset=(3, y))
        assert app.pane.highlights.selection.ends is None


async def test_dragging_over_the_edge_scrolls_on() -> None:
    async with shown(exchanges(30)) as (app, pilot):
        await pilot.mouse_down(ConversationPane, offset=(5, 10))
        await pilot.hover(ConversationPane, offset=(5, 0))
        while not any("reply 49 line 0" in row for row in await settled(app, pilot)):
            await pilot.pause(0.02)
        await pilot.mouse_up(ConversationPane, offset=(5, 0))
        assert "reply 59 line 0" in await copied(app, pilot)
        assert not app.pane.following


async def test_a_click_on_the_head_of_a_fold_opens_it() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, thinking(), "answer"))) as (app, pilot):
        y = row_of(await settled(app, pilot), "▸ Thought")
        await pilot.click(ConversationPane, offset=(6, y))
        assert "thought 2" in "\n".join(await settled(app, pilot))


async def test_a_click_on_a_link_asks_to_open_it_and_hovering_shows_where_it_leads() -> None:
    async with shown(conversation(reply(1, "[words](https://example.org/deep)", parent_id=None))) as (app, pilot):
        y = row_of(await settled(app, pilot), "words")
        await pilot.hover(ConversationPane, offset=(5, y))
        assert "https://example.org/deep" in "\n".join(await settled(app, pilot))
        await pilot.click(ConversationPane, offset=(5, y))
        await pilot.pause()
        intent = app.intents[-1]
        assert isinstance(intent, LinkChosen)
        assert intent.url == "https://example.org/deep"


async def test_the_rail_goes_anywhere_and_shows_the_place() -> None:
    async with shown(exchanges(100)) as (app, pilot):
        height = app.pane.outer_size.height
        await pilot.mouse_down(ConversationPane, offset=(79, 0))
        rows = await settled(app, pilot)
        assert " ▌ prompt 0" in rows
        await pilot.hover(ConversationPane, offset=(79, height // 2))
        middle = [int(row.split()[1]) for row in await settled(app, pilot) if row.startswith("   reply")]
        assert middle
        assert 80 < middle[0] < 120
        await pilot.hover(ConversationPane, offset=(79, height - 1))
        await pilot.mouse_up(ConversationPane, offset=(79, height - 1))
        assert app.pane.following


async def test_the_wheel_scrolls() -> None:
    async with shown(exchanges(20)) as (app, pilot):
        before = await settled(app, pilot)
        app.pane.scroller.scroll(-3)
        after = await settled(app, pilot)
        assert after[3:10] == before[:7]
