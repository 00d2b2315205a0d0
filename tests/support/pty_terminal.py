"""A terminal to run the whole program in: a pseudo-terminal, an emulated screen, and waiting for what is seen."""

import contextlib
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.benchmarks.emulator import Screen
from tests.support.environment import ROOT

PATIENCE_S = 30.0
_ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
"""What a terminal answers when it is asked: synchronised updates, yes; resizes reported in band, no."""

_MODES = (b"1049", b"1000", b"1003", b"2004")


class Terminal:
    """One program in a pseudo-terminal of its own."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        size: tuple[int, int] = (100, 30),
        cwd: Path | None = None,
    ) -> None:
        self.output = b""
        """Every byte the program wrote to its terminal."""
        self._master, slave = pty.openpty()
        self.resize(*size)
        self.process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
            cwd=cwd or ROOT,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)

    def resize(self, columns: int, rows: int, *, most: int = 2000) -> None:
        """Give the window another size; no more than `most` columns and rows are emulated."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = Screen(min(columns, most), min(rows, most))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._master)

    @property
    def text(self) -> str:
        """The screen as it stands, line by line."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def read(self, for_s: float) -> bool:
        """Take in what the program writes within that time; false when it has hung up."""
        end_s = time.monotonic() + for_s
        while (left_s := end_s - time.monotonic()) > 0:
            if select.select([self._master], [], [], left_s)[0]:
                try:
                    data = os.read(self._master, 65536)
                except OSError as error:
                    if error.errno != errno.EIO:
                        raise
                    data = b""
                if not data:
                    return False
                self.output += data
                for query, answer in _ANSWERS.items():
                    if query in data:
                        os.write(self._master, answer)
                self.screen.feed(data)
                return True
        return True

    def seconds_until_seen(self, texts: Sequence[str], within_s: float) -> list[float]:
        """Return when each text came on the screen, in seconds from now; infinity for one that did not.

        The screen is emulated afterwards, so that the program has the processor to itself.
        """
        start_s = time.perf_counter()
        written: list[tuple[float, bytes]] = []
        while (passed_s := time.perf_counter() - start_s) < within_s:
            if select.select([self._master], [], [], within_s - passed_s)[0]:
                data = os.read(self._master, 65536)
                written.append((time.perf_counter() - start_s, data))
        seen: dict[str, float] = {}
        for moment_s, data in written:
            self.output += data
            self.screen.feed(data)
            for text in texts:
                if text not in seen and text in self.text:
                    seen[text] = moment_s
        return [seen.get(text, float("inf")) for text in texts]

    def until(self, seen: str | Callable[[str], bool], *, patience_s: float = PATIENCE_S) -> str:
        """Wait until a text is on the screen (or a condition on it holds); returns the screen."""
        met = seen if callable(seen) else lambda text: seen in text
        end_s = time.monotonic() + patience_s
        while not met(self.text):
            alive = self.read(0.05)
            if time.monotonic() > end_s or (not alive and not met(self.text)):
                raise AssertionError(f"{seen!r} did not come; the screen:\n{self.text}")
        return self.text

    def type(self, keys: str) -> None:
        """Press keys: text as it is, and control characters as terminals send them."""
        os.write(self._master, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does."""
        os.close(self._master)

    def wait(self, *, patience_s: float = PATIENCE_S) -> int:
        """Read on until the program ends; returns its exit code."""
        end_s = time.monotonic() + patience_s
        while self.process.poll() is None:
            assert time.monotonic() < end_s, f"it did not end; the screen:\n{self.text}"
            if not self.read(0.05):
                self.process.wait(timeout=patience_s)
        while self.read(0.05) and self.output and select.select([self._master], [], [], 0)[0]:
            pass
        return self.process.returncode


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def is_restored(output: bytes) -> bool:
    """Whether every mode that was switched on was switched off last, and the cursor is back."""
    last = {mode: re.findall(rb"\x1b\[\?" + mode + rb"([hl])", output) for mode in _MODES}
    cursor = re.findall(rb"\x1b\[\?25([hl])", output)
    return all(seen[-1:] in ([], [b"l"]) for seen in last.values()) and cursor[-1:] in ([], [b"h"])
