"""The chat screen: a key sends an intent, an event changes what is shown, two things at once survive."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tui_chat.core.error import Overloaded, RateLimited
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.storage.store import Store
from tui_chat.ui.dialogs.help import HelpScreen
from tui_chat.ui.dialogs.tree import TreeScreen
from tui_chat.ui.picker import Picker

SAYS_AGAIN = (TextDelta("Again"), Stopped("end_turn"))


async def test_a_prompt_is_sent_answered_shown_and_stored(desk: Desk) -> None:
    await desk.ask("hi there")
    text = screen_text(desk.app)
    assert "hi there" in text and "Hello" in text
    stored = await desk.store.conversation(desk.conversation.id)
    assert [turn.text for turn in stored.path] == ["hi there", "Hello"]
    assert desk.chat.prompt.text == ""


async def test_escape_stops_the_reply_and_keeps_what_arrived() -> None:
    async with desk_with((TextDelta("half"), asyncio.Event())) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "half" in screen_text(desk.app))
        await desk.press("escape")
        await desk.idle()
        stored = await desk.store.conversation(desk.conversation.id)
        assert (stored.path[-1].text, stored.path[-1].status) == ("half", TurnStatus.CANCELLED)
        assert "Stopped." in screen_text(desk.app) and "F2" in screen_text(desk.app)


async def test_escape_before_the_first_byte_stops_too() -> None:
    async with desk_with((asyncio.Event(),)) as desk:
        await desk.type("hi")
        await desk.press("enter", "escape")
        await desk.idle()
        assert desk.conversation.path[-1].status is TurnStatus.CANCELLED


async def test_ctrl_c_goes_down_its_ladder(desk: Desk) -> None:
    await desk.type("a draft")
    await desk.press("ctrl+c")
    assert desk.chat.prompt.text == ""
    assert await desk.store.prompts() == ["a draft"]
    await desk.press("up")
    assert desk.chat.prompt.text == "a draft"
    await desk.press("ctrl+c", "ctrl+c")
    await desk.until(lambda: "Press again to quit" in screen_text(desk.app))
    assert not desk.app._exit
    await desk.press("ctrl+c")
    await desk.until(lambda: desk.app._exit)


async def test_ctrl_c_stops_a_reply_and_keeps_it() -> None:
    async with desk_with((TextDelta("half"), asyncio.Event())) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "half" in screen_text(desk.app))
        await desk.press("ctrl+c")
        await desk.idle()
        assert desk.conversation.path[-1].text == "half"


async def test_ctrl_d_deletes_and_on_an_empty_prompt_quits(desk: Desk) -> None:
    await desk.type("ab")
    await desk.press("left", "ctrl+d")
    assert desk.chat.prompt.text == "a"
    await desk.press("backspace", "ctrl+d")
    await desk.until(lambda: desk.app._exit)


async def test_retry_makes_a_sibling_and_the_keys_walk_between_them() -> None:
    async with desk_with(HELLO, SAYS_AGAIN) as desk:
        await desk.ask("hi")
        await desk.press("alt+r")
        await desk.until(lambda: "Again" in screen_text(desk.app))
        await desk.idle()
        assert "‹2/2›" in screen_text(desk.app)
        await desk.press("alt+left")
        assert "Hello" in screen_text(desk.app) and "‹1/2›" in screen_text(desk.app)
        stored = await desk.store.conversation(desk.conversation.id)
        assert stored.path[-1].text == "Hello", "the branch that is shown is shown at the next start too"
        await desk.press("alt+right")
        assert "Again" in screen_text(desk.app)


async def test_an_edited_prompt_is_a_sibling_of_the_old_one() -> None:
    async with desk_with(HELLO, SAYS_AGAIN) as desk:
        await desk.ask("hi")
        await desk.press("tab", "K", "K", "e")
        assert desk.chat.prompt.text == "hi"
        await desk.type("!")
        await desk.press("enter")
        await desk.idle()
        roots = desk.conversation.children_of(None)
        assert [turn.text for turn in roots] == ["hi", "hi!"]
        assert [turn.text for turn in desk.conversation.path] == ["hi!", "Again"]


async def test_an_edit_that_is_left_changes_nothing(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("f9", "escape")
    assert desk.chat.prompt.text == "" and desk.chat.actions.prompts.editing is None
    assert len(desk.conversation.turns) == 2


async def test_a_cancelled_reply_is_continued() -> None:
    async with desk_with((TextDelta("Hel"), asyncio.Event()), (TextDelta("lo"), Stopped("end_turn"))) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "Hel" in screen_text(desk.app))
        await desk.press("escape")
        await desk.idle()
        await desk.press("f2")
        await desk.until(lambda: "Hello" in screen_text(desk.app))
        await desk.idle()
        assert [turn.text for turn in desk.conversation.siblings_of(desk.conversation.path[-1].id)] == [
            "Hel",
            "Hello",
        ]


async def test_a_prompt_sent_meanwhile_waits_in_sight_and_goes_by_itself() -> None:
    gate = asyncio.Event()
    async with desk_with((TextDelta("one"), gate, Stopped("end_turn")), SAYS_AGAIN) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.type("second")
        await desk.press("enter")
        assert any("queued" in row and "second" in row for row in screen_rows(desk.app))
        gate.set()
        await desk.until(lambda: len(desk.conversation.turns) == 4)
        await desk.idle()
        assert [turn.text for turn in desk.conversation.path] == ["first", "one", "second", "Again"]
        assert not desk.chat.queue.prompts


async def test_what_waits_can_be_taken_back_dropped_and_had_back() -> None:
    async with desk_with((TextDelta("one"), asyncio.Event())) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.type("second")
        await desk.press("enter", "up")
        assert desk.chat.prompt.text == "second" and not desk.chat.queue.prompts
        await desk.press("enter", "alt+x")
        assert not desk.chat.queue.prompts
        await desk.press("alt+u")
        assert desk.chat.queue.prompts == ("second",)


async def test_enter_on_an_empty_prompt_sends_what_waits_at_once() -> None:
    async with desk_with((TextDelta("one"), asyncio.Event()), SAYS_AGAIN) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.until(lambda: "one" in screen_text(desk.app))
        await desk.type("second")
        await desk.press("enter", "enter")
        await desk.until(lambda: len(desk.conversation.turns) == 4)
        await desk.idle()
        assert [turn.text for turn in desk.conversation.path] == ["first", "one", "second", "Again"]


async def test_a_draft_and_what_waits_survive_a_restart() -> None:
    store = await Store.open(":memory:")
    async with desk_with((TextDelta("one"), asyncio.Event()), store=store) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.type("second")
        await desk.press("enter")
        await desk.type("third")
        shown = desk.conversation.id
    async with desk_with(store=store, first=await store.conversation(shown)) as desk:
        assert desk.chat.prompt.text == "third"
        assert desk.chat.queue.prompts == ("second",)
        assert "Interrupted" in screen_text(desk.app)
    await store.aclose()


async def test_a_new_conversation_with_a_draft_from_before_shows_it_and_names_the_key_that_clears_it() -> None:
    written_at = datetime.now().astimezone() - timedelta(days=1)
    store = await Store.open(":memory:", clock=lambda: written_at)
    async with desk_with(store=store) as desk:
        assert "restored" not in screen_text(desk.app)
        await desk.type("unsent words")
    async with desk_with(store=store) as desk:
        await desk.until(lambda: "Unsent draft from yesterday restored; Ctrl+C clears it." in screen_text(desk.app))
        assert desk.chat.prompt.text == "unsent words"
        await desk.press("ctrl+c")
        await desk.until(lambda: not desk.chat.prompt.text)
    await store.aclose()


async def test_a_draft_is_put_away_and_brought_back_after_another_prompt(desk: Desk) -> None:
    await desk.type("a long thought")
    await desk.press("ctrl+s")
    await desk.until(lambda: "Put away; Ctrl+S or ↑ brings it back." in screen_text(desk.app))
    assert not desk.chat.prompt.text
    await desk.ask("a short question")
    await desk.press("ctrl+s")
    await desk.until(lambda: desk.chat.prompt.text == "a long thought")
    await desk.until(lambda: "Put away" not in screen_text(desk.app))
    assert "a long thought" in await desk.store.prompts()


async def test_what_is_typed_while_a_draft_is_put_away_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    may_write = asyncio.Event()
    write = desk.store.add_prompt

    async def write_late(text: str) -> None:
        await may_write.wait()
        await write(text)

    monkeypatch.setattr(desk.store, "add_prompt", write_late)
    await desk.type("the draft")
    putting_away = asyncio.create_task(desk.chat.actions.prompts.stash())
    await desk.until(lambda: not desk.chat.prompt.text)
    await desk.type("typed meanwhile")
    may_write.set()
    await putting_away
    assert desk.chat.prompt.text == "typed meanwhile"
    assert "the draft" in await desk.store.prompts()


async def test_what_is_typed_while_an_edit_is_left_is_in_the_history(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_reading, may_read = asyncio.Event(), asyncio.Event()
    read = desk.store.draft

    async def read_late(key: str | None) -> str:
        is_reading.set()
        await may_read.wait()
        return await read(key)

    await desk.ask("hi")
    await desk.press("f9")
    await desk.until(lambda: desk.chat.actions.prompts.editing is not None)
    monkeypatch.setattr(desk.store, "draft", read_late)
    leaving = asyncio.create_task(desk.chat.actions.prompts.leave_editing())
    await is_reading.wait()
    await desk.type(" and more")
    may_read.set()
    await leaving
    assert not desk.chat.prompt.text
    assert (await desk.store.prompts())[0] == "hi and more"


async def test_switching_conversations_keeps_each_draft(desk: Desk) -> None:
    await desk.ask("hi")
    first = desk.conversation
    await desk.type("for the first")
    await desk.press("ctrl+n")
    assert desk.chat.prompt.text == ""
    await desk.chat.open(first)
    assert desk.chat.prompt.text == "for the first"


async def test_a_failure_is_shown_with_its_reason_and_its_key() -> None:
    async with desk_with((TextDelta("half"), Overloaded("SERVER [bold]WORDS[/]"))) as desk:
        await desk.ask("hi")
        text = screen_text(desk.app)
        assert "overloaded" in text and "Alt+R" in text and "half" in text


async def test_a_countdown_is_in_sight_and_enter_cuts_it_short() -> None:
    async with desk_with((RateLimited("wait", retry_after_s=30),), HELLO) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "retry in" in screen_rows(desk.app)[-1])
        await desk.press("enter")
        await desk.idle()
        assert "Hello" in screen_text(desk.app)


async def test_commands_run_by_name_and_a_wrong_name_is_reported(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("/title My title")
    await desk.press("enter")
    assert (await desk.store.conversation(desk.conversation.id)).title == "My title"
    assert desk.app.title == "My title"
    await desk.type("/titel x")
    await desk.press("enter")
    await desk.until(lambda: "Did you mean /title?" in screen_text(desk.app))
    assert desk.chat.prompt.text == "/titel x", "what was typed stays"


async def test_two_slashes_send_one(desk: Desk) -> None:
    await desk.ask("//etc is a folder")
    assert desk.conversation.path[0].text == "/etc is a folder"


async def test_a_slash_alone_shows_every_command_and_tab_completes(desk: Desk) -> None:
    await desk.type("/ti")
    assert any("/title" in row for row in screen_rows(desk.app))
    await desk.press("tab")
    assert desk.chat.prompt.text == "/title "


async def test_a_path_is_no_command(desk: Desk) -> None:
    await desk.ask("/usr/bin is full")
    assert desk.conversation.path[0].text == "/usr/bin is full"


async def test_the_model_of_a_conversation_can_be_changed(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("/model demo/other")
    await desk.press("enter")
    await desk.ask("again")
    assert [turn.model for turn in desk.conversation.path if turn.model] == ["demo/tour", "demo/other"]


async def test_a_deleted_conversation_comes_back_with_one_key(desk: Desk) -> None:
    await desk.ask("hi")
    gone = desk.conversation.id
    await desk.type("/delete")
    await desk.press("enter")
    assert not desk.conversation.turns and (await desk.store.conversation(gone)).deleted_at is not None
    await desk.press("alt+u")
    assert desk.conversation.id == gone and (await desk.store.conversation(gone)).deleted_at is None


@pytest.mark.parametrize(
    ("key", "screen"), [("f1", HelpScreen), ("f5", TreeScreen), ("f6", Picker), ("ctrl+l", Picker)]
)
async def test_a_screen_opens_and_escape_leaves_it(desk: Desk, key: str, screen: type) -> None:
    await desk.ask("hi")
    await desk.press(key)
    await desk.until(lambda: isinstance(desk.app.screen, screen))
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)


async def test_the_tree_goes_to_another_branch() -> None:
    async with desk_with(HELLO, SAYS_AGAIN) as desk:
        await desk.ask("hi")
        await desk.press("alt+r")
        await desk.until(lambda: "Again" in screen_text(desk.app))
        await desk.idle()
        await desk.press("f5", "k", "enter")
        await desk.until(lambda: desk.app.screen is desk.chat)
        assert desk.conversation.path[-1].text == "Hello"


async def test_a_fork_is_another_conversation(desk: Desk) -> None:
    await desk.ask("hi")
    source = desk.conversation.id
    await desk.press("tab", "f")
    await desk.until(lambda: desk.conversation.id != source)
    origin = desk.conversation.origin
    assert origin is not None and origin.conversation_id == source
    assert [turn.text for turn in desk.conversation.path] == ["hi", "Hello"]


async def test_find_lights_hits_and_counts_them(desk: Desk) -> None:
    await desk.ask("needle in a haystack")
    await desk.press("ctrl+f")
    await desk.type("needle")
    await desk.until(lambda: "1 of 1" in screen_text(desk.app))
    await desk.press("enter")
    assert desk.chat.find_bar.has_focus, "Enter goes to the next match"
    await desk.press("tab")
    assert desk.chat.pane.has_focus and "match 1 of 1 n/N" in screen_text(desk.app)


async def test_markup_in_any_text_is_shown_as_it_is(desk: Desk) -> None:
    await desk.ask("[/INST] [bold]x[/] [@click=app.quit]y")
    assert "[/INST] [bold]x[/] [@click=app.quit]y" in screen_text(desk.app)
    assert desk.app.is_running


async def test_help_can_be_searched(desk: Desk) -> None:
    await desk.press("f1")
    await desk.type("sibling")
    assert "No matches" in screen_text(desk.app)
    await desk.press(*["backspace"] * 7)
    await desk.type("retry")
    assert "regenerate the reply" in screen_text(desk.app)


async def test_help_can_be_asked_for_by_a_word(desk: Desk) -> None:
    await desk.type("/help exp")
    await desk.press("tab")
    assert desk.chat.prompt.text == "/help export"
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, HelpScreen) and "/export" in screen_text(desk.app))
    assert "/theme" not in screen_text(desk.app)


async def test_a_fork_leads_back_to_where_it_was_forked_from() -> None:
    async with desk_with(HELLO, SAYS_AGAIN) as desk:
        await desk.ask("hi")
        await desk.ask("more")
        source = desk.conversation
        await desk.press("tab", "K", "K", "K", "f")
        await desk.until(lambda: desk.conversation.id != source.id)
        await desk.until(lambda: any("forked from" in row and "F7" in row for row in screen_rows(desk.app)))
        await desk.press("f7")
        await desk.until(lambda: desk.conversation.id == source.id)
        chosen = desk.chat.pane.current_turn
        assert chosen is not None and chosen.text == "Hello"
        assert "forked from" not in screen_text(desk.app)
        await desk.press("f7")
        await desk.until(lambda: "not a fork" in screen_text(desk.app))


async def test_a_fork_of_another_branch_leads_back_to_that_branch() -> None:
    async with desk_with(HELLO, SAYS_AGAIN) as desk:
        await desk.ask("hi")
        source = desk.conversation
        await desk.press("tab", "K", "f")
        await desk.until(lambda: desk.conversation.id != source.id)
        fork = desk.conversation
        await desk.press("f7")
        await desk.until(lambda: desk.conversation.id == source.id)
        await desk.press("alt+r")
        await desk.until(lambda: "Again" in screen_text(desk.app))
        await desk.idle()
        await desk.chat.open(fork)
        await desk.press("f7")
        await desk.until(lambda: desk.conversation.path[-1].text == "Hello")


async def test_every_change_of_a_conversation_is_undone_where_it_was_made(desk: Desk) -> None:
    await desk.ask("hi")
    first = desk.conversation
    for command in ("/title new name", "/system be brief", "/options effort=high", "/model demo/other"):
        await desk.type(command)
        await desk.press("enter")
    stored = await desk.store.conversation(first.id)
    assert (stored.title, stored.system, stored.options.effort, stored.model) == (
        "new name",
        "be brief",
        "high",
        "demo/other",
    )
    await desk.press("ctrl+n")
    await desk.until(lambda: desk.conversation.id != first.id)
    await desk.press(*["alt+u"] * 4)
    await desk.until(lambda: desk.conversation.id == first.id and desk.conversation.title == first.title)
    stored = await desk.store.conversation(first.id)
    assert (stored.title, stored.system, stored.options.effort, stored.model) == (first.title, "", None, "demo/tour")


async def test_a_dash_takes_the_system_prompt_away_and_undo_brings_it_back(desk: Desk) -> None:
    await desk.ask("hi")
    for command in ("/system be brief", "/system -"):
        await desk.type(command)
        await desk.press("enter")
    assert (await desk.store.conversation(desk.conversation.id)).system == ""
    await desk.press("alt+u")
    await desk.until(lambda: desk.conversation.system == "be brief")


async def test_an_edit_that_is_left_is_in_the_history(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("f9")
    await desk.type(" but otherwise")
    await desk.press("tab", "up")
    assert desk.chat.prompt.text == "hi but otherwise"


async def test_a_prompt_typed_while_its_conversation_is_opened_once_more_stays_whole(desk: Desk) -> None:
    await desk.ask("hi")
    desk.chat.prompt.draft = "b"
    opening = asyncio.ensure_future(desk.chat.open(await desk.service.open(desk.conversation.id)))
    while desk.chat.prompt.draft:
        await asyncio.sleep(0)
    desk.chat.prompt.insert("ack")
    await opening
    assert desk.chat.prompt.draft == "back"
