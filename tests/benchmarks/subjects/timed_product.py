"""tui_chat with every callback of its event loop timed: `timed_product FILE ARGUMENTS…`.

The first SIGUSR1 begins, SIGUSR2 writes the longest to FILE. CPU time, so that a busy machine makes none longer;
what the garbage collector takes within a callback counts with it.
"""

import asyncio.events
import gc
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

_LEAST_MS = 1.0
"""Shorter ones are not kept."""


def watch(file: Path) -> None:
    """Time the callbacks from now on."""
    kept: list[dict[str, Any]] = []
    collecting_ms = began_ns = 0.0
    run = asyncio.events.Handle._run

    def collected(phase: str, _: dict[str, int]) -> None:
        nonlocal collecting_ms, began_ns
        if phase == "start":
            began_ns = time.thread_time_ns()
        else:
            collecting_ms += (time.thread_time_ns() - began_ns) / 1e6

    def timed(handle: asyncio.Handle) -> None:
        before_ns, before_ms = time.thread_time_ns(), collecting_ms
        run(handle)
        took_ms = (time.thread_time_ns() - before_ns) / 1e6
        if took_ms >= _LEAST_MS:
            kept.append({"ms": took_ms, "collector_ms": collecting_ms - before_ms, "name": name_of(handle)})

    def write(*_: object) -> None:
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(sorted(kept, key=lambda one: -one["ms"])))
        unfinished.rename(file)

    gc.callbacks.append(collected)
    asyncio.events.Handle._run = timed
    signal.signal(signal.SIGUSR1, lambda *_: kept.clear())
    signal.signal(signal.SIGUSR2, write)


def name_of(handle: Any) -> str:
    """What it runs: the coroutine of a task, else the function."""
    owner = getattr(handle._callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return str(getattr(owner.get_coro(), "__qualname__", owner))
    return str(getattr(handle._callback, "__qualname__", handle._callback))


if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    from tui_chat.cli.main import main

    main()
