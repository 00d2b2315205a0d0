"""Writes to the terminal in a thread, so that a slow or closed terminal does not block the app."""

import os
import select
import threading
from queue import SimpleQueue

LAST_WORDS_S = 1.0
"""How long to wait at the end for a terminal that takes nothing."""


class TerminalWriter(threading.Thread):
    """Accepts any amount at once, also from a signal handler, and writes it in a thread of its own."""

    def __init__(self, fileno: int) -> None:
        super().__init__(daemon=True, name="terminal-writer")
        # Not through Python's buffer, whose lock a stalled terminal would hold beyond the end of the program.
        self._fileno = fileno
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_there = True
        """Whether the terminal still accepts writes."""
        self.is_idle = True
        """Whether no write is in progress."""

    def write(self, text: str) -> None:
        self._queue.put(text.encode("utf-8", "replace"))

    @property
    def waiting(self) -> int:
        """Number of writes that the terminal has not taken yet."""
        return self._queue.qsize()

    def stop(self) -> bool:
        """Write the rest. Return whether the terminal took it."""
        self._queue.put(None)
        self.join(LAST_WORDS_S)
        return not self.is_alive()

    def give_up(self) -> None:
        """Write nothing more after the write in progress."""
        self._is_there = False

    def run(self) -> None:
        """Write until stopped, or until the terminal is gone."""
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
