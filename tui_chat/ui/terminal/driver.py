"""Connects the app to its terminal: reads input in a thread, and writes without waiting.

Textual checks only ten times a second whether its wait after a lone Escape is over; here that wait is exact. For
Unix terminals only. Must not know what the bytes mean.
"""

import asyncio
import os
import selectors
import signal
import sys
import termios
import threading
from concurrent.futures import wait
from contextlib import suppress
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui_chat.core.clean import clean_line
from tui_chat.ui.terminal.input_decoder import MOST_COLUMNS, MOST_ROWS, InputDecoder
from tui_chat.ui.terminal.terminal_state import RESTORE_TITLE, SAVE_TITLE, restore_terminal
from tui_chat.ui.terminal.writer import TerminalWriter

_ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_LONGEST_TITLE = 120
_MOST_AHEAD = 1000
"""After so many keys or pasted characters, reading waits for the app."""
_LOOK_S = 0.1
"""How often to look whether the app still exists that reading waits for."""
_MOST_WAITING = 1
"""A terminal that is more writes behind gets no further frames: a typed letter would wait for all of them."""


class WakingEvent(threading.Event):
    """An event that also makes a file descriptor readable, so that one wait can be for it and for input."""

    def __init__(self) -> None:
        super().__init__()
        self._read, self._write = os.pipe()

    def fileno(self) -> int:
        return self._read

    def set(self) -> None:
        if not self.is_set():
            os.write(self._write, b"\0")
        super().set()

    def clear(self) -> None:
        if self.is_set():
            os.read(self._read, 1)
        super().clear()


class TerminalDriver(LinuxDriver):
    """Textual's driver with our own reader and writer, a window title, and no output while suspended."""

    _title = ""
    _writer: TerminalWriter | None = None
    """`None` while the terminal is not ours."""
    _has_left = False
    """Everything that restores the terminal was handed to the writer."""
    _keeps_input = False
    """What was typed and not yet read is kept when reading stops."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._leaving = WakingEvent()
        self.exit_event = self._leaving
        if size is None:
            self._size = self._get_terminal_size()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal does not keep up with the output."""
        return self._writer is not None and self._writer.waiting > _MOST_WAITING

    def start_application_mode(self) -> None:
        """Set up the terminal, unless the program is ending."""
        if getattr(self._app, "is_ending", bool)():
            return
        self._has_left = False
        self._writer = TerminalWriter(sys.__stderr__.fileno() if sys.__stderr__ else self.fileno)
        self._writer.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Also where the terminal reports its size itself: a report may be wrong, the system's answer is not.
        signal.signal(signal.SIGWINCH, self._window_resized)
        self.write(SAVE_TITLE)
        self.name_window(self._title)

    def stop_application_mode(self) -> None:
        """Restore the terminal, unless another program has it."""
        if self._writer is None:
            return
        self.write(RESTORE_TITLE)
        super().stop_application_mode()
        self._has_left = True

    def disable_input(self) -> None:
        """Stop reading and drop typed input, unless another program has the terminal."""
        # The system stops a program that changes a terminal which the shell has taken back.
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
        if self._writer is not None:
            if not self._writer.stop():
                restore_terminal(self.fileno, self.attrs_before, self._writer)
            self._writer = None
        super().close()

    def restore_now(self) -> None:
        """Restore the terminal at once, from any thread."""
        writer = self._writer
        if writer is not None and not (self._has_left and writer.is_idle and not writer.waiting):
            restore_terminal(self.fileno, self.attrs_before, writer)

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, rows = super()._get_terminal_size()
        return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)

    def _window_resized(self, *_: object) -> None:
        self.send_message(events.Resize.from_dimensions(self._get_terminal_size(), None))

    def write(self, data: str) -> None:
        """Write, unless another program has the terminal."""
        if self._writer is not None:
            self._writer.write(data)

    @property
    def has_shell(self) -> bool:
        """Whether a shell can resume the program after it is suspended."""
        return os.getsid(0) != os.getpid()

    def _sigtstp_application(self, *_: object) -> None:
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        # Stop the whole process group, as the terminal's own key does: a running launcher would hide the stop.
        os.kill(0, signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        # Also comes with the hang-up of a closed terminal, and after a stop that could not be foreseen. The terminal
        # is still ours then, and to take it a second time would leave two threads reading it.
        if self._writer is None:
            super()._sigcont_application()
        elif self._auto_restart:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        if self._writer is None or getattr(self._app, "is_ending", bool)():
            return
        # What is typed right after `fg` is for the app: it is kept, and without its own attributes to restore the
        # terminal does not edit lines for a moment, which would echo the text and take Ctrl+Q for itself.
        self._keeps_input = True
        before, self.attrs_before = self.attrs_before, None
        try:
            self.suspend_application_mode()
            self.resume_application_mode()
        finally:
            self.attrs_before = before
            self._keeps_input = False
        if self._writer is None and before is not None:  # a signal ends the program
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, before)
        self._app.refresh(layout=True)

    def name_window(self, title: str) -> None:
        self._title = clean_line(title)[:_LONGEST_TITLE]
        if self._title:
            self.write(f"\x1b]2;{self._title}\x07")

    def ask_background(self) -> None:
        """Request the background colour, from terminals that understand the request."""
        if os.environ.get("TERM") not in ("linux", "dumb"):
            self.write(_ASK_BACKGROUND)

    def call_attention(self, sentence: str) -> None:
        """Alert a user who looks at another window, by a desktop notification and the bell."""
        self.write(f"\x1b]9;{clean_line(sentence)[:_LONGEST_TITLE]}\x07\x07")

    def _run_input_thread(self) -> None:
        """Read input; the app ends if that fails, since no key works any more."""
        try:
            self.run_input_thread()
        finally:
            if isinstance(fault := sys.exc_info()[1], Exception):
                self._loop.call_soon_threadsafe(self._app._handle_exception, fault)

    def run_input_thread(self) -> None:
        """Read until the app releases the terminal, or the terminal is closed."""
        ahead = 0
        incoming = InputDecoder(XTermParser(self._debug), window_size=self._get_terminal_size)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._leaving, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(incoming.wait_s)
                if any(key.fileobj == self.fileno for key, _ in ready):
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
        """Send these to the app. Return how many keys or pasted characters they are."""
        size = 0
        for message in messages:
            self.process_message(message)
            size += len(message.text) if isinstance(message, events.Paste) else 1
        return size

    def _wait_for_app(self) -> None:
        """Wait until the app has caught up: further input waits in the terminal, not in memory."""
        if (catch_up := getattr(self._app, "catch_up", None)) is None:
            return
        caught_up = asyncio.run_coroutine_threadsafe(catch_up(), self._loop)
        while not self.exit_event.is_set() and not caught_up.done():
            wait([caught_up], _LOOK_S)
