"""Every key of the table, pressed in the running app, does something that can be seen; the user's own keys count."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.containers import VerticalScroll
from textual.widgets import OptionList

from tests.support.tools import ScriptedToolbox, answer, calls
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.conversation import Options
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role
from tui_chat.providers.demo.tour import KEYS as TOUR_KEYS
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Settings
from tui_chat.ui.dialogs.command_output import CommandOutput, OutputScreen
from tui_chat.ui.dialogs.help import HelpScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Key, Scope, label_of, names_of
from tui_chat.ui.library.virtual_list import VirtualList
from tui_chat.ui.picker import Picker
from tui_chat.ui.widgets import approval_bar

LONG = "\n\n".join(f"Paragraph {number} with needle and <https://example.com/{number}>." for number in range(12))
CODE = "```python\nprint(1)\n```"
RICH = (
    ThinkingDelta("let me think\nabout it"),
    PartEnd(),
    TextDelta(f"{CODE}\n\n{LONG}\n\n{CODE}"),
    Stopped("max_tokens"),
)


def seen(desk: Desk) -> tuple[Any, ...]:
    """Everything that a key could change."""
    chat = desk.chat
    return (
        screen_text(desk.app),
        type(desk.app.screen),
        type(desk.app.focused),
        chat.prompt.text,
        chat.prompt.cursor_location,
        chat.conversation.id,
        chat.conversation.head,
        len(chat.conversation.turns),
        chat.queue.prompts,
        chat.queue_bar.chosen,
        desk.app._exit,
        [shelf.cursor for shelf in desk.app.screen.query(VirtualList)],
        [rows.highlighted for rows in desk.app.screen.query(OptionList)],
        [page.scroll_offset for page in desk.app.screen.query(VerticalScroll)],
        chat.notice_line.text,
    )


async def prepared(desk: Desk, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place where the key has something to do."""
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.chdir(desk_folder(monkeypatch))
    await desk.ask("first needle")
    await desk.press("alt+r")
    await desk.until(lambda: len(desk.conversation.turns) == 3)
    await desk.idle()
    chat, pane = desk.chat, desk.chat.pane
    if key.id in ("prompt.newer", "prompt.undo", "prompt.delete", "prompt.redo"):
        await desk.type("ab")
        await desk.press("left")
    if key.id == "prompt.newer":
        await desk.press("home", "up")
    if key.id == "prompt.redo":
        await desk.press("ctrl+z")
    if key.id == "queue.drop":
        await chat.queue.put("waits")
    if key.scope is Scope.QUEUE or key.id == "queue.choose":
        await chat.queue.put("waits")
        await chat.queue.put("waits too")
    if key.id in ("undo", "read.undo"):
        await chat.queue.put("waits")
        await desk.press("alt+x")
    if key.id == "prompt.complete":
        await desk.type("/ti")
    if key.id == "branch.origin":
        await chat.action_fork()
    if key.id in ("branch.next", "read.next_branch"):
        await desk.press("alt+left")
    if key.scope is Scope.PANE or key.id == "reply.cancel":
        pane.focus()
    if key.scope is Scope.LIBRARY:
        await in_the_library(desk, key)
        return
    if key.scope is Scope.OUTPUT:
        shown = CommandOutput("wc", "exit 0", 0.1, "printed\n" * 90)
        await desk.app.push_screen(OutputScreen(chat.keys, shown), chat.actions.copy_pipe.use_output(shown.text))
        await desk.press(*["j"] * (key.id == "output.up"))
        return
    if key.scope is Scope.OUTLINE:
        await desk.ask("second needle")
        await desk.press("alt+h", *["down"] * 20 * key.id.endswith("up"), *["up"] * 20 * key.id.endswith("down"))
        return
    if key.scope is Scope.HOME or key.id == "home.recent":
        await at_home(desk, key)
        return
    if "find_" in key.id:
        pane.find("needle")
    if key.id not in ("read.bottom", "end", "pane.page_down", "read.down", "read.half_down", "read.page_down"):
        pane.action_scroll_line(-8)
    else:
        pane.action_start()
    if key.id == "read.open":
        pane.action_step_link(1)
    if key.scope is Scope.QUEUE:
        chat.queue_bar.focus()
    if key.scope is Scope.FIND:
        await desk.press("ctrl+f")
        await desk.type("needle")
    if key.scope is Scope.COMPARE:
        await in_a_comparison(desk, key)
        return
    if key.scope in DIALOGS:
        await in_a_dialog(desk, key)
        return
    if key.id == "prompt.send" or key.id == "prompt.newline":
        await desk.type("x")
    if key.id in ("prompt.word_left", "prompt.word_right", "prompt.delete_word"):
        await desk.type("two words")
    if key.id in ("prompt.word_right", "prompt.delete_word"):
        await desk.press("home")
    await desk.settle()
    pane.flush()


async def in_a_comparison(desk: Desk, key: Key) -> None:
    """Two of three long replies, away from the end that the key moves to."""
    reply = next(turn for turn in reversed(desk.conversation.path) if turn.role is Role.ASSISTANT)
    for number in range(2):
        copy = replace(reply, id=f"copy-{number}", parts=(TextPart("\n\n".join(f"{number} {n}" for n in range(60))),))
        desk.chat.conversation = desk.conversation.with_turn(copy, head=False)
    desk.chat.actions.compare.compare_turn(reply.id if key.id == "compare.next" else "copy-1")
    await desk.until(lambda: "Compare replies" in screen_text(desk.app) and "demo/tour" in screen_text(desk.app))
    if key.id in ("compare.up", "compare.page_up", "compare.start"):
        await desk.press("G")
    await desk.settle()


DIALOGS = {Scope.PICKER: "f6", Scope.TREE: "f5", Scope.USAGE: "", Scope.HELP: "f1"}
"""The key that opens each dialog."""


async def in_a_dialog(desk: Desk, key: Key) -> None:
    """Among enough rows to move in, away from the end that the key moves to."""
    for number in range(30) if key.scope is Scope.PICKER else ():
        await desk.chat.drafts.add_to_history(f"prompt {number}")
    if key.scope is Scope.USAGE:
        desk.chat.actions.windows.show_usage()
        await desk.until(lambda: "Usage by day" in screen_text(desk.app))
    else:
        await desk.press("ctrl+l" if key.id == "picker.favourite" else DIALOGS[key.scope])
        await desk.until(lambda: desk.app.screen is not desk.chat)
    if key.id == "usage.by_day":
        await desk.press("m")
        await desk.until(lambda: "Usage by model" in screen_text(desk.app))
    if key.id == "usage.up":
        await desk.press("j")
    if key.id in ("tree.down", "tree.last", "tree.page_down"):
        await desk.press("g")
    if key.id in ("picker.up", "picker.page_up", "help.up", "help.page_up"):
        await desk.press("pagedown", "pagedown")
    await desk.settle()


async def at_home(desk: Desk, key: Key) -> None:
    """In an empty conversation, with two to go back to."""
    await desk.store.save(replace(desk.conversation, id="copy", title="copy"))
    await desk.press("ctrl+n")
    await desk.until(lambda: "copy" in screen_text(desk.app))
    if key.scope is Scope.HOME:
        await desk.press("down")


async def in_the_library(desk: Desk, key: Key) -> None:
    """Among enough conversations to move in, with something to undo and something to leave."""
    await desk.store.save_all([replace(desk.conversation, id=f"copy-{n}", title=f"copy {n}") for n in range(40)])
    await desk.press("ctrl+o")
    await desk.until(lambda: "copy" in screen_text(desk.app))
    if key.id == "library.undo":
        await desk.press("alt+x")
        await desk.until(lambda: "trash" in screen_text(desk.app))
    if key.id in ("library.full_text", "library.close"):
        await desk.type("copy")
        await desk.until(lambda: "copy" in screen_text(desk.app))
    if key.id in ("library.up", "library.page_up", "library.first"):
        await desk.press("ctrl+end")


async def with_an_approval(desk: Desk, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long tool call waits, and a reason for a denial stands in the prompt."""
    monkeypatch.setattr(approval_bar, "SETTLE_S", 0.0)
    desk.chat.conversation = desk.service.new_conversation("demo/tour", options=Options(tools=("act",)))
    await desk.type("go")
    await desk.press("enter")
    await desk.until(lambda: desk.chat.approval_bar.approvals)
    await desk.type("reason")
    if key.id != "approval.focus":
        await desk.press("alt+a")
    if key.id == "approval.up":
        await desk.press("j", "j")
    await desk.settle()


def desk_folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    import tempfile

    return Path(tempfile.mkdtemp())


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
async def test_a_key_does_something_that_can_be_seen(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    is_scrolled_usage = key.id in ("usage.down", "usage.up")
    is_approval = key.id.startswith("approval.")
    scripts = (calls(("c1", "act", json.dumps({"path": "x" * 900}))), answer()) if is_approval else (RICH,)
    toolbox = ScriptedToolbox() if is_approval else None
    width = 170 if key.scope is Scope.OUTLINE else 80
    async with desk_with(*scripts, size=(width, 6 if is_scrolled_usage else 24), toolbox=toolbox) as desk:
        await (with_an_approval if is_approval else prepared)(desk, key, monkeypatch)
        if key.id == "app.interrupt":
            await desk.type("x")
        before = seen(desk)
        await desk.press(key.keys[0])
        desk.chat.pane.flush()
        await desk.until(lambda: seen(desk) != before)


def with_keys(**own: tuple[str, ...]) -> Settings:
    settings = load_settings(environ={})
    return settings._replace(keys={name.replace("__", "."): keys for name, keys in own.items()})


@pytest.mark.parametrize("reading", [False, True], ids=["writing", "reading"])
async def test_a_key_of_ones_own_works_and_the_old_one_is_free(reading: bool) -> None:
    own = with_keys(
        conversation__new=("F8",), reply__retry=(), app__quit=("Ctrl+X",), read__down=(), read__help=("H",)
    )
    async with desk_with(RICH, settings=own) as desk:
        await desk.ask("hi")
        if reading:
            desk.chat.pane.focus()
        shown = desk.conversation.id
        await desk.press("ctrl+n", "alt+r", "ctrl+q")
        await desk.pilot.pause(0.1)
        assert desk.conversation.id == shown and len(desk.conversation.turns) == 2 and not desk.app._exit
        if reading:
            await desk.press("H")
            await desk.until(lambda: type(desk.app.screen) is HelpScreen)
            await desk.press("escape")
        await desk.press("f8")
        assert desk.conversation.id != shown
        await desk.press("ctrl+x")
        await desk.until(lambda: desk.app._exit)


async def test_a_letter_of_ones_own_is_still_a_letter_where_one_writes() -> None:
    async with desk_with(RICH, settings=with_keys(reply__retry=("r",), read__retry=())) as desk:
        await desk.ask("hi")
        await desk.type("r")
        assert desk.chat.prompt.text == "r" and len(desk.conversation.turns) == 2
        desk.chat.pane.focus()
        await desk.press("r")
        await desk.until(lambda: len(desk.conversation.turns) == 3)


async def test_leaving_works_over_another_screen(desk: Desk) -> None:
    await desk.press("f1", "ctrl+c")
    await desk.until(lambda: desk.app.screen is desk.chat)
    await desk.press("f1", "ctrl+q")
    await desk.until(lambda: desk.app._exit)


def problems(**own: str) -> list[tuple[str, str]]:
    return Keyboard({name.replace("__", "."): (key,) for name, key in own.items()}).problems()


def test_unknown_actions_unknown_keys_and_keys_taken_twice_are_reported() -> None:
    assert problems() == []
    assert problems(reply__retry="Ctrl+Shift+R") == problems(read__help="F10") == []
    assert problems(reply__retry="ctrl+enterr") == [
        ("reply.retry", "there is no key 'ctrl+enterr'; did you mean enter?")
    ]
    assert problems(reply__retry="Enter") == [
        ("reply.retry", "Enter is the key of both prompt.send and reply.retry"),
        ("reply.retry", "Enter is the key of both read.open and reply.retry"),
        ("reply.retry", "Enter is the key of both home.open and reply.retry"),
        ("reply.retry", "Enter is the key of both outline.choose and reply.retry"),
        ("reply.retry", "Enter is the key of both queue.send and reply.retry"),
    ]
    assert problems(reply__retri="x") == [
        ("reply.retri", "there is no action 'reply.retri'; did you mean reply.retry?")
    ]
    assert problems(reply__retry="ctrl+n") == [
        ("reply.retry", "Ctrl+N is the key of both reply.retry and conversation.new")
    ]


def test_every_action_has_an_id_of_its_own_a_key_and_a_sentence() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    for key in KEYS:
        assert key.keys and key.label and key.help.endswith(".")


def test_the_demo_names_the_keys_that_there_are() -> None:
    names = Keyboard({})
    ids = {
        "send": "prompt.send",
        "newline": "prompt.newline",
        "cancel": "reply.cancel",
        "retry": "reply.retry",
        "new": "conversation.new",
        "library": "library.open",
        "search": "find.open",
        "model": "model.choose",
        "thinking": "pane.fold_all",
        "copy": "pane.copy_reply",
        "editor": "prompt.editor",
        "palette": "app.palette",
        "help": "app.help",
        "quit": "app.quit",
    }
    assert {word: names(ids[word]) for word in TOUR_KEYS} == TOUR_KEYS


@pytest.mark.parametrize(
    ("key", "label"), [("ctrl+r", "Ctrl+R"), ("f1", "F1"), ("escape", "Esc"), ("G", "G"), ("alt+left", "Alt+←")]
)
def test_a_key_is_named_as_people_write_it(key: str, label: str) -> None:
    assert label_of(key) == label


def test_the_readme_has_the_table_of_keys() -> None:
    from tests.support.environment import ROOT

    lines: list[str] = []
    for scope in Scope:
        lines += [f"**{scope.value.capitalize()}**", "", "| key | what it does | id |", "|---|---|---|"]
        lines += [f"| `{names_of(key.keys)}` | {key.help} | `{key.id}` |" for key in KEYS if key.scope is scope]
        lines.append("")
    assert "\n".join(lines) in (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
async def test_no_key_harms_where_there_is_no_conversation_yet(key: Key, desk: Desk) -> None:
    if key.scope is Scope.PANE:
        desk.chat.pane.focus()
    for pressed in key.keys:
        await desk.press(pressed)
    await desk.pilot.pause(0.05)
    assert desk.app._exception is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "key",
    [
        next(key for key in KEYS if key.scope is scope)
        for scope in Scope
        if scope not in (Scope.APP, Scope.CHAT, Scope.HELP)
    ],
    ids=lambda key: key.scope.name.lower(),
)
async def test_the_help_opens_everywhere_with_the_keys_of_that_place_and_f1_closes_it(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_approval = key.scope is Scope.APPROVAL
    scripts = (calls(("c1", "act", json.dumps({"path": "x" * 900}))), answer()) if is_approval else (RICH,)
    width = 170 if key.scope is Scope.OUTLINE else 80
    async with desk_with(*scripts, size=(width, 24), toolbox=ScriptedToolbox() if is_approval else None) as desk:
        await (with_an_approval if is_approval else prepared)(desk, key, monkeypatch)
        shown, focused = desk.app.screen, desk.app.focused
        await desk.press("f1")
        await desk.until(lambda: isinstance(desk.app.screen, HelpScreen))
        assert isinstance(desk.app.screen, HelpScreen)
        assert str(desk.app.screen.page.content).startswith(key.scope.value.capitalize())
        await desk.press("f1")
        await desk.until(lambda: not isinstance(desk.app.screen, HelpScreen))
        assert (desk.app.screen, desk.app.focused) == (shown, focused)


async def test_the_help_over_a_dialog_keeps_what_is_typed_in_it(desk: Desk) -> None:
    await desk.press("ctrl+p")
    await desk.type("theme")
    await desk.press("f1")
    await desk.until(lambda: isinstance(desk.app.screen, HelpScreen))
    await desk.type("library")
    await desk.press("f1")
    picker = desk.app.screen
    assert isinstance(picker, Picker) and picker.box.value == "theme"
    await desk.press("backspace", "ctrl+c")
    await desk.until(lambda: desk.app.screen is desk.chat)
