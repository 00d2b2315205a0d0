"""Writes to the terminal without waiting for it, so that a slow or closed terminal does not block the app."""

import os
import select
import threading
from collections import deque
from queue import SimpleQueue

LAST_WORDS_S = 1.0
"""How long to wait at the end for a terminal that takes nothing."""


class TerminalWriter(threading.Thread):
    """Accepts any amount at once, also from a signal handler.

    It writes at once what the terminal takes without blocking, and the rest in a thread of its own: handing every
    write to the thread would cost more than the write.
    """

    def __init__(self, fileno: int) -> None:
        super().__init__(daemon=True, name="terminal-writer")
        # Not through Python's buffer, whose lock a stalled terminal would hold beyond the end of the program.
        self._fileno = fileno
        self._unblocked: int | None = None
        """The terminal, opened for writes that do not block; `None` where the thread has to write."""
        self._pieces: deque[bytes] = deque()
        """What the terminal has not taken yet, in order."""
        self._writing = threading.Lock()
        self._wake: SimpleQueue[bool] = SimpleQueue()
        """Wakes the thread: with True to write, with False to end."""
        self._is_there = True
        """Whether the terminal still accepts writes."""

    def start(self) -> None:
        try:
            self._unblocked = open_unblocked(self._fileno)
        except OSError:
            self._unblocked = None
        super().start()

    def write(self, text: str) -> None:
        """Write text, or queue what the terminal does not take now."""
        self._pieces.append(text.encode("utf-8", "replace"))
        if self._unblocked is None or not self._write_pieces(self._unblocked):
            self._wake.put(True)

    @property
    def waiting(self) -> int:
        """Number of writes that the terminal has not taken yet."""
        return len(self._pieces)

    @property
    def is_idle(self) -> bool:
        return not self._writing.locked()

    def stop(self) -> bool:
        """Write the rest. Return whether the terminal took it."""
        self._wake.put(False)
        self.join(LAST_WORDS_S)
        return not self.is_alive()

    def give_up(self) -> None:
        """Write nothing more after the write in progress."""
        self._is_there = False

    def run(self) -> None:
        """Write until stopped, or until the terminal is gone."""
        goes_on = True
        while goes_on:
            goes_on = self._wake.get()
            self._write_pieces(self._fileno if self._unblocked is None else self._unblocked, waits=True)
        if self._unblocked is not None:
            unblocked, self._unblocked = self._unblocked, None
            os.close(unblocked)

    def _write_pieces(self, fileno: int, *, waits: bool = False) -> bool:
        """Write what is queued; return False if the terminal takes no more now.

        If another thread is writing, or the code that a signal interrupted, that one writes these pieces too: it
        looks for more each time it has released the lock.
        """
        is_taken = True
        while is_taken and self._pieces and self._writing.acquire(blocking=waits):
            try:
                is_taken = self._write_piece(fileno)
            finally:
                self._writing.release()
            if waits and not is_taken:
                select.select([], [fileno], [])
                is_taken = True
        return is_taken

    def _write_piece(self, fileno: int) -> bool:
        """Write what the terminal takes of the first piece; return False if it takes nothing now."""
        if not self._pieces:
            return True
        piece = self._pieces[0]
        if self._is_there:
            try:
                rest = piece[os.write(fileno, piece) :]
            except BlockingIOError:
                return False
            except OSError:
                self._is_there = False
            else:
                if rest:
                    self._pieces[0] = rest
                    return True
        self._pieces.popleft()
        return True


def open_unblocked(fileno: int) -> int:
    """Open a terminal again for writes that do not block; the shell shares the flags of the original one."""
    return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
