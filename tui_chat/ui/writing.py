"""Writes to the terminal so that nobody waits for it: neither for one that is slow nor for one that has gone."""

import os
import select
import threading
from queue import SimpleQueue

LAST_WORDS_S = 1.0
"""How long a terminal that takes nothing is waited for in the end."""


class TerminalWriter(threading.Thread):
    """Takes any amount at once, also from within a signal handler, and writes it in a thread of its own."""

    def __init__(self, fileno: int) -> None:
        super().__init__(daemon=True, name="terminal-writer")
        # Past Python's own buffer, whose lock a stalled terminal would keep beyond the end of the program.
        self._fileno = fileno
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()

    def write(self, text: str) -> None:
        """Write that, after all that was written before."""
        self._queue.put(text.encode("utf-8", "replace"))

    @property
    def waiting(self) -> int:
        """How many writes the terminal has not taken yet."""
        return self._queue.qsize()

    def stop(self) -> None:
        """Write the rest, if the terminal takes it."""
        self._queue.put(None)
        self.join(LAST_WORDS_S)

    def run(self) -> None:
        """Write until told to stop; a terminal that has gone is written to no more."""
        is_there = True
        while (data := self._queue.get()) is not None:
            if is_there:
                is_there = self._write(data)

    def _write(self, data: bytes) -> bool:
        """Whether the terminal is still there."""
        while data:
            try:
                data = data[os.write(self._fileno, data) :]
            except BlockingIOError:
                select.select([], [self._fileno], [])
            except OSError:
                return False
        return True
