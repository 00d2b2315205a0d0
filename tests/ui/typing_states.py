"""Every state of the screen that text may be typed in: where letters are commands, and where they are text."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.service.conftest import HELLO
from tests.support.tools import ScriptedToolbox, answer, calls
from tests.ui.chat.test_tool_actions import ACTION, AskingToolbox, asked, form_waits, tool_desk
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.tool import ToolServer
from tui_chat.settings.load import load_settings
from tui_chat.storage.store import Store
from tui_chat.ui.compare.screen import CompareScreen
from tui_chat.ui.dialogs.command_output import CommandOutput, OutputScreen
from tui_chat.ui.dialogs.config import ConfigScreen
from tui_chat.ui.keymap import Scope
from tui_chat.ui.picker import Picker
from tui_chat.ui.widgets.approval_bar import SETTLE_S

Open = Callable[[Desk], Awaitable[None]]
"""Leads to a state from the prompt of an open conversation."""
Start = Callable[[], AbstractAsyncContextManager[Desk]]
"""Starts the app in a state."""


@asynccontextmanager
async def conversation() -> AsyncIterator[Desk]:
    """Two prompts with their replies; there is code, a link, and more than fits the window."""
    text = (
        TextDelta("needle\n\n```python\nx = 1\n```\n\n" + "prose\n\n" * 60 + "<https://a.example>"),
        Stopped("end_turn"),
    )
    async with desk_with(text, HELLO) as desk:
        await desk.ask("first needle")
        await desk.ask("second")
        yield desk


# States of one open conversation


def pressing(*keys: str) -> Open:
    async def press(desk: Desk) -> None:
        await desk.press(*keys)

    return press


def picking(*keys: str) -> Open:
    """Press keys that open a picker."""

    async def press(desk: Desk) -> None:
        await desk.press(*keys)
        await desk.until(lambda: isinstance(desk.app.screen, Picker))
        await desk.settle()

    return press


async def reading(desk: Desk) -> None:
    desk.chat.pane.focus()
    await desk.settle()


async def after_a_hit(desk: Desk) -> None:
    await desk.chat.open(await desk.service.open(desk.conversation.id), find=("needle",))


async def in_the_queue(desk: Desk) -> None:
    if not desk.chat.queue.prompts:
        await desk.chat.queue.put("waits")
    await desk.press("alt+q")


async def with_usage(desk: Desk) -> None:
    desk.chat.actions.windows.show_usage()
    await desk.settle()


async def comparing(desk: Desk) -> None:
    if len(desk.conversation.siblings_of(desk.conversation.head or "")) < 2:
        await desk.press("alt+r")
        await desk.idle()
    desk.chat.actions.compare.compare_turn(desk.conversation.head or "")
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


async def output_of_a_command(desk: Desk) -> None:
    await desk.app.push_screen(OutputScreen(desk.chat.keys, CommandOutput("wc", "done", 0.1, "1 2 3\n" * 40)))
    await desk.settle()


async def argument_of_a_command(desk: Desk) -> None:
    await desk.press("ctrl+p")
    await desk.type("/system")
    await desk.press("enter")
    await desk.until(lambda: "Command palette" not in screen_text(desk.app) and isinstance(desk.app.screen, Picker))


async def with_suggestions(desk: Desk) -> None:
    await desk.type("/")
    await desk.until(lambda: desk.chat.suggestions.display)


async def editing(desk: Desk) -> None:
    await desk.press("f9")
    await desk.until(lambda: desk.chat.actions.prompts.editing is not None)


def with_settings(name: str) -> Open:
    async def show(desk: Desk) -> None:
        await desk.chat.actions.with_argument["config"](name)
        await desk.until(lambda: isinstance(desk.app.screen, ConfigScreen))

    return show


STATES: dict[str, tuple[Scope, Open]] = {
    "compare": (Scope.COMPARE, comparing),
    "prompt": (Scope.PROMPT, pressing("escape")),
    "suggestions": (Scope.PROMPT, with_suggestions),
    "editing a prompt": (Scope.PROMPT, editing),
    "editing a reply": (Scope.PROMPT, pressing("tab", "E")),
    "reading": (Scope.PANE, reading),
    "after a search hit": (Scope.PANE, after_a_hit),
    "selected turn": (Scope.PANE, pressing("tab", "K")),
    "selected code": (Scope.PANE, pressing("tab", "B")),
    "selected link": (Scope.PANE, pressing("tab", "L")),
    "matches": (Scope.PANE, pressing("ctrl+f", "n", "tab")),
    "outline": (Scope.OUTLINE, in_the_outline),
    "queue": (Scope.QUEUE, in_the_queue),
    "find": (Scope.FIND, pressing("ctrl+f")),
    "tree": (Scope.TREE, pressing("f5")),
    "usage": (Scope.USAGE, with_usage),
    "output": (Scope.OUTPUT, output_of_a_command),
    "help": (Scope.HELP, pressing("f1")),
    "help over usage": (Scope.HELP, pressing("ctrl+p", *"usage", "enter", "f1")),
    "settings": (Scope.PICKER, with_settings("")),
    "one setting": (Scope.PICKER, with_settings("ui.theme")),
    "a number": (Scope.PICKER, with_settings("ui.measure")),
    "library": (Scope.LIBRARY, pressing("ctrl+o")),
    "library, all text": (Scope.LIBRARY, pressing("ctrl+o", "tab")),
    "library, trash": (Scope.LIBRARY, pressing("ctrl+o", "f5", "f5")),
    "library, new title": (Scope.LIBRARY, pressing("ctrl+o", "f2")),
    "library, tags": (Scope.LIBRARY, pressing("ctrl+o", "alt+t")),
    "library, export": (Scope.PICKER, picking("ctrl+o", "alt+e")),
    "palette": (Scope.PICKER, picking("ctrl+p")),
    "argument": (Scope.PICKER, argument_of_a_command),
    "model": (Scope.PICKER, picking("ctrl+l")),
    "other model": (Scope.PICKER, picking("f3")),
    "history": (Scope.PICKER, picking("ctrl+r")),
    "tools": (Scope.PICKER, picking("alt+t")),
    "outline as a list": (Scope.PICKER, picking("alt+h")),
    "copy as": (Scope.PICKER, picking("tab", "C")),
    "pipe": (Scope.PICKER, picking("tab", "B", "|")),
    "save code": (Scope.PICKER, picking("tab", "B", "w")),
    "link": (Scope.PICKER, picking("tab", "L", "enter")),
    "temporary": (Scope.PROMPT, temporary),
}
"""Each with the scope of the keys that work there."""


# States that need an app of their own; no request may leave, no reply may end and no call may be answered there


@asynccontextmanager
async def comparing_live() -> AsyncIterator[Desk]:
    """Two replies that stream next to each other."""
    gate = asyncio.Event()
    async with desk_with(HELLO, (TextDelta("aa"), gate), (TextDelta("bb"), gate)) as desk:
        await desk.ask("hi")
        await desk.type("/compare demo/one demo/two")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen) and "bb" in screen_text(desk.app))
        yield desk


@asynccontextmanager
async def streaming() -> AsyncIterator[Desk]:
    async with desk_with((TextDelta("one"), asyncio.Event())) as desk:
        await desk.type("hi")
        await desk.press("enter")
        await desk.until(lambda: "one" in screen_text(desk.app))
        yield desk


@asynccontextmanager
async def reading_while_streaming() -> AsyncIterator[Desk]:
    async with streaming() as desk:
        await reading(desk)
        yield desk


@asynccontextmanager
async def queue_while_streaming() -> AsyncIterator[Desk]:
    async with streaming() as desk:
        await in_the_queue(desk)
        yield desk


@asynccontextmanager
async def tree_while_streaming() -> AsyncIterator[Desk]:
    async with streaming() as desk:
        await desk.press("f5")
        yield desk


@asynccontextmanager
async def call_waiting() -> AsyncIterator[Desk]:
    async with tool_desk(calls(ACTION), answer()) as desk:
        await asked(desk)
        yield desk


@asynccontextmanager
async def answering_a_call() -> AsyncIterator[Desk]:
    """The letters of the approval bar answer; long after it has appeared."""
    async with call_waiting() as desk:
        await desk.press("alt+a")
        bar = desk.chat.approval_bar
        await desk.until(lambda: bar.has_focus and bar._monotonic_s() - bar._shown_s > SETTLE_S)
        yield desk


@asynccontextmanager
async def form_bar() -> AsyncIterator[Desk]:
    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=AskingToolbox()) as desk:
        await form_waits(desk)
        yield desk


@asynccontextmanager
async def form() -> AsyncIterator[Desk]:
    async with form_bar() as desk:
        await desk.press("alt+a")
        await desk.until(lambda: "Your name" in screen_text(desk.app))
        yield desk


@asynccontextmanager
async def decision_about_a_form() -> AsyncIterator[Desk]:
    async with form() as desk:
        await desk.press("escape")
        await desk.until(lambda: "Keep filling it in" in screen_text(desk.app))
        yield desk


@asynccontextmanager
async def consent_to_a_server() -> AsyncIterator[Desk]:
    async with desk_with(toolbox=ScriptedToolbox()) as desk:
        desk.chat.context = replace(desk.chat.context, tool_servers=(ToolServer("box", "uvx box", "f", ""),))
        await desk.ask("/tools box")
        await desk.until(lambda: "Start the MCP server box?" in screen_text(desk.app))
        yield desk


@asynccontextmanager
async def secret_to_attach() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".env").write_text("API_KEY=abc\n")
        async with desk_with() as desk:
            await desk.chat.actions.attach.attach_named(f"{folder}/.env")
            await desk.until(lambda: "usually holds secrets" in screen_text(desk.app))
            yield desk


@asynccontextmanager
async def trust_in_a_folder() -> AsyncIterator[Desk]:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        commands = Path(folder, ".tui-chat", "commands")
        commands.mkdir(parents=True)
        (commands / "fix.md").write_text("Fix the build.\n")
        try:
            os.chdir(folder)
            async with desk_with() as desk:
                desk.chat.actions.templates.ask_for_trust()
                await desk.until(lambda: "Yes, until a file" in screen_text(desk.app))
                yield desk
        finally:
            os.chdir(here)


@asynccontextmanager
async def profiles() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.toml")
        file.write_text('[profiles.web]\ntools = ["web_search"]\n')
        async with desk_with(settings=load_settings(environ={}, file=file)) as desk:
            await desk.ask("/profile")
            await desk.until(lambda: isinstance(desk.app.screen, Picker))
            yield desk


@asynccontextmanager
async def recent_conversations() -> AsyncIterator[Desk]:
    store = await Store.open(":memory:")
    try:
        async with desk_with(store=store, size=(100, 40)) as desk:
            await desk.ask("hi")
            await desk.press("ctrl+n")
            await desk.until(lambda: "Recent conversations" in screen_text(desk.app))
            await desk.press("down")
            await desk.until(lambda: desk.chat.home_panel.has_focus)
            yield desk
    finally:
        await store.aclose()


OWN_STATES: dict[str, tuple[Scope, Start]] = {
    "comparing live replies": (Scope.COMPARE, comparing_live),
    "streaming": (Scope.PROMPT, streaming),
    "reading while streaming": (Scope.PANE, reading_while_streaming),
    "queue while streaming": (Scope.QUEUE, queue_while_streaming),
    "tree while streaming": (Scope.TREE, tree_while_streaming),
    "a call waits": (Scope.PROMPT, call_waiting),
    "answering a call": (Scope.APPROVAL, answering_a_call),
    "a form waits": (Scope.PROMPT, form_bar),
    "form": (Scope.PICKER, form),
    "decision about a form": (Scope.PICKER, decision_about_a_form),
    "consent to a server": (Scope.PICKER, consent_to_a_server),
    "secret to attach": (Scope.PICKER, secret_to_attach),
    "trust in a folder": (Scope.PICKER, trust_in_a_folder),
    "profiles": (Scope.PICKER, profiles),
    "recent conversations": (Scope.HOME, recent_conversations),
}
