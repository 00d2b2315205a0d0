"""A program in a pty: its bytes are only stamped and kept while it runs; what they showed is worked out after."""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.emulator import Screen
from tests.benchmarks.serving import ModelServer

COLUMNS, LINES = 120, 40
_ANSWERS = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # synchronised updates: yes
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",  # resizes reported in band: no
    b"\x1b[c": b"\x1b[?62;22c",
}
_SEQUENCE = re.compile(rb"\x1b\[[\d;:?<=>]*[ -/]*[@-~]")


class Broken(Exception):
    """A run that does not give every figure, and why."""

    def __init__(self, why: str, figures: Mapping[str, float] | None = None) -> None:
        super().__init__(why)
        self.figures = figures or {}
        """Those it did give."""


class Terminal:
    """One program on a terminal of 120 by 40 with synchronised updates and without the kitty keyboard protocol."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], server: ModelServer | None) -> None:
        self.server = server
        self.chunks: list[tuple[int, bytes]] = []
        """What the program wrote, with the time at which it was read."""
        self.started = time.monotonic_ns()
        self._awaited, self._tail = b"", b""
        self._awaited_seen = False
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            with suppress(OSError):
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
                os.chdir(Path(__file__).parent.parent.parent)
                os.execvpe(command[0], list(command), dict(environment))
            os._exit(127)
        self._pids = [self.pid]
        self._closed_at: int | None = None
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        if server:
            self._poll.register(server, select.POLLIN)

    def pump(self, timeout_s: float) -> None:
        """Wait for the program or the server to write something, at most that long."""
        for ready, _ in self._poll.poll(max(0, timeout_s) * 1000):
            if ready == self._fd:
                self._take()
            elif self.server:
                self.server.read()

    def _take(self) -> None:
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            raise Broken(f"the program ended: {self.last_words()}")
        self.chunks.append((time.monotonic_ns(), data))
        for query, answer in _ANSWERS.items():
            if query in data:
                os.write(self._fd, answer)
        if self._awaited:
            self._tail = (self._tail + data)[-len(data) - 256 :]
            self._awaited_seen |= self._awaited in _SEQUENCE.sub(b"", self._tail)

    def until(self, condition: Callable[[], object], what: str, timeout_s: float = 30) -> None:
        """Record until the condition holds."""
        end = time.monotonic() + timeout_s
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise Broken(f"no {what} after {timeout_s:g} s: {self.last_words()}")
            self.pump(min(left, 0.1))

    def rest(self, seconds: float) -> None:
        """Record for that long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.pump(left)

    def until_shown(self, word: str, since: int, timeout_s: float, silent_s: float = 1.5) -> bool:
        """Record until the word was written, or output stops; only the replay finds when it was seen."""
        recent = [data for at, data in self.chunks[-2000:] if at >= since]
        self._awaited, self._tail = word.encode(), b"".join(recent)
        self._awaited_seen = self._awaited in _SEQUENCE.sub(b"", self._tail)
        end = time.monotonic() + timeout_s
        while not self._awaited_seen and time.monotonic() < end:
            self.pump(0.05)
            if time.monotonic_ns() - max(self.chunks[-1][0], since) > silent_s * 1e9:
                break
        self._awaited = b""
        return self._awaited_seen

    def type(self, keys: str) -> int:
        """Press keys; gives the time."""
        now = time.monotonic_ns()
        os.write(self._fd, keys.encode())
        return now

    def find_children(self) -> None:
        """Look for the program's children; done at a calm moment, since it takes milliseconds."""
        self._pids = processes.tree(self.pid)

    def cpu_s(self) -> float:
        """CPU time of the program and its children so far."""
        return processes.cpu_s(self._pids)

    def memory_mb(self) -> float:
        """Memory of the program and its children now."""
        return processes.memory_mb(self._pids)

    def last_words(self) -> str:
        """What stands on the screen, or stood there before the end, for a run that broke."""
        screen = Screen(COLUMNS, LINES)
        for _, data in self.chunks[: self._closed_at]:
            screen.feed(data)
        return " ⏎ ".join(row.strip() for row in screen.display if row.strip())[-600:] or "an empty screen"

    def close(self) -> None:
        """End the program, gently if it will."""
        self._closed_at = len(self.chunks)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                with suppress(Broken, EOFError):
                    self.pump(0.02)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return
        raise Broken("the program could not be ended")
