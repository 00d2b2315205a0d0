"""Decodes the bytes that a terminal sends into Textual's messages, whatever the bytes are.

The stream is cut into characters and whole control sequences first; only then is each one looked up, so that an
unknown sequence, or one on which the look-up fails, loses nothing else. Must not know the app or the driver.
"""

import io
import logging
import re
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable

from textual import constants, events, messages
from textual._xterm_parser import (
    BRACKETED_PASTE_END,
    BRACKETED_PASTE_START,
    FOCUSIN,
    FOCUSOUT,
    IS_ITERM,
    XTermParser,
)
from textual.keys import Keys
from textual.message import Message

from tui_chat.ui.terminal.kitty_graphics import PROBE_ID
from tui_chat.ui.terminal.messages import (
    BackgroundReported,
    ClipboardAnswered,
    ClipboardSupported,
    GraphicsAnswered,
    PasteShortened,
    TerminalNamed,
)

_log = logging.getLogger(__name__)

SEQUENCE_S = 0.5
"""How long to wait for the rest of a sequence that has certainly started."""
ANSWER_S = 10.0
"""The same within an answer that brings data: over a slow line its end must not be taken for keys."""
PASTE_S = 3.0
"""A paste in which less than `_PASTE_PROGRESS` arrives within this time is delivered without its end mark."""
_PASTE_PROGRESS = 64
LONGEST_PASTE = 100_000_000
"""Characters of one paste that are kept; the rest is dropped, and reported."""
MOST_COLUMNS, MOST_ROWS = 2000, 1000
"""A larger window is not drawn beyond this: a size is only a number, but drawing it takes memory."""
_LONGEST_SEQUENCE = 256
"""A longer one is read to its end and dropped."""
_LONGEST_ANSWER = 65_536
"""The same for an answer that brings data."""
_ANSWER = "\x1b]5522;"
"""Starts a piece of the clipboard."""

_ESCAPE = "\x1b"
_CHARACTERS = re.compile(r"[^\x1b]+")
_SEQUENCE = re.compile(
    r"""\x1b(?:
        \[M[^\x00-\x1f]{3}                      # a mouse report of old terminals
      | \[\[[@-~]                               # F1 to F5 of the Linux console
      | \[\d+\$                                 # Shift with a key in rxvt
      | \[(?![M\[])[ -?]*[@-~]                  # CSI: almost everything else
      | O(?:\d(?:;\d)?)?[@-~]                   # SS3: some arrows and function keys
      | (?:\]\d|P[\d>!=$+]|_G)[^\x00-\x1f]*(?:\x07|\x1b\\)     # OSC, DCS, APC: answers to questions
      | [^\x1b\[O\]P_]                          # Alt with a key
    )""",
    re.VERBOSE,
)
_HALF_SEQUENCE = re.compile(
    r"\x1b(?:\[M[^\x00-\x1f]{0,2}|\[\[|\[(?![M\[])[ -?]*|O(?:\d(?:;\d?)?)?"
    r"|(?:\]\d|P[\d>!=$+]|_G)[^\x00-\x1f]*\x1b?|[\]P_]?)\Z"
)
"""The start of a sequence that more bytes may complete."""
_BROKEN_SEQUENCE = re.compile(
    r"\x1b(?:\[M[^\x00-\x1f]{0,2}|\[\[|\[[ -?]+|O\d(?:;\d?)?|(?:\]\d|P[\d>!=$+]|_G)[^\x00-\x1f]*)"
)
"""The start of a sequence, followed by a character that cannot be in it."""
_STRING = re.compile(r"\x1b(?:\]\d|P[\d>!=$+]|_G)")
_REST_OF_STRING = re.compile(r"[^\x00-\x1f]*(?:(?P<end>\x07|\x1b\\)|(?P<half>\x1b)\Z)?")
_REST_OF_SEQUENCE = re.compile(r"[ -?]*(?P<end>[@-~])?")
_BACKGROUND = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_NAME = re.compile(r"\x1bP>\|([ -~]*)")
_GRAPHICS = re.compile(rf"\x1b_G(?:[^;]*,)?i={PROBE_ID}(?:,[^;]*)?;([A-Z]+)")
_WINDOW_SIZE = re.compile(r"\x1b\[48;(\d+)(?::[\d:]*)?;(\d+)(?::[\d:]*)?;(\d+)(?::[\d:]*)?;(\d+)(?::[\d:]*)?t")
_CURSOR_POSITION = re.compile(r"\x1b\[\d+;\d+R")
_MODE = re.compile(r"\x1b\[\?(\d+);(\d+)\$y")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What Textual's look-up raises for numbers that no terminal sends."""


class InputDecoder:
    """Turns bytes into messages: at once what is certain, the rest when more bytes arrive or the time-out passes."""

    def __init__(
        self,
        parser: XTermParser,
        escape_s: float = constants.ESCAPE_DELAY,
        window_size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        """`window_size` asks the terminal's own device; a reported size is believed up to a limit only."""
        self._parser = parser
        self._escape_s = escape_s
        self._window_size = window_size
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        """The start of a sequence or of a paste's end mark."""
        self._dropping: re.Pattern[str] | None = None
        """Matches the rest of a sequence that is too long to mean anything."""
        self._paste: io.StringIO | None = None
        self._paste_progress = 0
        self._has_stalled_paste = False
        """A paste was handed over without its end, which may still come."""
        self._reports_size = False
        self._until_s: float | None = None

    def take(self, data: bytes) -> list[Message]:
        """Return the messages that these bytes certainly mean."""
        text = self._held + self._decode(data)
        self._held = ""
        if self._has_stalled_paste:
            self._resume_paste(text)
        found: list[Message] = []
        at = 0
        while at < len(text):
            if self._paste is not None:
                at = self._take_paste(self._paste, text, at, found)
            elif self._dropping is not None:
                at = self._drop(self._dropping, text, at)
            elif text[at] != _ESCAPE:
                characters = _CHARACTERS.match(text, at)
                assert characters is not None
                at = characters.end()
                for character in characters[0]:
                    found += self._keys(character)
            else:
                at = self._take_sequence(text, at, found)
        self._until_s = self._deadline_s()
        return found

    def _deadline_s(self) -> float | None:
        """Return when to stop waiting for the rest of what has come, if anything is waited for."""
        if self._paste is not None:
            if self._until_s is not None and self._paste_progress < _PASTE_PROGRESS:
                return self._until_s
            self._paste_progress = 0
            return time.monotonic() + PASTE_S
        if not self._held and self._dropping is None:
            return None
        if self._held.startswith(_ANSWER):
            return time.monotonic() + ANSWER_S
        is_sure = self._dropping is not None or self._held[1:2] in ("[", "O") or len(self._held) > 2
        return time.monotonic() + (SEQUENCE_S if is_sure else self._escape_s)

    @property
    def wait_s(self) -> float | None:
        """How long to wait for more bytes before asking for what is `due`; `None` if nothing will be."""
        return None if self._until_s is None else max(self._until_s - time.monotonic(), 0.0)

    def due(self) -> list[Message]:
        """Return what was waited for in vain: what is there means what it means without the rest."""
        if self._until_s is None or time.monotonic() < self._until_s:
            return []
        self._until_s = None
        self._dropping = None
        if self._paste is not None:
            self._has_stalled_paste = True
            return self._pasted(self._paste)
        held, self._held = self._held, ""
        if not held or _STRING.match(held):
            return []
        if held == _ESCAPE:
            return [events.Key("escape", _ESCAPE)]
        return [*self._alt(held[1]), *(key for letter in held[2:] for key in self._keys(letter))]

    # Sequences

    def _take_sequence(self, text: str, at: int, found: list[Message]) -> int:
        """Handle what starts with the Escape at that index; return the index behind it."""
        if (whole := _SEQUENCE.match(text, at)) is not None:
            self._add(whole[0], found)
            return whole.end()
        if (half := _HALF_SEQUENCE.match(text, at)) is not None:
            if len(half[0]) <= _limit(half[0]):
                self._held = half[0]
            else:
                self._dropping = _REST_OF_STRING if _STRING.match(half[0]) else _REST_OF_SEQUENCE
                self._held = _ESCAPE if half[0].endswith(_ESCAPE) else ""
            return len(text)
        if (broken := _BROKEN_SEQUENCE.match(text, at)) is not None:
            _log.debug("a sequence of %d characters from the terminal was cut short", len(broken[0]))
            return broken.end()
        if text[at + 1] == _ESCAPE:
            found.append(events.Key("escape", _ESCAPE))
            return at + 1
        found += self._alt(text[at + 1])
        return at + 2

    def _drop(self, rest: re.Pattern[str], text: str, at: int) -> int:
        """Skip what belongs to a sequence that is too long; return the index behind it."""
        skipped = rest.match(text, at)
        assert skipped is not None
        if skipped.lastgroup == "half":
            self._held = _ESCAPE
        elif skipped.lastgroup == "end" or skipped.end() < len(text):
            self._dropping = None
        return skipped.end()

    def _add(self, sequence: str, found: list[Message]) -> None:
        """Look a whole sequence up; one that means nothing is dropped."""
        if len(sequence) > _limit(sequence):
            return
        if sequence == BRACKETED_PASTE_START:
            self._start_paste()
            return
        try:
            found += self._meaning(sequence)
        except _FAULTS as fault:
            _log.debug("%s: no meaning in a sequence of %d characters", type(fault).__name__, len(sequence))

    def _meaning(self, sequence: str) -> Iterable[Message]:
        kind = sequence[1]
        if sequence.startswith("\x1b[<"):
            event = self._parser.parse_mouse_code(sequence)
            return [] if event is None else [event]
        if kind in "]P_":
            return _answer(sequence)
        if kind not in "[O":
            return self._alt(kind)
        if sequence == FOCUSIN:
            return [events.AppFocus()]
        if sequence == FOCUSOUT:
            return [events.AppBlur()]
        if size := _WINDOW_SIZE.fullmatch(sequence):
            return self._resized(*map(int, size.groups()))
        if mode := _MODE.fullmatch(sequence):
            return self._mode(mode[1], int(mode[2]))
        if sequence == BRACKETED_PASTE_END or _CURSOR_POSITION.fullmatch(sequence):
            return []
        return [key for key in self._keys(sequence) if _is_sound(key, sequence)]

    def _keys(self, sequence: str) -> list[events.Key]:
        return [key for key in self._parser._sequence_to_key_events(sequence) if key.key != Keys.Ignore]

    def _alt(self, key: str) -> list[events.Key]:
        """Return Alt with a key, as terminals without the kitty protocol send it.

        It is looked up as that protocol has it, for Textual takes Alt+Enter for Enter. Some pairs it knows as other
        keys: Alt+B is Ctrl+Left in most terminals.
        """
        known = [] if key.isdigit() else self._keys(_ESCAPE + key)
        if known:
            return known
        if key.isprintable() or key == "\r":
            shift = key.isascii() and key.isupper()
            return self._keys(f"\x1b[{ord(key.lower() if shift else key)};{4 if shift else 3}u")
        return self._keys(key)

    # Answers and reports

    def _resized(self, rows: int, columns: int, pixel_rows: int, pixel_columns: int) -> list[Message]:
        size = (columns, rows)
        if not (0 < columns <= MOST_COLUMNS and 0 < rows <= MOST_ROWS):
            if self._window_size is None:
                return []
            size = self._window_size()
        pixels = (pixel_columns, pixel_rows)
        self._parser.terminal_size, self._parser.terminal_pixel_size = size, pixels
        # Without a size in pixels the mouse reports cells.
        self._parser.mouse_pixels = self._reports_size and pixels[0] >= size[0] and pixels[1] >= size[1]
        return [events.Resize.from_dimensions(size, pixels)]

    def _mode(self, mode: str, setting: int) -> list[Message]:
        if mode == "2026" and setting > 0:
            return [messages.TerminalSupportsSynchronizedOutput()]
        if mode == "5522":
            return [ClipboardSupported(setting in (1, 2, 3))]
        if mode == "2048" and constants.SMOOTH_SCROLL and not IS_ITERM:
            supported = messages.InBandWindowResize.from_setting_parameter(setting)
            self._reports_size = supported.supported
            return [supported]
        return []

    # Pastes

    def _start_paste(self) -> None:
        self._paste = io.StringIO()
        self._paste_progress = 0
        self._until_s = None
        self._has_stalled_paste = False

    def _resume_paste(self, text: str) -> None:
        """Read on in a paste that was given up, where what comes is surely no key."""
        before, end, _ = text.partition(BRACKETED_PASTE_END)
        if (end or len(text) >= _PASTE_PROGRESS) and _ESCAPE not in before[:1] and before:
            self._start_paste()
        elif not text.startswith(_ESCAPE):
            self._has_stalled_paste = False

    def _take_paste(self, paste: io.StringIO, text: str, at: int, found: list[Message]) -> int:
        """Collect what is pasted; return the index behind it."""
        end = text.find(BRACKETED_PASTE_END, at)
        if end < 0:
            stop = text.rfind(_ESCAPE, max(at, len(text) - len(BRACKETED_PASTE_END) + 1))
            if stop < 0 or not BRACKETED_PASTE_END.startswith(text[stop:]):
                stop = len(text)
            self._held = text[stop:]
        else:
            stop = end
        self._paste_progress += stop - at
        paste.write(text[at : min(stop, at + max(LONGEST_PASTE + 1 - paste.tell(), 0))])
        if end < 0:
            return len(text)
        found += self._pasted(paste)
        return end + len(BRACKETED_PASTE_END)

    def _pasted(self, paste: io.StringIO) -> list[Message]:
        self._paste = None
        text, self._held = paste.getvalue(), ""
        paste.close()
        is_shortened = len(text) > LONGEST_PASTE
        text = text[:LONGEST_PASTE].replace(BRACKETED_PASTE_START, "").replace(_ESCAPE, "").replace("\x00", "")
        return [events.Paste(text), PasteShortened()] if is_shortened else [events.Paste(text)]


def _is_sound(key: events.Key, sequence: str) -> bool:
    """Return whether a terminal can have meant this key: Textual makes letters of function keys that do not exist."""
    is_letter = len(key.key.rpartition("+")[2]) == 1
    is_function_key = sequence[-1] in "~ABCDEFHPQRS"
    return not (is_letter and is_function_key) and not _SURROGATE.search(f"{key.key}{key.character}")


def _limit(sequence: str) -> int:
    return _LONGEST_ANSWER if sequence.startswith(_ANSWER) else _LONGEST_SEQUENCE


def _clipboard(command: str) -> list[Message]:
    """Return a piece of the clipboard: `5522;type=read:status=DATA:mime=…;…`, all values in base64."""
    metadata, _, payload = command.removeprefix(_ANSWER).rstrip("\x07\x1b\\").partition(";")
    fields = dict(field.partition("=")[::2] for field in metadata.split(":"))
    if fields.get("type") != "read" or not fields.get("status"):
        return []
    return [ClipboardAnswered(fields["status"], fields.get("mime", ""), payload)]


def _answer(command: str) -> list[Message]:
    """Return what a control string of the terminal means."""
    if command.startswith(_ANSWER):
        return _clipboard(command)
    if name := _NAME.match(command):
        return [TerminalNamed(name[1])]
    if graphics := _GRAPHICS.match(command):
        return [GraphicsAnswered(graphics[1] == "OK")]
    return _background(command)


def _background(command: str) -> list[Message]:
    found = _BACKGROUND.match(command)
    if found is None:
        return []
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return [BackgroundReported(is_light=0.299 * red + 0.587 * green + 0.114 * blue > 0.5)]
