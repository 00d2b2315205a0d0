"""The program with a probe: at SIGUSR1 it writes a JSON line into the file `TUI_CHAT_PROBE`."""

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

from tui_chat.cli.main import main


def _name(task: "asyncio.Task[object]") -> str:
    coroutine = task.get_coro()
    owner = getattr(getattr(coroutine, "cr_frame", None), "f_locals", {}).get("self")
    does = getattr(getattr(owner, "_callback", None), "__qualname__", getattr(coroutine, "__qualname__", coroutine))
    return f"{type(owner).__name__}:{does}"


def report(_number: int, _frame: FrameType | None) -> None:
    """Write down every task, by what it does, and every thread."""
    tasks = Counter(map(_name, asyncio.all_tasks(asyncio.get_running_loop())))
    figures = {"tasks": tasks, "threads": sorted(thread.name for thread in threading.enumerate())}
    with Path(os.environ["TUI_CHAT_PROBE"]).open("a") as file:
        file.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, report)
    main()
