"""Messages that a dialog gets after what they are about has changed, or after it was closed."""

import ast
import asyncio
import itertools
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events, on, timer
from textual.app import App
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList

from tests.ui.conftest import Desk
from tests.ui.screen import screen_text
from tui_chat import ui
from tui_chat.ui.chat.screen import ChatScreen
from tui_chat.ui.dialogs.help import HelpScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal.textual_private import CrashSafeApp, OneShotTimers

KEYS = Keyboard({})


def picker() -> Picker:
    return Picker(KEYS, "Pick one", [Choice(name, name) for name in ("apple", "pear", "plum")])


async def test_a_click_on_a_row_that_a_key_has_taken_away_chooses_nothing() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = picker()
        chosen = list[str | None]()
        await app.push_screen(screen, chosen.append)
        click = OptionList.OptionSelected(screen.rows, screen.rows.options[2], 2)
        await pilot.press("a", "p", "p")
        assert [choice.value for choice in screen.found] == ["apple"]
        screen.rows.post_message(click)
        await pilot.pause()
        assert app.screen is screen and chosen == []


@pytest.mark.parametrize("name", ["picker", "help"])
async def test_a_letter_that_comes_after_a_dialog_was_closed_is_ignored(name: str) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen: Screen[str | None] | Screen[None]
        screen = picker() if name == "picker" else HelpScreen(KEYS, Scope.PROMPT)
        await app.push_screen(screen)
        app.pop_screen()
        await pilot.pause()
        screen.narrow() if isinstance(screen, Picker) else screen.search()  # type: ignore[union-attr]
        assert screen not in app.screen_stack


@pytest.mark.parametrize("is_closed", [True, False])
async def test_only_a_closed_screen_may_look_for_widgets_that_are_gone(is_closed: bool) -> None:
    app = CrashSafeApp()
    async with app.run_test():
        screen = picker()
        await app.push_screen(screen)
        if is_closed:
            await app.pop_screen()
        with screen._context():
            app._handle_exception(NoMatches("its list"))
        assert (app.fault is None) is is_closed
        app._exception = None  # or the test's own driver raises it


class Slow(Message):
    """Keeps a screen busy while the window gets other sizes."""


class Other(Message):
    """Anything else that a screen is sent."""


async def test_what_a_list_is_offered_before_it_is_mounted_is_shown_with_its_hint_and_title() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = picker()
        mounted = app.push_screen(screen)
        screen.offer([Choice("fig", "fig")], "A hint", "A title")
        await mounted
        await pilot.pause()
        assert all(words in screen_text(app) for words in ("fig", "A hint", "A title"))


class SlowScreen(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.sizes = list[Size]()

    def on_resize(self, event: events.Resize) -> None:
        self.sizes.append(event.size)

    @on(Slow)
    def fall_behind(self) -> None:
        for width in range(50, 90):
            size = Size(width, 20)
            self.app._resize_event = events.Resize(size, size)
            self.app._check_resize()
            self.post_message(Other())  # keeps Textual from combining the sizes


async def test_a_screen_that_is_behind_is_laid_out_in_the_latest_size_only() -> None:
    app = CrashSafeApp()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = SlowScreen()
        await app.push_screen(screen)
        await pilot.pause()
        screen.sizes.clear()
        screen.post_message(Slow())
        await pilot.pause()
        assert set(screen.sizes) == {Size(89, 20)}


@pytest.fixture
def pauses_timers(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that pauses the process as each timer starts that has one turn."""
    late_s = itertools.count(1)
    real = timer._time.get_time

    def get_time() -> float:
        is_single = sys._getframe(1).f_locals.get("_repeat") == 0
        return real() + (next(late_s) if is_single else 0)

    return lambda: monkeypatch.setattr(timer._time, "get_time", get_time)


async def test_a_resize_is_laid_out_when_the_process_is_paused_as_the_timer_for_it_starts(
    pauses_timers: Callable[[], None],
) -> None:
    app, screen = CrashSafeApp(), SlowScreen()
    async with app.run_test(size=(100, 30)) as pilot:
        await app.push_screen(screen)
        pauses_timers()
        for width in (70, 90):
            await pilot.resize_terminal(width, 30)
            async with asyncio.timeout(10):
                while screen.sizes[-1].width != width:
                    await pilot.pause(0.01)


async def test_a_draft_is_saved_when_the_process_is_paused_as_the_timer_for_it_starts(
    desk: Desk, pauses_timers: Callable[[], None]
) -> None:
    pauses_timers()
    await desk.type("half a thought")
    async with asyncio.timeout(10):
        while await desk.store.draft(None) != "half a thought":
            await desk.pilot.pause(0.01)


async def test_a_notice_goes_when_the_process_is_paused_as_the_timer_for_it_starts(
    desk: Desk, pauses_timers: Callable[[], None]
) -> None:
    pauses_timers()
    desk.chat.notify("a notice", timeout=0.05)
    assert desk.chat.notice_line.text == "a notice"
    await desk.until(lambda: not desk.chat.notice_line.text)


def test_every_class_of_ours_that_sets_a_timer_has_one_that_is_not_skipped() -> None:
    callers = {
        name
        for path in Path(ui.__path__[0]).rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and "self.set_timer(" in ast.unparse(node)
        for name in [".".join(("tui_chat", "ui", *path.relative_to(ui.__path__[0]).with_suffix("").parts, node.name))]
    }
    assert len(callers) > 2
    assert [name for name in callers if not issubclass(pkgutil.resolve_name(name), OneShotTimers)] == []
    assert issubclass(ChatScreen, OneShotTimers)
