"""The program with a blocked event loop: at SIGUSR1 it runs what the first argument names, for a long time.

With `TUI_CHAT_UNSAVED` nothing of a reply is saved while it comes in, as if every moment lay between two saves.
"""

import asyncio
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from tui_chat import wiring
from tui_chat.cli.main import main

BLOCKED_S = 20.0


def in_python() -> None:
    """Hold the interpreter lock, and give it to other threads when they ask."""
    end_s = time.monotonic() + BLOCKED_S
    while time.monotonic() < end_s:
        pass


def in_a_regular_expression() -> None:
    """Hold the interpreter lock and give it to no other thread; would take years."""
    re.match(r"(a|aa)+$", "a" * 60 + "b")


def in_a_system_call() -> None:
    """Hold nothing, and come back for no signal."""
    threading.Thread(target=time.sleep, args=(BLOCKED_S,), daemon=True).start()
    end_s = time.monotonic() + BLOCKED_S
    while (left_s := end_s - time.monotonic()) > 0:
        time.sleep(left_s)


def in_a_thread() -> None:
    """The regular expression in another thread than the main one."""
    threading.Thread(target=in_a_regular_expression, daemon=True).start()


KINDS: dict[str, Callable[[], None]] = {
    "python": in_python,
    "regex": in_a_regular_expression,
    "call": in_a_system_call,
    "thread": in_a_thread,
}


def save_nothing_meanwhile() -> None:
    """Have a reply saved at its end only."""
    policy = wiring._policy
    wiring._policy = lambda settings: replace(policy(settings), save_interval_s=3600.0)


if __name__ == "__main__":
    block = KINDS[sys.argv.pop(1)]

    def soon(_number: int, _frame: FrameType | None) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(block)

    signal.signal(signal.SIGUSR1, soon)
    if "TUI_CHAT_UNSAVED" in os.environ:
        del os.environ["TUI_CHAT_UNSAVED"]
        save_nothing_meanwhile()
    main()
