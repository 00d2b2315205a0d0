"""No hidden mode: words that are typed go to the prompt or to a field, whatever the screen shows, and run nothing.

`TUI_CHAT_TYPED_WORDS=all` types more than 200 words in every state, instead of a fourth of them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.ui.compare.screen import CompareScreen
from tui_chat.ui.dialogs.config import ConfigScreen
from tui_chat.ui.library.screen import LibraryScreen
from tui_chat.ui.widgets.notice_line import READ_BADGE

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
LONG = WORDS[:: 1 if os.environ.get("TUI_CHAT_TYPED_WORDS") == "all" else 4]
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


async def reading(desk: Desk) -> None:
    desk.chat.pane.focus()
    await desk.settle()


async def after_a_hit(desk: Desk) -> None:
    await desk.chat.open(await desk.service.open(desk.conversation.id), find=("needle",))


async def in_the_queue(desk: Desk) -> None:
    if not desk.chat.queue.prompts:
        await desk.chat.queue.put("waits")
    await desk.press("alt+q")


def pressing(*keys: str) -> Callable[[Desk], Awaitable[None]]:
    async def press(desk: Desk) -> None:
        await desk.press(*keys)

    return press


async def with_usage(desk: Desk) -> None:
    desk.chat.actions.windows.show_usage()
    await desk.settle()


async def comparing(desk: Desk) -> None:
    if len(desk.conversation.siblings_of(desk.conversation.head or "")) < 2:
        await desk.press("alt+r")
        await desk.idle()
    await desk.press("tab", "v")
    await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))


async def in_the_outline(desk: Desk) -> None:
    if not desk.chat.outline.display:
        await desk.pilot.resize_terminal(180, 30)
        await desk.until(lambda: len(desk.chat.outline.entries) > 1)
    await desk.press("alt+h")
    await desk.until(lambda: desk.chat.outline.has_focus)


async def temporary(desk: Desk) -> None:
    if not desk.chat.context.is_temporary:
        await desk.chat.actions.temporary.toggle()
        await desk.until(lambda: desk.chat.context.is_temporary and desk.chat.prompt.has_focus)


def with_settings(name: str) -> Callable[[Desk], Awaitable[None]]:
    async def show(desk: Desk) -> None:
        await desk.chat.actions.with_argument["config"](name)
        await desk.until(lambda: isinstance(desk.app.screen, ConfigScreen))

    return show


STATES: dict[str, Callable[[Desk], Awaitable[None]]] = {
    "prompt": pressing("escape"),
    "reading": reading,
    "after a search hit": after_a_hit,
    "selected turn": pressing("tab", "K"),
    "selected code": pressing("tab", "b"),
    "tree": pressing("f5"),
    "usage": with_usage,
    "queue": in_the_queue,
    "find": pressing("ctrl+f"),
    "picker": pressing("ctrl+l"),
    "help": pressing("f1"),
    "library": pressing("ctrl+o"),
    "compare": comparing,
    "outline": in_the_outline,
    "temporary": temporary,
    "settings": with_settings(""),
    "one setting": with_settings("ui.theme"),
}


@asynccontextmanager
async def conversation() -> AsyncIterator[Desk]:
    text = (
        TextDelta("needle\n\n```python\nx = 1\n```\n\n" + "prose\n\n" * 60 + "<https://a.example>"),
        Stopped("end_turn"),
    )
    async with desk_with(text, HELLO) as desk:
        await desk.ask("first needle")
        await desk.ask("second")
        yield desk


async def check_words(desk: Desk, state: str, words: list[str]) -> None:
    await STATES[state](desk)
    prompts = [turn.text for turn in desk.conversation.turns]
    requests = len(desk.conversation.turns)
    for number, word in enumerate(words):
        if number:
            await STATES[state](desk)
        await type_word(desk, word)
        field = desk.app.focused
        shown = field.value if isinstance(field, Input) else desk.chat.prompt.text
        assert shown == word, (state, word, shown)
        assert len(desk.conversation.turns) == requests and desk.chat.actions.prompts.editing is None, (state, word)
        if isinstance(field, Input):
            field.value = ""
            await desk.settle()
            await desk.press("escape")
        desk.chat.prompt.draft = ""
        await desk.settle()
        assert desk.app.screen is desk.chat, (state, word)
    assert [turn.text for turn in desk.conversation.turns] == prompts


@pytest.mark.parametrize("state", ["reading", "after a search hit", "tree", "queue"])
async def test_words_go_to_the_prompt_or_a_field_in_every_state(state: str) -> None:
    async with conversation() as desk:
        await check_words(desk, state, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", STATES)
async def test_many_words_go_to_the_prompt_or_a_field_in_every_state(state: str) -> None:
    assert len(WORDS) >= 200
    async with conversation() as desk:
        await check_words(desk, state, LONG)


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
