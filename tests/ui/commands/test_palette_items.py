"""Everything that can be done or gone to is found by a few letters, with its key, and is done."""

import asyncio
from datetime import UTC, datetime

from textual import events
from textual.widgets import Input

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tui_chat.core.conversation import Conversation
from tui_chat.ui.commands.palette_items import rows
from tui_chat.ui.commands.slash_commands import COMMANDS, Command
from tui_chat.ui.dialogs.help import HelpScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Scope
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice

NOW = datetime(2026, 9, 1, tzinfo=UTC)
MOVEMENTS = ("app.palette", "home.recent", "pane.page_up", "pane.page_down", "pane.start", "end")


async def found(desk: Desk, letters: str) -> list[str]:
    """Open it, type, and see the row that is highlighted and those below."""
    await desk.press("ctrl+p")
    await desk.until(lambda: isinstance(desk.app.screen, Picker))
    await desk.type(letters)
    await desk.settle()
    screen = desk.app.screen
    assert isinstance(screen, Picker)
    return [one.value for one in screen.found]


async def done(desk: Desk, letters: str) -> str:
    first, *_ = await found(desk, letters)
    await desk.press("enter")
    await desk.until(
        lambda: not isinstance(desk.app.screen, Picker) or "Command palette" not in screen_text(desk.app)
    )
    await desk.settle()
    return first


async def test_every_action_and_every_command_is_there_once_with_its_key(desk: Desk) -> None:
    made = rows(Keyboard({}), desk.conversation, ())
    values = [row.value for row in made]
    assert len(set(values)) == len(values)
    names = " ".join(f"{row.shortcut} {row.note}" for row in made)
    assert all(f"/{command.name}" in names for command in COMMANDS)
    by_value = {row.value: row for row in made}
    assert by_value["key:reply.retry"].shortcut == "Alt+R" and "/retry" in by_value["key:reply.retry"].note
    for key in KEYS:
        if key.scope is Scope.CHAT and key.id not in MOVEMENTS:
            assert by_value[f"key:{key.id}"].shortcut


async def test_a_key_of_reading_mode_has_the_key_that_leads_there_before_it(desk: Desk) -> None:
    await desk.ask("hi")
    for shown in ("Fork the conversation here Tab f /fork", "Fork the conversation here f /fork"):
        await found(desk, "fork the")
        await desk.until(lambda shown=shown: shown in " ".join(screen_text(desk.app).split()))
        await desk.press("escape", "escape", "tab")


def test_the_key_of_reading_mode_that_the_user_has_chosen_is_shown() -> None:
    keys = Keyboard({"prompt.complete": ["ctrl+space"], "read.fork": []})
    shown = {row.value: row.shortcut for row in rows(keys, Conversation("c", NOW, NOW), ())}
    assert shown["key:read.copy_code"] == "Ctrl+Space Y" and not shown["key:read.fork"]


def test_the_name_of_an_action_is_short_and_there_once() -> None:
    made = [row.text for row in rows(Keyboard({}), Conversation("c", NOW, NOW), ())]
    assert len(set(made)) == len(made)
    assert not [text for text in made if len(text) > 36 or text.endswith((".", ",", ";"))]


async def test_a_few_letters_find_an_action_and_enter_does_it(desk: Desk) -> None:
    await desk.ask("hi")
    assert await done(desk, "new conv") == "key:conversation.new"
    await desk.until(lambda: not desk.conversation.turns)
    assert await done(desk, "show all keys") == "key:app.help"
    await desk.until(lambda: isinstance(desk.app.screen, HelpScreen))


async def test_an_action_of_reading_is_done_to_the_chosen_turn(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("tab", "K", "K")
    assert await done(desk, "/fork") == "key:read.fork"
    await desk.until(lambda: desk.conversation.origin is not None)
    assert [turn.text for turn in desk.conversation.path] == ["hi"]


async def test_another_conversation_and_a_turn_of_this_one_are_gone_to(desk: Desk) -> None:
    await desk.ask("about whales")
    whales = desk.conversation
    await desk.press("ctrl+n")
    await desk.ask("about ants")
    assert await done(desk, "whales") == f"open:{whales.id}"
    await desk.until(lambda: desk.conversation.id == whales.id)
    assert (await done(desk, "go whal")).startswith("turn:")
    await desk.until(lambda: desk.chat.pane.current_turn is not None)
    assert desk.chat.pane.current_turn is not None and desk.chat.pane.current_turn.text == "about whales"


async def test_a_command_that_needs_words_asks_for_them(desk: Desk) -> None:
    await desk.ask("hi")
    assert await done(desk, "title") == "command:title"
    await desk.until(lambda: isinstance(desk.app.screen, Picker))
    await desk.type("whales")
    await desk.press("enter")
    await desk.until(lambda: desk.app.title == "whales")


async def test_the_key_of_ones_own_is_shown_and_the_letters_are_highlighted(desk: Desk) -> None:
    await found(desk, "retry")
    row = next(row for row in screen_rows(desk.app) if "/retry" in row)
    assert "Alt+R" in row[row.index("Regenerate") : row.index("/retry")]


async def test_no_match_is_reported() -> None:
    async with desk_with(size=(60, 20)) as desk:
        assert await found(desk, "zzzzz") == []
        assert "No matches." in screen_text(desk.app)
        await desk.press("enter", "escape")
        assert desk.app.screen is desk.chat


async def test_a_paste_of_megabytes_into_a_search_is_cut_and_leaves_the_keys_quick(desk: Desk) -> None:
    await found(desk, "")
    box = desk.app.screen.query_one(Input)
    desk.app.post_message(events.Paste("x" * 3_000_000))
    await desk.until(lambda: box.value)
    await desk.type("y")
    await desk.until(lambda: box.value.endswith("xy"))
    assert len(box.value) <= 2001


async def test_a_page_down_where_no_row_fits_does_not_end_the_app() -> None:
    async with desk_with(size=(2, 2)) as desk:
        await desk.press("ctrl+p")
        await desk.until(lambda: isinstance(desk.app.screen, Picker))
        await desk.press("pagedown", "pageup", "escape")
        await desk.until(lambda: not isinstance(desk.app.screen, Picker))
        assert desk.app.fault is None


async def test_a_fault_after_the_app_is_left_is_no_crash() -> None:
    async with desk_with() as desk:
        desk.app.leave(0)
        desk.app._handle_exception(ValueError("half made"))
        assert desk.app.fault is None and desk.app.return_code == 0


async def test_more_to_choose_from_after_a_list_was_left_is_no_fault() -> None:
    async with desk_with() as desk:
        await found(desk, "")
        screen = desk.app.screen
        assert isinstance(screen, Picker)
        screen.dismiss(None)
        while screen.query(Input):
            screen.offer([])
            await asyncio.sleep(0)
        screen.offer([])


def test_stopping_is_first_only_while_a_reply_streams() -> None:
    keys, conversation = Keyboard({}), Conversation("c", NOW, NOW)
    assert rows(keys, conversation, (), is_streaming=True)[0].value == "key:reply.cancel"
    idle = [row.value for row in rows(keys, conversation, ())]
    assert idle[0] == "key:model.choose" and idle.count("key:reply.cancel") == 1


async def test_a_narrow_palette_shows_whole_commands_or_none() -> None:
    async with desk_with(size=(60, 20)) as desk:
        await desk.press("ctrl+p")
        await desk.settle()
        assert isinstance(desk.app.screen, Picker)
        within = desk.app.screen.rows.region
        shown = "\n".join(row[within.x : within.right] for row in screen_rows(desk.app)[within.y : within.bottom])
        assert "Switch model" in shown and "Ctrl+L" in shown and "/" not in shown and "…" not in shown


def palette_rows(desk: Desk) -> list[str]:
    """The rows of the list that are shown, without what is around it."""
    assert isinstance(desk.app.screen, Picker)
    within = desk.app.screen.rows.region
    return [row[within.x : within.right].strip() for row in screen_rows(desk.app)[within.y : within.bottom]]


async def test_the_palette_has_keys_and_commands_in_columns_and_is_no_wider_than_these() -> None:
    async with desk_with(HELLO, size=(120, 40)) as desk:
        await desk.ask("A prompt of many words that goes on and on until its title does not fit a narrow column")
        await desk.press("ctrl+n")
        await found(desk, "")
        await desk.until(lambda: "open:" in " ".join(one.value for one in found_in(desk)))
        panel = desk.app.screen.query_one(Input).region
        assert panel.width < 75
        shown = palette_rows(desk)
        at = {len(row) - len(row.split("  ")[-1].strip()) for row in shown if row.endswith(("Ctrl+L", "F3", "Alt+W"))}
        commands = {row.index("/") for row in shown if "/" in row and "Ctrl+" in row}
        assert len(at) == 1 and len(commands) == 1
        await desk.type("/title")
        await desk.until(lambda: palette_rows(desk)[1].startswith("Rename this conversation"))
        assert palette_rows(desk)[1].index("/title") in at
        await desk.press(*["backspace"] * 6)
        await desk.type("on and on")
        await desk.until(lambda: palette_rows(desk)[1].startswith("Open: A prompt of many words"))
        row = palette_rows(desk)[1]
        assert "…  " in row and row.index("…  ") < min(commands)
        assert row[min(commands) :][:2].isdigit(), "the date stands in the column of the commands"


def found_in(desk: Desk) -> list[Choice]:
    assert isinstance(desk.app.screen, Picker)
    return desk.app.screen.found


async def test_the_search_line_stays_where_it_is_while_the_list_gets_shorter() -> None:
    async with desk_with(HELLO, size=(100, 30)) as desk:
        await found(desk, "")
        box = desk.app.screen.query_one(Input)
        before = box.region
        for letters in ("theme", "zzzz"):
            await desk.type(letters)
            await desk.until(lambda: len(found_in(desk)) < 15)
            await desk.settle()
            assert box.region == before
        assert "No matches." in screen_text(desk.app)


def test_a_command_of_ones_own_has_its_name_where_others_have_their_keys() -> None:
    own = Command("review", "FILE", "review a file", "")
    made = rows(Keyboard({}), Conversation("c", NOW, NOW), (), [own])
    row = next(row for row in made if row.value == "template:review")
    assert (row.text, row.shortcut, row.note) == ("Review a file", "/review", "FILE")
