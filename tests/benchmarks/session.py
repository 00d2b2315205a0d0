"""One program, one model server, one terminal: prompts typed, phases of replies measured."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.benchmarks.emulator import Screen
from tests.benchmarks.replay import Seen, gone, replay
from tests.benchmarks.serving import ModelServer
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import COLUMNS, LINES, Broken, Terminal

WARM_UP = "bench 300@0"
_START_S = 2.5
"""After the first output, for what is loaded later."""
_SETTLE_S = 0.3
_LONGEST_DRAW_S = 300


@dataclass(frozen=True, slots=True)
class Window:
    """A phase of a reply, from its first delta until its last word was drawn."""

    tokens: int
    began: int
    ended: int
    """When its last delta was written."""
    cpu_s: float
    written_bytes: int
    last: str

    @property
    def cpu_s_per_1k(self) -> float:
        """CPU seconds for 1,000 tokens."""
        return self.cpu_s * 1000 / self.tokens

    @property
    def kb_per_1k(self) -> float:
        """Kilobytes to the terminal for 1,000 tokens."""
        return self.written_bytes / self.tokens


def environment(home: Path, port: int = 0) -> dict[str, str]:
    """A plain home, so that no settings and keys affect the measurement."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
        "ANTHROPIC_API_KEY": "sk-ant-none",
    }


class Session:
    """A program from its start to its end."""

    def __init__(
        self,
        subject: Subject,
        prepare: Callable[[Path], None] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.subject = subject
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        folder = Path(self._folder.name)
        if prepare:
            prepare(folder / "data")
        self.server = ModelServer(folder)
        given = environment(folder, self.server.port) | dict(variables or {})
        self.terminal = Terminal(subject.command(folder / "data"), given, self.server)

    def __enter__(self) -> "Session":
        try:
            self.terminal.until(lambda: self.terminal.chunks, "first output", 60)
            self.terminal.rest(_START_S)
            self.terminal.find_children()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        try:
            self.terminal.close()
        finally:
            self.server.close()
            self.written = self.server.written()
            self._folder.cleanup()

    def send(self, prompt: str) -> int:
        """Type a prompt into an emptied box, press Enter, wait until the server has it; gives the time of the key."""
        known = len(self.server.events)
        for keys in ("\x15", prompt):
            self.terminal.type(keys)
            self.terminal.rest(0.2)
        pressed = self.terminal.type("\r")
        self._until_event(known, "request", prompt)
        return pressed

    def _until_event(self, known: int, event: str, plan: str, timeout_s: float = 30) -> dict[str, Any]:
        def matching() -> dict[str, Any] | None:
            fits = (one for one in self.server.events[known:] if one["event"] == event)
            return next((one for one in fits if one.get("plan", plan) == plan), None)

        self.terminal.until(matching, f"“{event}” of “{plan}” from the server", timeout_s)
        found = matching()
        assert found
        return found

    def ask(self, plan: str, meanwhile: Callable[[], None] | None = None) -> list[Window]:
        """Have one reply, all its phases measured; `meanwhile` is called when the first has started."""
        known = len(self.server.events)
        self.send(plan)
        windows = []
        for number, phase in enumerate(plan.split()[1:]):
            amount, rate = (int(part) for part in phase.split("@"))
            before, chunks = self.terminal.cpu_s(), len(self.terminal.chunks)
            seen = len(self.server.events) if number else known
            if number:
                self.server.go()
            elif meanwhile:
                meanwhile()
            event = self._until_event(seen, "phase", plan, 60 + (amount / rate if rate else _LONGEST_DRAW_S))
            self.terminal.until_shown(event["last"], event["ended"], _LONGEST_DRAW_S)
            self.terminal.rest(_SETTLE_S)
            cpu_s = self.terminal.cpu_s() - before
            size = sum(len(data) for _, data in self.terminal.chunks[chunks:])
            windows.append(Window(event["tokens"], event["began"], event["ended"], cpu_s, size, event["last"]))
        self._until_event(known, "ended", plan)
        self.terminal.rest(_SETTLE_S)
        return windows

    def cancel(self, plan: str, after_s: float) -> float:
        """Begin a reply, press the key that cancels; milliseconds until the server sees the connection closed."""
        known = len(self.server.events)
        self.send(plan)
        self.terminal.rest(after_s)
        pressed = self.terminal.type(self.subject.cancel_key)
        closed = self._until_event(known, "closed", plan, 20)
        self.terminal.rest(1)
        return float(closed["at"] - pressed) / 1e6

    def cancel_retry(self) -> int:
        """Be refused, press the key that cancels while the program counts down; gives the time of the key."""
        shown = self.terminal.type("")
        self.send("bench busy")
        if not self.terminal.until_shown(self.subject.countdown, shown, 10, silent_s=3):
            raise Broken(f"no countdown: {self.terminal.last_words()}")
        self.terminal.rest(0.5)
        pressed = self.terminal.type(self.subject.cancel_key)
        self.terminal.rest(1.5)
        return pressed

    def countdown_gone_ms(self, pressed: int) -> float:
        """From the key until the countdown was off the glass."""
        at = gone(self.terminal.chunks, self.subject.countdown, pressed, Screen(COLUMNS, LINES))
        if at is None:
            raise Broken("the countdown never went away")
        return (at - pressed) / 1e6

    @cached_property
    def seen(self) -> Seen:
        """What was on the glass when; to be asked once the session is over."""
        return replay(self.terminal.chunks, COLUMNS, LINES)

    def latencies_ms(self, window: Window) -> tuple[list[float], int]:
        """For every marked delta of the window, from its write to the glass; and how many never got there."""
        marks = [(word, at) for word, at in self.written.items() if window.began <= at <= window.ended]
        times = [(self.seen.words[word] - at) / 1e6 for word, at in marks if word in self.seen.words]
        if len(times) < 5:
            raise Broken(f"{len(times)} of {len(marks)} marked words were ever seen: {self.terminal.last_words()}")
        return times, len(marks) - len(times)

    def drawn_ms(self, window: Window) -> float:
        """From the first delta to the last word of the window on the glass."""
        if window.last not in self.seen.words:
            raise Broken(f"the last word was never shown: {self.terminal.last_words()}")
        return (self.seen.words[window.last] - window.began) / 1e6
