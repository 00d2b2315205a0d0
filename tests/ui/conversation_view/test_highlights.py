"""Choosing, copying, opening and searching with the keyboard."""

from tests.ui.conversation_view.pane_app import PaneApp
from tests.ui.conversation_view.showing import live, row_of, settled, shown
from tests.ui.turns import conversation, exchanges, prompt, reply, thinking
from tui_chat.core.event import TextDelta
from tui_chat.core.part import TextPart
from tui_chat.ui.messages import CopyRequested, FileChosen, FindChanged, LinkChosen


def copied_last(app: PaneApp) -> CopyRequested:
    intent = app.intents[-1]
    assert isinstance(intent, CopyRequested)
    return intent


CODE = "text\n\n```py\nfirst = 1\n```\n\nmore\n\n```sh\nsecond --flag\n```\n"


async def test_a_turn_is_copied_as_it_was_written() -> None:
    source = "# Title\n\n- **one** " + "long " * 60 + "\n- two"
    async with shown(conversation(prompt(0, "x"), reply(1, source))) as (app, pilot):
        app.pane.action_step_turn(-1)
        app.pane.action_copy_turn()
        await pilot.pause()
        intent = copied_last(app)
        assert (intent.text, intent.what) == (source, "message")


async def test_what_is_highlighted_is_what_the_copy_key_copies() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, CODE))) as (app, pilot):
        copied = []
        pane = app.pane
        steps = (lambda: None, lambda: pane.action_step_code(-1), lambda: pane.action_step_turn(-1))
        for step in steps:
            step()
            pane.action_copy_chosen()
            await pilot.pause()
            copied.append((copied_last(app).text.rstrip("\n"), copied_last(app).what))
        whole = (CODE.rstrip("\n"), "message")
        assert copied == [whole, ("second --flag", "code block"), whole]


async def test_stepping_goes_from_turn_to_turn_and_shows_where() -> None:
    async with shown(exchanges(10)) as (app, pilot):
        app.pane.action_step_turn(-1)
        rows = await settled(app, pilot)
        assert " █ reply 19 line 0" in rows
        app.pane.action_step_turn(-1)
        app.pane.action_copy_turn()
        rows = await settled(app, pilot)
        intent = copied_last(app)
        assert intent.text == "prompt 18"
        for _ in range(8):
            app.pane.action_step_turn(-1)
        rows = await settled(app, pilot)
        assert rows[1] == " █ prompt 10"


async def test_stepping_goes_from_code_to_code_across_turns() -> None:
    first, second = reply(1, CODE), reply(3, CODE.replace("first", "third").replace("second", "fourth"))
    async with shown(conversation(prompt(0, "x"), first, prompt(2, "y", "turn-1"), second)) as (app, pilot):
        copied = []
        for _ in range(5):
            app.pane.action_step_code(-1)
            app.pane.action_copy_code()
            await pilot.pause()
            intent = copied_last(app)
            copied.append(intent.text.rstrip("\n"))
        assert copied == ["fourth --flag", "third = 1", "second --flag", "first = 1", "first = 1"]
        app.pane.action_step_code(1)
        app.pane.action_copy_code()
        await pilot.pause()
        intent = copied_last(app)
        assert intent.text.rstrip("\n") == "second --flag"


async def test_long_code_in_many_sections_is_one_step_and_copied_whole() -> None:
    long = "".join(f"line {number}\n" for number in range(8_000))
    text = f"{CODE}\n```log\n{long}```\n\n```\nlast = 1\n```\n"
    async with shown(conversation(prompt(0, "x"), reply(1, text))) as (app, pilot):
        copied = []
        for _ in range(4):
            app.pane.action_step_code(-1)
            app.pane.action_copy_code()
            await pilot.pause()
            copied.append(copied_last(app).text.rstrip("\n"))
        assert copied == ["last = 1", long.rstrip("\n"), "second --flag", "first = 1"]
        app.pane.action_step_code(1)
        app.pane.action_step_code(1)
        rows = await settled(app, pilot)
        assert any("line 3" in row for row in rows)
        app.pane.scroller.scroll(3_000)
        rows = await settled(app, pilot)
        assert all("█" in row for row in rows if "line" in row), "the whole block is the code at the cursor"


async def test_links_in_sight_are_stepped_through_and_only_safe_ones_opened() -> None:
    text = "[a](https://example.org/x) [b](file:///etc/passwd) and src/app.py:12 and <https://münchen.example/>"
    async with shown(conversation(reply(1, text, parent_id=None))) as (app, pilot):
        for _ in range(3):
            app.pane.action_step_link(1)
            app.pane.action_open_link()
        rows = await settled(app, pilot)
        opened = [intent for intent in app.intents if isinstance(intent, LinkChosen)]
        files = [(intent.path, intent.line) for intent in app.intents if isinstance(intent, FileChosen)]
        assert opened[0].url == "https://example.org/x"
        assert files == [("src/app.py", 12)]
        assert "xn--mnchen-3ya.example" in opened[-1].shown
        assert "xn--mnchen-3ya.example" in "\n".join(rows)
        assert not any("passwd" in link.url for link in opened)


async def test_a_search_finds_turns_that_were_never_laid_out() -> None:
    async with shown(exchanges(200)) as (app, pilot):
        app.pane.find("reply 21 line 3")
        rows = await settled(app, pilot)
        assert any("reply 21 line 3" in row for row in rows)
        found = app.intents[-1]
        assert isinstance(found, FindChanged)
        assert (found.current, found.total) == (1, 1)


async def test_a_search_steps_through_its_hits_and_around() -> None:
    async with shown(exchanges(3)) as (app, pilot):
        app.pane.find("line 5")
        seen = []
        for action in (app.pane.action_find_next, app.pane.action_find_next, app.pane.action_find_previous):
            action()
            await settled(app, pilot)
        for intent in app.intents:
            assert isinstance(intent, FindChanged)
            seen.append((intent.current, intent.total))
        assert seen == [(3, 3), (1, 3), (2, 3), (1, 3)]


async def test_hits_are_highlighted_also_where_a_line_is_wrapped() -> None:
    text = "word " * 13 + "needle in " + "word " * 5
    async with shown(conversation(reply(1, text, parent_id=None)), size=(80, 24)) as (app, pilot):
        before = [app.screen._compositor.render_strips()[y] for y in range(4)]
        app.pane.find("NEEDLE IN WORD")
        await settled(app, pilot)
        after = [app.screen._compositor.render_strips()[y] for y in range(4)]
        assert [old.text for old in before] == [new.text for new in after]
        assert sum(old != new for old, new in zip(before, after, strict=True)) == 2


async def test_what_is_folded_opens_when_a_hit_is_in_it() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, thinking(), "answer"))) as (app, pilot):
        assert "thought 1" not in "\n".join(await settled(app, pilot))
        app.pane.find("thought 1")
        assert "thought 1" in "\n".join(await settled(app, pilot))


async def test_no_match_is_reported() -> None:
    async with shown(exchanges(3)) as (app, pilot):
        app.pane.find("nowhere to be found")
        await pilot.pause()
        found = app.intents[-1]
        assert isinstance(found, FindChanged)
        assert (found.current, found.total) == (0, 0)
        app.pane.find("")
        await settled(app, pilot)


async def test_a_search_sees_what_is_just_coming_in() -> None:
    turn, _ = live(parent="turn-1")
    async with shown(exchanges(1)) as (app, pilot):
        app.pane.add_turn(turn)
        app.pane.apply(TextDelta("a fresh needle"))
        await settled(app, pilot)
        app.pane.find("needle")
        await settled(app, pilot)
        app.pane.apply(TextDelta(" and a needle"))
        app.pane.action_find_next()
        await pilot.pause()
        found = app.intents[-1]
        assert isinstance(found, FindChanged)
        assert (found.current, found.total) == (2, 2)


async def test_the_last_code_is_copied_when_nothing_is_chosen() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, TextPart(CODE)))) as (app, pilot):
        app.pane.action_copy_code()
        await pilot.pause()
        intent = copied_last(app)
        assert intent.text.rstrip("\n") == "second --flag"


async def test_folding_everything_shows_and_hides_it() -> None:
    async with shown(conversation(prompt(0, "x"), reply(1, thinking(), "answer"))) as (app, pilot):
        app.pane.action_fold_all()
        rows = await settled(app, pilot)
        assert row_of(rows, "thought 2") > row_of(rows, "▾ Thought")
        app.pane.action_fold_all()
        assert "thought 2" not in "\n".join(await settled(app, pilot))
        app.pane.action_toggle_fold()
        assert "thought 2" in "\n".join(await settled(app, pilot))
