"""The app's hold on the sync process: started once the machine syncs, and again after it ended, later each time."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tui_chat.storage.store import Store
from tui_chat.sync import process as process_module
from tui_chat.sync.follow_loop import FIRST_DELAY_S
from tui_chat.sync.process import SyncProcess


@dataclass
class Bench:
    """A sync process whose program only waits for the end of its stdin, and a clock that the test sets."""

    process: SyncProcess
    now_s: float = 0.0
    started: list[int] = field(default_factory=list)

    def pid(self) -> int | None:
        child = self.process._process
        return None if child is None or child.poll() is not None else child.pid

    def kill(self) -> None:
        child = self.process._process
        assert child is not None
        child.send_signal(signal.SIGKILL)
        child.wait(10)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(process_module, "WATCH_EVERY_S", 0.01)
    made = Bench(SyncProcess(tmp_path / "conversations.db", tmp_path / "config.toml", lambda: made.now_s))
    yield made
    child = made.process._process
    made.process.stop()
    if child is not None:
        os.waitpid(child.pid, 0) if child.returncode is None else None


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def test_killed_process_is_started_again_later_each_time(bench: Bench) -> None:
    bench.process.keep_running()
    first = bench.pid()
    assert first is not None and bench.process.restarts_at is None
    for attempt in range(3):
        bench.kill()
        bench.process.keep_running()
        assert bench.pid() is None and bench.process.restarts_at is not None
        bench.now_s += FIRST_DELAY_S * 2**attempt * 0.49
        bench.process.keep_running()
        assert bench.pid() is None
        bench.now_s += FIRST_DELAY_S * 2**attempt * 0.6
        bench.process.keep_running()
        assert bench.pid() not in (None, first) and bench.process.restarts_at is None


def test_process_that_ran_long_is_started_again_at_once(bench: Bench) -> None:
    for _ in range(3):
        bench.process.keep_running()
        bench.kill()
        bench.process.keep_running()
        bench.now_s += 60
    bench.process.keep_running()
    bench.now_s += 3600
    bench.process.keep_running()
    bench.kill()
    bench.process.keep_running()
    bench.now_s += FIRST_DELAY_S
    bench.process.keep_running()
    assert bench.pid() is not None


async def test_process_follows_a_setup_in_another_terminal(bench: Bench, tmp_path: Path) -> None:
    here, other = await Store.open(tmp_path / "conversations.db"), await Store.open(tmp_path / "conversations.db")
    try:
        bench.process.watch(here)
        await until(lambda: bench.process._looking is not None and bench.process._looking.done())
        assert bench.pid() is None
        await other.replica.start("space", b"notebook")
        await until(lambda: bench.pid() is not None)
        bench.kill()
        await until(lambda: bench.process.restarts_at is not None)
        await other.replica.leave()
        await until(lambda: bench.process.restarts_at is None)
        assert bench.pid() is None
        await other.replica.start("space", b"notebook")
        await until(lambda: bench.pid() is not None)
    finally:
        bench.process.stop()
        await here.aclose()
        await other.aclose()


async def test_an_idle_app_asks_the_database_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    asked: list[object] = []

    class Unsynced:
        async def is_synced(self) -> bool:
            asked.append(len(looks))
            return False

    seen = bench.process.last_written
    monkeypatch.setattr(bench.process, "last_written", lambda: looks.append(None) or seen())
    bench.process.watch(Unsynced())
    async with asyncio.timeout(10):
        while len(looks) < 10:
            await asyncio.sleep(0.001)
        assert len(asked) == 1
        bench.process._database.write_bytes(b"written")
        while len(asked) < 2:
            await asyncio.sleep(0.001)
