"""No hidden mode: words that are typed go to the prompt or to a field, whatever the screen shows, and run nothing.

`TUI_CHAT_TYPED_WORDS=all` types more than 200 words in every state, instead of an eighth of them.
"""

import asyncio
import os
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tests.ui.typing_states import OWN_STATES, STATES, conversation, reading
from tui_chat.core.event import TextDelta
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.settings.load import load_settings
from tui_chat.storage.store import Store
from tui_chat.ui.chat.model_choices import ModelChoices
from tui_chat.ui.compare.screen import CompareScreen
from tui_chat.ui.keymap import Scope
from tui_chat.ui.library.screen import LibraryScreen
from tui_chat.ui.picker import Picker
from tui_chat.ui.widgets.notice_line import NORMAL_BADGE, READ_BADGE
from tui_chat.ui.widgets.row_list import RowList

KEYS_A_SECOND = 12
TEXT = """
a I refactor retry error can code yes year you lines link look open of off fork for find forget jump just join
kill keep back before big bug build test tree thing that undo until use write when which zoo zero go good get
great new next not no now eel egg every edit each copy call clear delete do does done if is it in into its
hello help how quick quit question set so some save send see stop left let less long list level all also and
any are as at be been but by came come could day did down even first from give had has have he her here him
his home house kind know large last life like line little live made make man many may me mean men might more
most much must my name need never number old on one only or order other our out over own page part people
place put read right said same say school sentence she should show small something sound spell still study
such take tell than their them then there these they this three through time to too try two under up us very
want water way we well went were what where who why will with word work world would your llama ooze
xylophone queue rerun reread yesterday river zebra quiet ahead behind nearly
"""
WORDS = TEXT.split()
LONG = WORDS[:: 1 if os.environ.get("TUI_CHAT_TYPED_WORDS") == "all" else 8]
QUICK = WORDS[2::45]
SENTENCE = "r e are you there"


async def type_word(desk: Desk, word: str, *, keys_a_second: float = KEYS_A_SECOND) -> None:
    """At the speed of a fast typist by the times of the keys; the test does not wait for them."""
    desk._elapsed_s += 5.0
    for letter in word:
        event = events.Key(_character_to_key(letter), letter)
        desk._elapsed_s += 1 / keys_a_second
        event.time += desk._elapsed_s
        desk.app.post_message(event)
    await desk.app.catch_up()
    await desk.settle()


def shown_text(desk: Desk) -> str:
    """The text of the field that has the focus, else that of the prompt."""
    field = desk.app.focused
    return field.value if isinstance(field, Input) else desk.chat.prompt.text


async def leave(desk: Desk) -> None:
    """Go back to an empty prompt."""
    for _ in range(6):
        if isinstance(field := desk.app.focused, Input):
            field.value = ""
            await desk.settle()
        if desk.app.screen is desk.chat and desk.chat.prompt.has_focus and desk.chat.actions.prompts.editing is None:
            break
        await desk.press("escape")
    desk.chat.prompt.draft = ""
    await desk.settle()
    assert desk.app.screen is desk.chat


async def check_words(desk: Desk, state: str, words: list[str]) -> None:
    place, show = STATES[state]
    await show(desk)
    assert desk.app._place is place
    prompts = [turn.text for turn in desk.conversation.turns]
    for number, word in enumerate(words):
        if number:
            await show(desk)
        before, is_editing = shown_text(desk), desk.chat.actions.prompts.editing is not None
        await type_word(desk, word)
        assert shown_text(desk) in (before + word, word), (state, word)
        assert (desk.chat.actions.prompts.editing is not None) is is_editing, (state, word)
        await leave(desk)
    assert [turn.text for turn in desk.conversation.turns] == prompts


@pytest.mark.parametrize("key", ["ctrl+p", "ctrl+l"])
async def test_what_is_typed_right_behind_a_picker_s_key_goes_into_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_read = asyncio.Event()

    async def slow(*_: object, **__: object) -> list[Any]:
        await is_read.wait()
        return []

    monkeypatch.setattr(Store, "summaries", slow)
    monkeypatch.setattr(ModelChoices, "last_seen", slow)
    async with conversation() as desk:
        prompts = len(desk.conversation.turns)
        await desk.press(key, *"usage")
        assert isinstance(desk.app.screen, Picker)
        assert (desk.app.screen.box.value, desk.chat.prompt.text) == ("usage", "")
        is_read.set()
        await desk.settle()
        assert desk.app.screen.box.value == "usage"
        assert len(desk.conversation.turns) == prompts


@pytest.mark.parametrize("state", ["reading", "tree", "queue", "compare"])
async def test_words_go_to_the_prompt_or_a_field_in_every_state(state: str) -> None:
    async with conversation() as desk:
        await check_words(desk, state, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", STATES)
async def test_many_words_go_to_the_prompt_or_a_field_in_every_state(state: str) -> None:
    assert len(WORDS) >= 200
    has_field = STATES[state][0] in (Scope.PROMPT, Scope.PICKER, Scope.LIBRARY, Scope.HELP, Scope.FIND)
    async with conversation() as desk:
        await check_words(desk, state, QUICK if has_field else LONG)


def facts(desk: Desk) -> object:
    """What no word may change: the requests, the replies that stream, and what waits for an answer."""
    chat = desk.chat
    replies = [reply.ended for reply in desk.service.replies_in(desk.conversation.id)]
    questions = (len(chat.approval_bar.approvals), chat.approval_bar.form is None)
    return len(desk.provider.requests), len(desk.conversation.turns), replies, questions, len(chat.queue.prompts)


async def check_own_state(state: str, words: list[str]) -> None:
    place, start = OWN_STATES[state]
    for word in words:
        async with start() as desk:
            assert desk.app._place is place
            before, unchanged = shown_text(desk), facts(desk)
            await type_word(desk, word)
            assert shown_text(desk) == before + word, (state, word)
            assert facts(desk) == unchanged, (state, word)


@pytest.mark.parametrize("state", ["comparing live replies", "answering a call", "queue while streaming"])
async def test_words_stop_answer_and_send_nothing(state: str) -> None:
    await check_own_state(state, ["yes"])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", OWN_STATES)
async def test_many_words_stop_answer_and_send_nothing(state: str) -> None:
    await check_own_state(state, ["quit", "yes", "1 more", "a dog", "[no]"])


async def test_a_single_letter_or_digit_stops_no_reply_that_is_compared() -> None:
    async with OWN_STATES["comparing live replies"][1]() as desk:
        unchanged = facts(desk)
        for key, sentence in (
            ("q", "The replies are still streaming; Esc stops both."),
            ("2", "Press 2 again to keep the second reply and stop the other."),
            ("1", "Press 1 again to keep the first reply and stop the other."),
            ("z", "Your text is in the prompt. 1 or 2 keeps a reply; Esc stops both."),
        ):
            await desk.press(key)
            await desk.until(lambda sentence=sentence: sentence in screen_text(desk.app))
            assert isinstance(desk.app.screen, CompareScreen) and facts(desk) == unchanged
        await desk.press("escape")
        await desk.until(lambda: "Stopped ·" in screen_text(desk.app))
        await desk.press("escape")
        assert desk.chat.prompt.text == "z" and desk.chat.prompt.has_focus


def test_every_place_with_keys_of_its_own_is_among_the_states() -> None:
    assert {place for place, _ in [*STATES.values(), *OWN_STATES.values()]} == set(Scope) - {Scope.APP, Scope.CHAT}


async def test_words_typed_in_reading_mode_while_a_reply_streams_go_to_the_prompt() -> None:
    async with desk_with((TextDelta("one"), asyncio.Event())) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "one" in screen_text(desk.app))
        for word in QUICK:
            await reading(desk)
            await type_word(desk, word)
            assert desk.chat.prompt.text == word
            desk.chat.prompt.draft = ""
        assert len(desk.conversation.turns) == 2 and desk.chat.live_reply is not None


async def test_words_in_the_normal_mode_of_vi_send_nothing_and_stay_in_the_prompt() -> None:
    settings = load_settings(environ={})
    settings = settings._replace(ui=settings.ui._replace(prompt_keys="vi"))
    async with desk_with(HELLO, settings=settings) as desk:
        await desk.ask("hi")
        for word in ("refactor", "quit", "yes", "ZZ"):
            desk.chat.prompt.draft = "a draft"
            await desk.press("escape")
            await desk.until(lambda: NORMAL_BADGE in screen_text(desk.app))
            await type_word(desk, word)
            assert desk.chat.prompt.has_focus and desk.app.screen is desk.chat and len(desk.provider.requests) == 1


async def test_a_word_typed_after_a_click_on_the_list_of_a_picker_filters_it() -> None:
    async with conversation() as desk:
        for state in ("model", "settings"):
            await STATES[state][1](desk)
            await desk.settle()
            await desk.pilot.mouse_down(RowList, offset=(2, 0))
            await type_word(desk, "refactor")
            assert shown_text(desk) == "refactor" and desk.app.screen is not desk.chat
            await leave(desk)


async def test_a_sentence_typed_in_reading_mode_stands_in_the_prompt_whole() -> None:
    async with conversation() as desk:
        await reading(desk)
        await type_word(desk, "refactor this, please: are you there?")
        assert desk.chat.prompt.text == "refactor this, please: are you there?"


async def test_a_paste_in_reading_mode_goes_to_the_prompt() -> None:
    async with conversation() as desk:
        await reading(desk)
        desk.app.post_message(events.Paste("pasted words"))
        await desk.until(lambda: desk.chat.prompt.text == "pasted words" and desk.chat.prompt.has_focus)


async def test_a_word_takes_back_what_its_first_letter_scrolled() -> None:
    async with conversation() as desk:
        await desk.press("tab", "g")
        before = screen_text(desk.app).splitlines()[:10]
        await type_word(desk, "just")
        assert screen_text(desk.app).splitlines()[:10] == before and desk.chat.prompt.text == "just"


async def test_a_letter_alone_is_a_command_in_reading_mode_and_a_held_key_scrolls() -> None:
    async with conversation() as desk:
        await desk.press("tab", "g")
        top = screen_text(desk.app)
        await type_word(desk, "j" * 20 + "k", keys_a_second=30)
        assert desk.chat.pane.has_focus and not desk.chat.prompt.text
        assert screen_text(desk.app) != top


async def test_regenerate_in_reading_mode_asks_for_its_letter_twice() -> None:
    async with desk_with(HELLO, HELLO) as desk:
        await desk.ask("hi")
        await desk.press("tab", "r")
        assert "Press r again to regenerate" in screen_text(desk.app)
        assert len(desk.conversation.turns) == 2
        await asyncio.sleep(0.25)
        await desk.press("r")
        await desk.until(lambda: len(desk.conversation.turns) == 3)


@pytest.mark.slow
async def test_reading_mode_is_shown_with_its_keys_at_every_width() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("hi")
        for width in range(40, 201, 8):
            await desk.pilot.resize_terminal(width, 24)
            await reading(desk)
            await desk.until(lambda: f"{READ_BADGE}  j/k move" in screen_text(desk.app))
            await desk.press("escape")
            assert desk.chat.prompt.has_focus and READ_BADGE not in screen_text(desk.app)


async def test_escape_in_the_prompt_changes_nothing() -> None:
    async with conversation() as desk:
        await desk.type("draft")
        before = screen_text(desk.app)
        await desk.press("escape", "escape")
        assert desk.chat.prompt.has_focus and screen_text(desk.app) == before


async def test_ctrl_z_undoes_and_with_nothing_to_undo_suspends(monkeypatch: pytest.MonkeyPatch) -> None:
    suspended: list[bool] = []
    async with desk_with(HELLO) as desk:
        monkeypatch.setattr(desk.app, "action_suspend", lambda: suspended.append(True))
        await desk.type("word")
        await desk.press("ctrl+z")
        assert not desk.chat.prompt.text and not suspended
        await desk.press("ctrl+z")
        await desk.until(lambda: suspended)
        await desk.ask("sent")
        await desk.press("ctrl+z")
        await desk.until(lambda: len(suspended) == 2)
        assert not desk.chat.prompt.text


async def test_ctrl_r_searches_the_history_and_names_the_key_that_regenerates() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("an earlier prompt")
        await desk.press("ctrl+r")
        await desk.until(lambda: "Prompt history · Alt+R regenerates the reply" in screen_text(desk.app))
        await desk.press("enter")
        assert desk.chat.prompt.text == "an earlier prompt" and len(desk.conversation.turns) == 2


async def test_a_notice_stands_above_the_prompt_once_and_hides_no_text() -> None:
    async with conversation() as desk:
        before = screen_text(desk.app).splitlines()
        for _ in range(3):
            desk.chat.notify("something happened")
        await desk.until(lambda: "something happened" in screen_text(desk.app))
        after = screen_text(desk.app).splitlines()
        changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert len(changed) == 1 and not before[changed[0]].strip()


async def test_demo_provider_is_not_asked_by_words() -> None:
    provider = DemoProvider(pace=0.001)
    async with desk_with(provider=provider) as desk:
        await desk.ask("hi")
        await reading(desk)
        await type_word(desk, SENTENCE)
        assert len(desk.conversation.turns) == 2
        assert not isinstance(desk.app.screen, LibraryScreen)
