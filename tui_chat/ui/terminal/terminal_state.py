"""Restores the terminal from any thread, even when it takes no output. Must not know the app or the driver."""

import os
import signal
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tui_chat.ui.terminal.writer import TerminalWriter, open_unblocked

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
_MODES_OFF = "".join(f"\x1b[?{mode}l" for mode in (2026, 1000, 1002, 1003, 1015, 1006, 1016, 2004, 2048, 1004))
"""Synchronised output, the mouse, bracketed paste, reports of size and focus."""
_POP_KEYBOARD, _WRAP, _MAIN_SCREEN, _SHOW_CURSOR, _PLAIN = (
    "\x1b[<u",
    "\x1b[?7h",
    "\x1b[?1049l",
    "\x1b[?25h",
    "\x1b[0m",
)
_END_SEQUENCE = "\x1b\\"
"""Ends a control string that was cut off; its Escape ends any other sequence."""
_RESTORE = (
    _END_SEQUENCE + _MODES_OFF + _POP_KEYBOARD + _WRAP + RESTORE_TITLE + _MAIN_SCREEN + _SHOW_CURSOR + _PLAIN
).encode()
_GRACE_S = 0.05
"""How long a terminal may take for the write in progress."""
_LIMIT_S = 0.15
_PAUSE_S = 0.005


def restore_terminal(fileno: int, attributes: list[Any] | None, writer: TerminalWriter) -> None:
    """Switch off every mode of the app and show the main screen, within `_LIMIT_S`.

    Output that the terminal has not taken is thrown away: nothing else makes room in one that was stopped.
    """
    start_s = time.monotonic()
    writer.give_up()
    with suppress(OSError, termios.error), _from_background():
        if os.tcgetpgrp(fileno) != os.getpgrp():
            return  # it is the shell's at this moment
        if attributes is not None:
            termios.tcsetattr(fileno, termios.TCSANOW, attributes)
        rest = _RESTORE
        with _unblocked(fileno) as terminal:
            while (spent_s := time.monotonic() - start_s) < _LIMIT_S and rest:
                if writer.is_idle:
                    with suppress(BlockingIOError):
                        rest = rest[os.write(terminal, rest) :]
                        continue
                if spent_s > _GRACE_S:
                    _discard_output(fileno)
                time.sleep(_PAUSE_S)


def _discard_output(fileno: int) -> None:
    termios.tcflow(fileno, termios.TCOOFF)
    termios.tcflush(fileno, termios.TCOFLUSH)
    # On Linux a thread that waits for room notices it only when the output is started again.
    termios.tcflow(fileno, termios.TCOON)


@contextmanager
def _from_background() -> Iterator[None]:
    """Keep the system from stopping the program for using a terminal that another one has."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _unblocked(fileno: int) -> Iterator[int]:
    opened = open_unblocked(fileno)
    try:
        yield opened
    finally:
        os.close(opened)
