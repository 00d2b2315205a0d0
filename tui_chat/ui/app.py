"""The app: makes screens, sets the theme, holds the global keys, and exits."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.screen import Screen

from tui_chat.core.clean import clean, clean_line
from tui_chat.ui.chat.command_letters import CommandLetters
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope
from tui_chat.ui.startup.early_typing import EarlyTyping
from tui_chat.ui.startup.pending_context import PendingContext
from tui_chat.ui.startup.preload import load_ahead, load_lexers
from tui_chat.ui.startup.screen import StartupScreen
from tui_chat.ui.terminal.key_queue import KeyQueue
from tui_chat.ui.terminal.textual_private import (
    CrashSafeApp,
    bindings_of,
    driver_of,
    drop_style_cache,
    use_no_colours,
)
from tui_chat.ui.themes import DARK, LIGHT, SIXTEEN, legible

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from tui_chat.ui.app_context import AppContext
    from tui_chat.ui.chat.drafts import Drafts
    from tui_chat.ui.chat.screen import ChatScreen
    from tui_chat.ui.messages import AttentionRequested, ChatOpened, ThemeChosen
    from tui_chat.ui.terminal.messages import (
        BackgroundReported,
        ClipboardAnswered,
        ClipboardSupported,
        GraphicsAnswered,
        PasteShortened,
        TerminalNamed,
    )

_CATCH_UP_S = 0.01
_EARLY_S = 2.0
"""Time after which what was typed during startup is stored, as a draft or as a prompt that was sent."""
_AT_ONCE = ("app.quit", "app.interrupt")
"""Keys that do not wait until the conversation is open."""


class ChatApp(CrashSafeApp):
    TITLE = "tui-chat"
    CSS_PATH: ClassVar = ["app.tcss", "startup/startup.tcss"]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, below: "AppContext | PendingContext") -> None:
        super().__init__()
        self._below = below
        self.is_ending: Callable[[], bool] = lambda: False
        """Whether a signal has ended the program, so that the terminal must be left alone."""
        self._held: list[events.Key | events.Paste] | None = [] if isinstance(below, PendingContext) else None
        """Keys pressed before the conversation is open."""
        self._startup: StartupScreen | None = None
        is_late = isinstance(below, PendingContext) and not below.is_temporary
        self._early = EarlyTyping(below.settings.data_dir) if is_late else None
        self._drafts: Drafts | None = None
        """Where the typing during startup is stored."""
        self._is_warm = False
        """Whether loading what the first prompt needs has started."""
        self._presses = KeyQueue(self, super().on_event, CommandLetters(self, self._open_chat))
        self._keys = Keyboard(below.settings.keys)
        self._keys.bind(self, Scope.APP)
        for theme in (DARK, LIGHT, *SIXTEEN):
            self.register_theme(theme)
        self._is_light = _is_light(os.environ.get("COLORFGBG", ""))
        """Whether the terminal's background is light, as far as that is known."""
        self._follows_terminal = False
        self.use_theme(below.settings.ui.theme)

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables, dim text legible in every theme."""
        self.theme_variables = legible(super().get_css_variables())
        return self.theme_variables

    def get_driver_class(self) -> type[Driver]:
        """Return our driver on Unix, Textual's elsewhere."""
        found = super().get_driver_class()
        if sys.platform != "win32":
            from textual.drivers.linux_driver import LinuxDriver

            from tui_chat.ui.terminal.driver import TerminalDriver

            if found is LinuxDriver:
                return TerminalDriver
        return found

    def use_theme(self, name: str) -> None:
        """Use a theme; a name that is no theme, such as `auto`, follows the terminal.

        That is its brightness, and its sixteen colours where it has no more.
        """
        self._follows_terminal = name not in self.available_themes
        if not self._follows_terminal:
            self.theme = name
        elif self.console.color_system == "standard":
            self.theme = "ansi-light" if self._is_light else "ansi-dark"
        else:
            self.theme = LIGHT.name if self._is_light else DARK.name
        has_shades = self.console.color_system in ("256", "truecolor") and not self.current_theme.ansi
        use_no_colours(self, shades=has_shades)
        self.set_class(self.no_color or not has_shades, "-framed")
        self.set_class(self.no_color and not has_shades, "-two-colours")

    def _call_driver(self, name: str, *texts: str) -> None:
        """Call a method that only our own driver has."""
        if (method := getattr(driver_of(self), name, None)) is not None:
            method(*texts)

    def watch_title(self, title: str) -> None:
        """Name the window after the conversation."""
        self._call_driver("name_window", title)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: "SeverityLevel" = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a passing message, without markup or control characters; a warning or an error in one line.

        It is shown in the notice line of the topmost screen that has one.
        """
        harmless = clean if severity == "information" else clean_line
        text = harmless(f"{title}: {message}" if title else message)
        lasts_s = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        from tui_chat.ui.widgets.notice_line import NoticeLine  # late: the startup screen has none

        for screen in reversed(self.screen_stack):
            if isinstance(line := getattr(screen, "notice_line", None), NoticeLine):
                line.add(text, severity, lasts_s)
                return
        super().notify(text, severity=severity, timeout=timeout, markup=False)

    def on_attention_requested(self, event: "AttentionRequested") -> None:
        """Alert a user who looks at another window."""
        if not self.app_focus:
            self._call_driver("call_attention", event.sentence)

    def on_background_reported(self, event: "BackgroundReported") -> None:
        """Follow the terminal's background."""
        self._is_light = event.is_light
        if self._follows_terminal:
            self.use_theme("auto")

    def on_theme_chosen(self, event: "ThemeChosen") -> None:
        self.use_theme(event.name)

    def on_clipboard_supported(self, event: "ClipboardSupported") -> None:
        self._take_clipboard(event)

    def on_clipboard_answered(self, event: "ClipboardAnswered") -> None:
        self._take_clipboard(event)

    def on_terminal_named(self, event: "TerminalNamed") -> None:
        if self._held is None:
            self._chat.pictures.named(event.name)

    def on_graphics_answered(self, event: "GraphicsAnswered") -> None:
        if self._held is None:
            self._chat.pictures.answered(is_ok=event.is_ok)

    def _take_clipboard(self, event: "ClipboardSupported | ClipboardAnswered") -> None:
        if self._held is None:
            self._chat.actions.attach.terminal_clipboard.take(event)

    def on_paste_shortened(self, _: "PasteShortened") -> None:
        """Report that a paste is not whole."""
        self.notify("The paste was too long and was truncated.", severity="warning")

    def get_default_screen(self) -> Screen[Any]:
        """Return the startup screen until there is a conversation: a pushed screen would be painted later."""
        if isinstance(self._below, PendingContext):
            self._startup = StartupScreen(self._below, self._keys)
            for press in self._held or ():
                self._startup.take(press)
            return self._startup
        return super().get_default_screen()

    def on_mount(self) -> None:
        """Request the terminal's background, and show the conversation if it is loaded."""
        if self._follows_terminal:
            self._call_driver("ask_background")
        if not isinstance(self._below, PendingContext):
            self.push_screen(_chat_on(self._below, self._keys))

    @on(StartupScreen.Painted)
    def load_services(self) -> None:
        """Load the services behind the startup screen."""
        if isinstance(self._below, PendingContext):
            self.run_worker(self._take_place(self._below))

    async def _take_place(self, late: PendingContext) -> None:
        coming = asyncio.ensure_future(late.context())
        try:
            await asyncio.wait([coming])
        finally:
            coming.cancel()
        if (fault := coming.exception()) is not None:
            self.fault = fault
            self.leave(1)
            return
        context = coming.result()
        with self.batch_update():
            await self.push_screen(_chat_on(context, self._keys))
        self._below = context
        self._startup = None

    async def on_event(self, event: events.Event) -> None:
        """Keep keys pressed during startup for later; quitting works at once."""
        if self._held is not None and isinstance(event, events.Key | events.Paste) and self._is_for_later(event):
            self._held.append(_again(event))
            if self._early is not None:
                self._early.take(event)
            # The chat screen gets it later; only the startup screen shows it meanwhile.
            if self._startup is not None:
                self._startup.take(event)
            return
        # A forwarded key arrives a second time when it bubbles up.
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            if not isinstance(self._below, PendingContext) and self._below.sync is not None:
                self._below.sync.note_use()
            await self._presses.take(event)
        else:
            await super().on_event(event)

    async def catch_up(self) -> None:
        """Return when all keys pressed so far are handled."""
        while self.message_queue_size or self._presses.is_behind:  # noqa: ASYNC110 — Textual's queue has no event
            await asyncio.sleep(_CATCH_UP_S)

    def _is_for_later(self, event: events.Key | events.Paste) -> bool:
        bound = bindings_of(self, event.key) if isinstance(event, events.Key) else []
        return not event.is_forwarded and not any(binding.id in _AT_ONCE for binding in bound)

    async def on_chat_opened(self, _: "ChatOpened") -> None:
        """Replay keys pressed during startup, then load what the first prompt needs."""
        if self._early is not None:
            self._drafts = self._chat.drafts
            await self._chat.actions.prompts.restore_early(await asyncio.to_thread(self._early.left_behind))
            self.set_timer(_EARLY_S, self._discard_early)
        await self._replay_held()
        if not self._is_warm:
            self._is_warm = True
            self.call_after_refresh(self.run_worker, self._warm_up, exit_on_error=False)

    async def _replay_held(self) -> None:
        held = self._held or []
        sends = any(isinstance(press, events.Key) and press.key == "enter" for press in held)
        if sends or any(isinstance(press, events.Paste) or press.is_printable for press in held):
            await self._chat.actions.prompts.make_room(sends=sends)
        self._held = None
        for press in held:
            await self._presses.take(press)

    async def _discard_early(self) -> None:
        """Remove what was kept of the typing during startup, once it is stored as the draft or was sent."""
        if self._early is None:
            return
        if self._early.has_text and (chat := self._open_chat()) is not None:
            chat.actions.prompts.save_draft()  # with the last letters, which may not be reported yet
        if not self._presses.is_idle or not await self._is_early_stored():
            self.set_timer(_EARLY_S, self._discard_early)

    async def _is_early_stored(self) -> bool:
        if self._drafts is None or self._early is None or self._held is not None or self._presses.is_behind:
            return False
        await self._drafts.flush()
        if self._drafts.is_saved:
            self._early.discard()
        return self._drafts.is_saved

    async def on_unmount(self) -> None:
        """Remove it on quitting as well."""
        await self._is_early_stored()

    async def _warm_up(self) -> None:
        await asyncio.to_thread(load_ahead)
        if not isinstance(self._below, PendingContext):
            await self._below.warm_up()
        await asyncio.to_thread(load_lexers)

    def pop_screen(self) -> AwaitComplete:
        """Pop a screen, and free it with every row it ever drew: Textual's style cache keeps both."""
        drop_style_cache()
        return super().pop_screen()

    def leave(self, code: int = 0) -> None:
        """Quit; the caller stops replies in flight and keeps them."""
        self.exit(code, return_code=code)

    def restore_terminal(self) -> None:
        """Restore the terminal from any thread, when the app cannot."""
        self._call_driver("restore_now")

    async def action_quit(self) -> None:
        """Quit at once; nothing is lost."""
        self.leave()

    def action_suspend(self) -> None:
        if getattr(driver_of(self), "has_shell", False):
            self.action_suspend_process()
        else:
            self.notify("Cannot suspend: there is no shell to return to.", severity="warning")

    async def action_interrupt(self) -> None:
        """Let the screen decide what to stop."""
        if isinstance(self.screen, StartupScreen):
            self.leave()
        elif (chat := self._chat) is self.screen:
            await chat.action_interrupt()
        else:
            self.screen.dismiss(None)

    def action_help(self) -> None:
        """Show every key, those that work here first; or close that list."""
        from tui_chat.ui.dialogs.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(HelpScreen(self._keys, self._place))

    @property
    def _place(self) -> Scope:
        """The scope whose keys work now."""
        if self.screen is not self._chat:
            return getattr(self.screen, "SCOPE", Scope.PROMPT)
        places = {
            self._chat.queue_bar: Scope.QUEUE,
            self._chat.approval_bar: Scope.APPROVAL,
            self._chat.find_bar: Scope.FIND,
            self._chat.home_panel: Scope.HOME,
            self._chat.outline: Scope.OUTLINE,
            self._chat.pane: Scope.PANE,
        }
        return next((scope for widget, scope in places.items() if widget.has_focus), Scope.PROMPT)

    def _open_chat(self) -> "ChatScreen | None":
        return self._chat if not isinstance(self._below, PendingContext) and len(self.screen_stack) > 1 else None

    @property
    def _chat(self) -> "ChatScreen":
        """The screen of the conversation; a temporary one lies over the saved one."""
        from tui_chat.ui.chat.screen import ChatScreen

        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, ChatScreen))


def _chat_on(context: "AppContext", keys: Keyboard) -> "ChatScreen":
    from tui_chat.ui.chat.screen import ChatScreen

    return ChatScreen(context, keys)


def _again(event: events.Key | events.Paste) -> events.Key | events.Paste:
    return events.Key(event.key, event.character) if isinstance(event, events.Key) else events.Paste(event.text)


def _is_light(colours: str) -> bool:
    """Return whether a terminal reports a light background, as `foreground;background`; few report it."""
    ground = colours.rpartition(";")[2]
    return ground.isdigit() and int(ground) in (7, 15)
