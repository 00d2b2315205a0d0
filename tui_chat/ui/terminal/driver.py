"""Connects the app to its terminal: reads what comes from it in a thread, and writes without waiting for it.

Textual looks only ten times a second whether its wait after a lone Escape is over; here that wait is exact. For
terminals of Unix only; what the bytes mean is not known here.
"""

import asyncio
import os
import selectors
import signal
import sys
from concurrent.futures import wait
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui_chat.core.clean import clean_line
from tui_chat.ui.terminal.input_decoder import IDLE_S, MOST_COLUMNS, MOST_ROWS, InputDecoder
from tui_chat.ui.terminal.terminal_state import RESTORE_TITLE, SAVE_TITLE, restore_terminal
from tui_chat.ui.terminal.writer import TerminalWriter

_ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_LONGEST_TITLE = 120
_MOST_AHEAD = 1000
"""After so many keys, or characters pasted, the app is waited for before more is read."""
_MOST_WAITING = 8
"""A terminal that is so many writes behind is given time instead of more."""


class TerminalDriver(LinuxDriver):
    """Textual's driver with its own way to read and to write, a window's title, and no word to a lent terminal."""

    _title = ""
    _writer: TerminalWriter | None = None
    """There while the terminal is ours."""
    _has_left = False
    """All that gives the terminal back was handed to the writer."""
    _keeps_input = False
    """What was typed and not yet read is kept when reading stops."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if size is None:
            self._size = self._get_terminal_size()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal does not keep up with what it has been sent."""
        return self._writer is not None and self._writer.waiting > _MOST_WAITING

    def start_application_mode(self) -> None:
        """Take the terminal, unless the program is being ended."""
        if getattr(self._app, "is_ending", bool)():
            return
        self._has_left = False
        self._writer = TerminalWriter(sys.__stderr__.fileno() if sys.__stderr__ else self.fileno)
        self._writer.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Also where the terminal reports its size by itself: a report may be wrong, what the system says is not.
        signal.signal(signal.SIGWINCH, self._window_resized)
        self.write(SAVE_TITLE)
        self.name_window(self._title)

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was found, unless it is another program's now."""
        if self._writer is None:
            return
        self.write(RESTORE_TITLE)
        super().stop_application_mode()
        self._has_left = True

    def disable_input(self) -> None:
        """Read no more, and drop what was typed, unless the terminal is another program's now."""
        # The system stops a program that touches a terminal which the shell has taken back.
        if self._writer is None:
            return
        if self._keeps_input:
            self._disable_mouse_support()
            self.exit_event.set()
            if self._key_thread is not None:
                self._key_thread.join()
            self.exit_event.clear()
        else:
            super().disable_input()

    def close(self) -> None:
        """Nobody writes any more."""
        if self._writer is not None:
            if not self._writer.stop():
                restore_terminal(self.fileno, self.attrs_before, self._writer)
            self._writer = None
        super().close()

    def restore_now(self) -> None:
        """Leave the terminal as it was found, at once and from any thread."""
        writer = self._writer
        if writer is not None and not (self._has_left and writer.is_idle and not writer.waiting):
            restore_terminal(self.fileno, self.attrs_before, writer)

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, rows = super()._get_terminal_size()
        return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)

    def _window_resized(self, *_: object) -> None:
        self.send_message(events.Resize.from_dimensions(self._get_terminal_size(), None))

    def write(self, data: str) -> None:
        """Write, unless the terminal is another program's now."""
        if self._writer is not None:
            self._writer.write(data)

    @property
    def has_shell(self) -> bool:
        """Whether somebody is there who lets a program go on that was stopped."""
        return os.getsid(0) != os.getpid()

    def _sigtstp_application(self, *_: object) -> None:
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        # All that was started with it, as the terminal's own key does: a launcher that ran on would hide the stop.
        os.kill(0, signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        # Also comes with the hang-up of a closed terminal, and after a stop that could not be foreseen. The terminal
        # is still ours then, and to take it a second time would leave two threads reading it.
        if self._writer is None:
            super()._sigcont_application()
        elif self._auto_restart:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        if self._writer is not None:
            # What is typed right after `fg` is for the app.
            self._keeps_input = True
            self.suspend_application_mode()
            self.resume_application_mode()
            self._keeps_input = False
            self._app.refresh(layout=True)

    def name_window(self, title: str) -> None:
        """The window's title from now on."""
        self._title = clean_line(title)[:_LONGEST_TITLE]
        if self._title:
            self.write(f"\x1b]2;{self._title}\x07")

    def ask_background(self) -> None:
        """Have the terminal tell its background's colour, where asking cannot confuse it."""
        if os.environ.get("TERM") not in ("linux", "dumb"):
            self.write(_ASK_BACKGROUND)

    def call_attention(self, sentence: str) -> None:
        """Have the terminal tell somebody who looks elsewhere, by a notice where it knows them and by its bell."""
        self.write(f"\x1b]9;{clean_line(sentence)[:_LONGEST_TITLE]}\x07\x07")

    def _run_input_thread(self) -> None:
        """Nobody can press a key any more when this fails, so the app ends with it."""
        try:
            self.run_input_thread()
        finally:
            if isinstance(fault := sys.exc_info()[1], Exception):
                self._loop.call_soon_threadsafe(self._app._handle_exception, fault)

    def run_input_thread(self) -> None:
        """Read until the app lets go of the terminal, or the terminal of the app."""
        ahead = 0
        incoming = InputDecoder(XTermParser(self._debug), window_size=self._get_terminal_size)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(incoming.wait_s):
                    try:
                        data = os.read(self.fileno, 65536)
                    except OSError:
                        data = b""
                    if not data:
                        asyncio.run_coroutine_threadsafe(self._app.action_quit(), self._loop)
                        return
                    ahead += self._hand_on(incoming.take(data))
                ahead += self._hand_on(incoming.due())
                if ahead > _MOST_AHEAD:
                    self._wait_for_app()
                    ahead = 0

    def _hand_on(self, messages: list[Message]) -> int:
        """Send these to the app; return how many keys, or characters pasted, they are."""
        size = 0
        for message in messages:
            self.process_message(message)
            size += len(message.text) if isinstance(message, events.Paste) else 1
        return size

    def _wait_for_app(self) -> None:
        """Let the app catch up: what it cannot take yet waits in the terminal, and not in memory."""
        if (catch_up := getattr(self._app, "catch_up", None)) is None:
            return
        caught_up = asyncio.run_coroutine_threadsafe(catch_up(), self._loop)
        while not self.exit_event.is_set() and not caught_up.done():
            wait([caught_up], IDLE_S)
