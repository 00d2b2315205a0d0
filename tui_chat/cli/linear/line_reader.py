"""Reads lines on the main thread, with readline, for an event loop on another thread. Knows no conversation.

The interrupt key ends the line that is being read; while none is read, the event loop is notified instead.
"""

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from queue import SimpleQueue
from types import FrameType, ModuleType
from typing import Any

CONTINUES = "\\"
"""At the end of a line: the prompt continues in the next one."""
_PASTE_GAP_S = 0.03
"""Lines that arrive within such a time after another were pasted with it."""
_HANDLED_S = 0.05
"""Time for the main thread to handle a signal."""


class Interrupted(Exception):
    """The interrupt key was pressed instead of Enter; `text` is what had been typed."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text


class LineKind(Enum):
    LINE = auto()
    TEXT = auto()
    """May have several lines: one that ends with a backslash continues, and lines that are pasted stay together."""
    ANSWER = auto()
    """Only what is typed from now on counts."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A line to read; the answer goes to the event loop."""

    prompt: str
    prefill: str
    kind: LineKind
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[str]" = field(compare=False)


class LineReader:
    def __init__(self) -> None:
        self.is_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.on_interrupt: Callable[[], object] | None = None
        """Called on the main thread when the interrupt key is pressed while no line is read."""
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._unread: list[str] = []
        self._is_reading = False
        self._is_closed = False
        self._main = threading.get_ident()
        self._terminal_mode = _terminal_mode() if self.is_terminal else None
        self._readline = _load_readline() if self.is_terminal else None
        if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")

    # On the event loop's thread.

    async def read(self, prompt: str, kind: LineKind = LineKind.LINE, *, prefill: str = "") -> str:
        """Return the next line, without its end. Raises `EOFError` at the end of input, and `Interrupted`."""
        if self._unread:
            return self._unread.pop()
        loop = asyncio.get_running_loop()
        request = _Request(prompt, prefill, kind, loop, loop.create_future())
        self._requests.put(request)
        return await request.answer

    def unread(self, line: str) -> None:
        """Return this line at the next call of `read`."""
        self._unread.append(line)

    def close(self) -> None:
        """End the line that is being read as the interrupt key does, and stop reading."""
        self._is_closed = True
        # Not at once: `input` fails if the signal that ends the program is still to be handled.
        asyncio.get_running_loop().call_later(_HANDLED_S, self._end_line)

    def use_history(self, texts: Iterable[str]) -> None:
        """Set what the arrow keys bring back, oldest first."""
        if self._readline is not None:
            self._readline.clear_history()
            for text in texts:
                self._readline.add_history(text)

    def remember(self, text: str) -> None:
        """Add a text to what the arrow keys bring back."""
        if self._readline is not None and text.strip():
            self._readline.add_history(text)

    def complete(self, words: Sequence[str]) -> None:
        """Let Tab complete these words at the start of a line."""
        if self._readline is None:
            return

        def nth(typed: str, state: int) -> str | None:
            fitting = [f"{word} " for word in words if word.startswith(typed)] if typed.startswith("/") else []
            return fitting[state] if state < len(fitting) else None

        self._readline.set_completer(nth)
        self._readline.set_completer_delims(" \n")
        is_libedit = "libedit" in (self._readline.__doc__ or "")
        self._readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")

    def _end_line(self) -> None:
        if self._is_reading and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._main, signal.SIGINT)

    def restore_terminal(self) -> None:
        """Restore what readline changed in the terminal, from any thread."""
        if self._terminal_mode is not None:
            import termios

            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._terminal_mode)

    # On the main thread.

    def serve(self, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        """Run the work on an event loop of another thread, and read lines for it until it ends; return its result."""
        loop = asyncio.new_event_loop()
        before = signal.signal(signal.SIGINT, self._interrupted)
        thread = threading.Thread(target=loop.run_forever, name="chat", daemon=True)
        try:
            thread.start()
            result = asyncio.run_coroutine_threadsafe(work(), loop)
            result.add_done_callback(lambda _: self._requests.put(None))
            while (request := self._requests.get()) is not None:
                self._answer(request)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            return result.result()
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_reading or self.on_interrupt is None:
            raise KeyboardInterrupt
        self.on_interrupt()

    def _answer(self, request: _Request) -> None:
        result: str | Exception
        try:
            try:
                self._is_reading = True
                result = Interrupted() if self._is_closed else self._read(request)
            finally:
                self._is_reading = False
        except (KeyboardInterrupt, SystemError):  # SystemError: two signals at once
            result = Interrupted(self._readline.get_line_buffer() if self._readline is not None else "")
        except (EOFError, OSError, ValueError) as error:  # OSError: the terminal is gone
            result = error if isinstance(error, EOFError) else EOFError(str(error))
        with suppress(RuntimeError):  # the loop is closed
            request.loop.call_soon_threadsafe(_resolve, request.answer, result)

    def _read(self, request: _Request) -> str:
        if request.kind is LineKind.ANSWER and self.is_terminal:
            _drop_typed_ahead()
        line = self._line(request.prompt, request.prefill)
        if request.kind is not LineKind.TEXT or line.startswith("/"):
            return line
        lines = [line]
        while True:
            if lines[-1].endswith(CONTINUES):
                lines[-1] = lines[-1].removesuffix(CONTINUES)
                prompt = "... "
            elif self._was_pasted_with_more():
                prompt = ""
            else:
                return "\n".join(lines)
            try:
                lines.append(self._line(prompt))
            except EOFError:
                return "\n".join(lines)

    def _line(self, prompt: str, prefill: str = "") -> str:
        if self._readline is None or not prefill:
            return input(prompt)
        self._readline.set_startup_hook(lambda: self._readline and self._readline.insert_text(prefill))
        try:
            return input(prompt)
        finally:
            self._readline.set_startup_hook()

    def _was_pasted_with_more(self) -> bool:
        """Return whether more lines came with the one that was read: a pasted text is one prompt, not many."""
        return self.is_terminal and bool(select.select([sys.stdin.fileno()], [], [], _PASTE_GAP_S)[0])


def _resolve(answer: "asyncio.Future[str]", result: str | Exception) -> None:
    if answer.done():
        return
    if isinstance(result, str):
        answer.set_result(result)
    else:
        answer.set_exception(result)


def _terminal_mode() -> list[Any] | None:
    try:
        import termios

        return termios.tcgetattr(sys.stdin.fileno())
    except (ImportError, OSError, termios.error):
        return None


def _drop_typed_ahead() -> None:
    """Drop what was typed before a question was seen: it does not answer it."""
    try:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (ImportError, OSError, termios.error):
        pass


def _load_readline() -> ModuleType | None:
    """Return the readline module, set up to add nothing to its history by itself; `None` where there is none."""
    try:
        import readline
    except ImportError:
        return None
    readline.set_auto_history(False)
    if os.environ.get("TERM", "") == "dumb":
        readline.parse_and_bind("set enable-bracketed-paste off")
    return readline
