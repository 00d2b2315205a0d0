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
        self._is_there = True
        """Whether the terminal is still there to be written to."""
        self.is_idle = True
        """Whether nothing is being written at this moment."""

    def write(self, text: str) -> None:
        """Write that, after all that was written before."""
        self._queue.put(text.encode("utf-8", "replace"))

    @property
    def waiting(self) -> int:
        """How many writes the terminal has not taken yet."""
        return self._queue.qsize()

    def stop(self) -> bool:
        """Write the rest, if the terminal takes it; false if it does not."""
        self._queue.put(None)
        self.join(LAST_WORDS_S)
        return not self.is_alive()

    def give_up(self) -> None:
        """Write nothing more, as soon as the terminal has taken what it is just being given."""
        self._is_there = False

    def run(self) -> None:
        """Write until told to stop; a terminal that has gone is written to no more."""
        while (data := self._queue.get()) is not None:
            self.is_idle = False
            self._write(data)
            self.is_idle = True

    def _write(self, data: bytes) -> None:
        while data and self._is_there:
            try:
                data = data[os.write(self._fileno, data) :]
            except BlockingIOError:
                select.select([], [self._fileno], [])
            except OSError:
                self._is_there = False
