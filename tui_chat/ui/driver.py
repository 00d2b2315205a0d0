"""Reads keys from the terminal: sooner than Textual does after Escape, more patiently within a sequence or a paste.

Textual looks only ten times a second whether its wait after a lone Escape is over. Here that wait is exact, and a
sequence that has surely begun, or a paste, is waited for long enough for a slow link. For terminals of Unix only.
"""

import asyncio
import os
import re
import selectors
import signal
import sys
import time
from codecs import getincrementaldecoder

from textual import constants
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui_chat.core.clean import clean_line
from tui_chat.ui.message import BackgroundTold
from tui_chat.ui.terminal_state import RESTORE_TITLE, SAVE_TITLE, restore_terminal
from tui_chat.ui.writing import TerminalWriter

IDLE_S = 0.1
SEQUENCE_S = 0.5
"""How long the rest of a sequence that has surely begun is waited for."""
_ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_LONGEST_TITLE = 120
_MOST_WAITING = 8
"""A terminal that is so many writes behind is given time instead of more."""
_ESCAPE = "\x1b"
_MARK = re.compile(r"(\x1b\[20[01]~)")
_HALF_MARK = re.compile(r"\x1b(\[(2(0[01]?)?)?)?\Z")
_ALT = re.compile(r"\x1b([ac-eg-z0-9\r])")
"""Alt as terminals without the kitty protocol send it. Said in the protocol's way, for Textual takes Alt+Enter for
Enter, and any of them for two letters when another sequence follows at once; b and f it knows as other keys."""
_COMMAND = re.compile(r"\x1b\](\d*)[^\x07\x1b]*(?:\x07|\x1b\\)")
_HALF_COMMAND = re.compile(r"\x1b\][^\x07\x1b]*\x1b?\Z")
_BACKGROUND = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_LONGEST_COMMAND = 256
_LONGEST_SEQUENCE = 40
"""So much is kept of what came before that a sequence or a paste's mark is known when it was cut in two."""


class Patience:
    """How long to wait for the rest of what has come in so far."""

    def __init__(self, escape_s: float) -> None:
        self._escape_s = escape_s
        self._tail = ""
        self._in_paste = False

    def after(self, data: str) -> float | None:
        """Seconds to wait now before what has come is all; `None` within a paste, whose end must come."""
        text = self._tail + data
        starts, ends = text.rfind(BRACKETED_PASTE_START), text.rfind(BRACKETED_PASTE_END)
        if starts != ends:
            self._in_paste = starts > ends
        self._tail = text[-_LONGEST_SEQUENCE:]
        if self._in_paste:
            return None
        _, escape, rest = text.rpartition(_ESCAPE)
        return SEQUENCE_S if escape and rest.startswith(("[", "O")) else self._escape_s


class Input:
    """Bytes from a terminal on their way to Textual's parser, without the terminal's answers to questions."""

    def __init__(self, parser: XTermParser, escape_s: float = constants.ESCAPE_DELAY) -> None:
        self._parser = parser
        self._escape_s = escape_s
        self._patience = Patience(escape_s)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        self._is_escaped = False
        """The parser waits for what may follow an Escape."""
        self._is_pasted = False
        self._until_s: float | None = None

    def take(self, data: bytes) -> list[Message]:
        """What these bytes mean, as far as that is certain."""
        text = self._held + self._decode(data)
        messages: list[Message] = []
        for command in _COMMAND.finditer(text):
            if (told := _background(command[0])) is not None:
                messages.append(told)
        text = _COMMAND.sub("", text)
        half = _HALF_COMMAND.search(text)
        self._held = half[0] if half and len(half[0]) <= _LONGEST_COMMAND else ""
        text = text[: half.start()] if self._held and half else text
        if text and (text := self._tidied(text)):
            messages += self._parser.feed(text)
        # Counted after the parser, which begins to wait when it is fed.
        patience_s = self._patience.after(text)
        wait_s = SEQUENCE_S if self._held and not self._is_pasted else patience_s
        self._until_s = None if wait_s is None else time.monotonic() + wait_s
        return messages

    def _tidied(self, text: str) -> str:
        """Without what the parser takes for other keys: an Escape that was pasted, and Alt before a key."""
        known = _ESCAPE if self._is_escaped else ""
        whole, half = known + text, ""
        parts = _MARK.split(whole)
        for at, part in enumerate(parts):
            if at % 2:
                self._is_pasted = part == BRACKETED_PASTE_START
                continue
            if at == len(parts) - 1 and (found := _HALF_MARK.search(part)):
                # A lone Escape is not held: the parser is the one to tell when its time is over.
                half = found[0] if self._is_pasted or found[1] else ""
                part = part.removesuffix(half)
            parts[at] = part.replace(_ESCAPE, "") if self._is_pasted else _ALT.sub(_in_protocol, part)
        tidy = "".join(parts)
        self._held = (half if tidy else half.removeprefix(known)) + self._held
        self._is_escaped = not self._is_pasted and (tidy.endswith(_ESCAPE) or bool(known and not tidy))
        return tidy.removeprefix(known)

    @property
    def wait_s(self) -> float:
        """How long to wait for more bytes before asking for what is `due`."""
        return IDLE_S if self._until_s is None else min(IDLE_S, max(self._until_s - time.monotonic(), 0.0))

    def due(self) -> list[Message]:
        """What was waited for and has not come: what is there means what it means without it."""
        if self._until_s is None or time.monotonic() < self._until_s:
            return []
        self._is_escaped = False
        if held := self._held:
            self._held = ""
            self._until_s = time.monotonic() + self._escape_s
            return list(self._parser.feed(held))
        self._until_s = None
        return list(self._parser.tick())


def _in_protocol(alt: re.Match[str]) -> str:
    return f"\x1b[{ord(alt[1])};3u"


def _background(command: str) -> BackgroundTold | None:
    found = _BACKGROUND.match(command)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return BackgroundTold(is_light=0.299 * red + 0.587 * green + 0.114 * blue > 0.5)


class TerminalDriver(LinuxDriver):
    """Textual's driver with its own way to read and to write, a window's title, and no word to a lent terminal."""

    _title = ""
    _writer: TerminalWriter | None = None
    """There while the terminal is ours."""
    _has_left = False
    """All that gives the terminal back was handed to the writer."""

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
        if self._writer is not None:
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
            self.suspend_application_mode()
            self.resume_application_mode()
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
        incoming = Input(XTermParser(self._debug))
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
                    messages = incoming.take(data)
                else:
                    messages = []
                for message in (*messages, *incoming.due()):
                    self.process_message(message)
