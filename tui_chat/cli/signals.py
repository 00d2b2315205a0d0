"""Ends the program within three seconds of SIGTERM, SIGHUP, SIGINT or SIGQUIT, even while its event loop is stuck.

The event loop is notified first and has `REACT_S` to react and `END_S` to finish: it stops and saves the replies and
restores the terminal. If it does not, a thread saves what arrived, restores the terminal and calls `os._exit`.
A second signal ends the wait.

The thread learns of a signal from the file descriptor to which Python's C handler writes (`signal.set_wakeup_fd`),
so the main thread may be blocked in a loop or in a system call. What holds the interpreter lock without a pause, as a
regular expression does, keeps the thread from running too. But it looks for signals, so an interval timer set at the
first signal has the main thread sleep within it (`_give_way`), and the thread runs.

Limit: a C function that keeps the lock and never looks for signals, or a regular expression that runs for seconds in
another thread than the main one, cannot be ended from within the process. Whatever reads text from outside must
bound its own work.

The thread also helps other handlers of SIGINT: one that comes just before `input` waits would be handled only at the
next key, so the main thread is woken once more.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, Timer, main_thread
from types import FrameType
from typing import Any, NoReturn, Self

REACT_S = 1.5
"""Time for the event loop to react to a signal."""
END_S = 2.2
"""Time for the event loop to end the program."""
REPEATED_S = 0.5
"""A signal so soon after another is the same one: `timeout`, for example, sends it to a process and to its group."""
CLEAN_UP_S, _HURRIED_CLEAN_UP_S = 2.0, 0.2
"""Time for threads to end after everything was saved: normally, and after a signal."""
_SAVE_S = 0.6
_HURRIED_SAVE_S = 0.3
_RESTORE_S = 0.2
_WAKE_S = 0.05
"""Time for the main thread to handle another handler's signal before it is woken."""
_SIGNALS = [number for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if (number := getattr(signal, name, None))]
_HAS_TIMER = hasattr(signal, "setitimer")
_CAUGHT = 255
"""Written to the pipe besides the numbers of signals: the handler ran, whatever handler there is by now."""


class Watchdog:
    """A context manager around the event loop; signals have their usual effect again after it."""

    def __init__(self) -> None:
        self.leave: Callable[[int], None] | None = None
        """Asks the event loop to end with an exit code; called on the event loop's thread. Until it is set a signal
        ends the program at once."""
        self.run_soon: Callable[..., object] | None = None
        """Runs a function on the event loop's thread: its `call_soon_threadsafe`."""
        self.save: Callable[[float], object] | None = None
        """Saves what arrived and is not saved yet, within so many seconds; called on a thread of its own."""
        self.restore: Callable[[], object] | None = None
        """Restores the terminal; called on a thread of its own."""
        self.is_ending = False
        self._has_reacted = False
        self._has_noticed = False
        """Whether the thread knows of a signal."""
        self._gives_way = False
        self._caught_s = 0.0
        self._number = 0
        self._before: dict[int, Any] = {}
        self._wakeup_before = -1
        self._read, self._write = -1, -1
        self._cleaning: Timer | None = None
        self._exiting = Lock()
        self._has_exited = False

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        for number in _SIGNALS:
            if number.name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN:
                continue  # `nohup` set it so
            self._before[number] = signal.signal(number, self._caught)
        if _HAS_TIMER:
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._give_way)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
        if self.is_ending:
            if _HAS_TIMER:
                signal.setitimer(signal.ITIMER_REAL, 0)
            return
        with self._exiting:
            self._has_exited = True
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._write)

    def follow(self, run_soon: Callable[..., object], leave: Callable[[int], None]) -> None:
        """From now on, let the event loop end the program by `leave`."""
        self.run_soon, self.leave = run_soon, leave

    def all_saved(self, code: int) -> None:
        """Give the rest of the clean-up only a short time, as everything was saved."""
        self._cleaning = Timer(_HURRIED_CLEAN_UP_S if self.is_ending else CLEAN_UP_S, os._exit, (code,))
        self._cleaning.daemon = True
        self._cleaning.start()

    # On the main thread, between two instructions.

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        self.is_ending = True
        if not self._caught_s:
            self._caught_s, self._number = time.monotonic(), number
            if not self._has_noticed:
                # The thread may look only when the handler has been replaced, and take the signal for another's.
                with suppress(BlockingIOError):
                    os.write(self._write, bytes([_CAUGHT]))
            if _HAS_TIMER:
                signal.setitimer(signal.ITIMER_REAL, REACT_S, REPEATED_S)

    def _give_way(self, _number: int, _frame: FrameType | None) -> None:
        """Let the thread run when it is time for it to end the program."""
        if not self.is_ending or self._gives_way:
            return
        if not self._has_reacted or time.monotonic() > self._caught_s + END_S:
            self._gives_way = True
            time.sleep(END_S)
            self._gives_way = False

    # On the event loop's thread.

    def _react(self, code: int) -> None:
        self._has_reacted = True
        if self.leave is not None:
            self.leave(code)

    # On the watchdog's thread.

    def _watch(self) -> None:
        if (number := self._next_signal(None)) is None:
            return
        self.is_ending = self._has_noticed = True
        # Code that holds the interpreter lock may have kept this thread from running earlier.
        caught_s, code = self._caught_s or time.monotonic(), 128 + number
        if self.run_soon is None:
            self._end(code, _HURRIED_SAVE_S)
        with suppress(RuntimeError):  # the loop is closed
            self.run_soon(self._react, code)
        while (left_s := caught_s + (END_S if self._has_reacted else REACT_S) - time.monotonic()) > 0:
            again = self._next_signal(left_s)
            if again is not None and time.monotonic() > caught_s + REPEATED_S:
                break
        self._end(code, _HURRIED_SAVE_S if self._has_reacted else _SAVE_S)

    def _next_signal(self, timeout_s: float | None) -> int | None:
        """Return the next signal to handle; `None` after the timeout, or when watching has ended."""
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while end_s is None or time.monotonic() < end_s:
            left_s = None if end_s is None else max(end_s - time.monotonic(), 0.0)
            if not select.select([self._read], [], [], left_s)[0]:
                return None
            if not (numbers := os.read(self._read, 64)):
                os.close(self._read)
                return None
            for number in numbers:
                if number == _CAUGHT:
                    return self._number
                # While an editor has the terminal, its interrupt key is not for this program.
                if number in self._before and signal.getsignal(number) == self._caught:
                    return number
                if number == signal.SIGINT:
                    self._wake_main_thread()
        return None

    def _wake_main_thread(self) -> None:
        """Interrupt the main thread's system call: a signal that came just before it is handled only then."""
        time.sleep(_WAKE_S)
        with self._exiting:
            if _HAS_TIMER and not self._has_exited and (ident := main_thread().ident) is not None:
                signal.pthread_kill(ident, signal.SIGALRM)

    def _end(self, code: int, save_s: float) -> NoReturn:
        if (save := self.save) is not None:
            _run_within(lambda: save(save_s), save_s)
        if (restore := self.restore) is not None:
            _run_within(restore, _RESTORE_S)
        os._exit(code)


def _run_within(job: Callable[[], object], limit_s: float) -> None:
    """Run the job and wait at most this long: a disk or a terminal may block forever."""
    thread = Thread(target=job, daemon=True)
    with suppress(RuntimeError):  # no more threads can be started
        thread.start()
        thread.join(limit_s)
