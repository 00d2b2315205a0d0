"""Many programs on one database: ten at once, one that is stopped within a commit, and a clock that goes wrong.

`TUI_CHAT_STOPPED_S=60` stops the program for as long, and asks from the command line meanwhile.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import NEIGHBOUR, Clock, conversation, live, prompt, reply
from tests.storage.test_processes import ROOT, running
from tests.support.environment import clean_environment
from tui_chat.core.error import StorageError
from tui_chat.core.turn import TurnStatus
from tui_chat.service.trash import empty_trash
from tui_chat.storage import connection
from tui_chat.storage.private_files import DATABASE

STOPPED_S = float(os.environ.get("TUI_CHAT_STOPPED_S", "1"))
IS_LONG = "TUI_CHAT_STOPPED_S" in os.environ
TEN_YEARS = timedelta(days=3652)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_ten_copies_write_at_once_while_another_polls_and_nothing_is_lost(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("shared"))
    seen = []

    async def poll() -> None:
        while True:
            seen.append((await store.changes(), await store.conversation_changes("shared")))
            await asyncio.sleep(0.02)

    polling = asyncio.create_task(poll())
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(running("mingle", str(path), f"p{number}", str(number), "12")) for number in range(10)
        ]
        ended = await asyncio.gather(*(asyncio.to_thread(program.communicate, timeout=500) for program in started))
        assert [program.returncode for program in started] == [0] * 10
    assert not polling.done()
    polling.cancel()
    kept = sum(int(out.split()[1]) for out, _ in ended)
    assert (await store.stats()).turns == kept > 20 and len(set(seen)) > 2
    assert (await store.check()).is_healthy


@pytest.mark.slow
async def test_ten_asks_at_once_are_all_answered_and_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_chat", "ask", "--demo", "code"]
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    asked = [subprocess.Popen(command, cwd=ROOT, env=environment, stdin=-3, stdout=-1, stderr=-1) for _ in range(10)]
    ended = [await asyncio.to_thread(program.communicate, timeout=100) for program in asked]
    assert [program.returncode for program in asked] == [0] * 10, ended
    assert not any(b"database" in err for _, err in ended)
    listed = [sys.executable, "-m", "tui_chat", "list"]
    done = subprocess.run(listed, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 10


HOLD = """
import sqlite3, sys
from pathlib import Path
from tui_chat.storage.connection import connect, make_durable
db = connect(Path(sys.argv[1]))
make_durable(db)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
rows = 1 if sys.argv[2] == "reserved" else 2000
for number in range(rows):
    db.execute("INSERT INTO prompt (text) VALUES (?)", (f"typed {number} " * 40,))
print("holding", flush=True)
sys.stdin.readline()
db.execute("COMMIT")
print("kept", flush=True)
"""


@contextlib.contextmanager
def holding(path: Path, lock: str) -> Iterator["subprocess.Popen[str]"]:
    """A program that is stopped within a transaction; with the lock `exclusive` no other may even read."""
    command = [sys.executable, "-c", HOLD, str(path), lock]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None and program.stdout.readline() == "holding\n"
            program.send_signal(signal.SIGSTOP)
            yield program
        finally:
            program.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lock", ["reserved", "exclusive"])
async def test_a_program_stopped_within_a_commit_holds_up_others_and_nothing_is_lost(
    open_store: Open, path: Path, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1")))
    await store.aclose()
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", int(STOPPED_S * 300))
    with holding(path, lock) as program:
        with pytest.raises(StorageError) as caught:
            store = await open_store()
            await store.create(conversation("c2"))
        assert caught.value.detail == "locked" and "another program" in caught.value.message
        await asyncio.sleep(STOPPED_S / 2)
        program.send_signal(signal.SIGCONT)
        out, _ = await asyncio.to_thread(program.communicate, "\n", timeout=20)
        assert out == "kept\n"
    store = await open_store()
    await store.create(conversation("c3"))
    assert await store.count() == 2 and len(await store.prompts(limit=3000)) == (1 if lock == "reserved" else 2000)
    assert (await store.check()).is_healthy and store.opening.damaged_moved_to is None


@pytest.mark.slow
@pytest.mark.skipif(not IS_LONG, reason="takes as long as TUI_CHAT_STOPPED_S is")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lock", ["reserved", "exclusive"])
async def test_an_ask_meanwhile_waits_or_ends_with_the_true_words(tmp_path: Path, lock: str) -> None:
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")

    def ask() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "tui_chat", "ask", "--demo", "code"]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert ask().returncode == 0
    (path,) = tmp_path.rglob(DATABASE)
    with holding(path, lock) as program:
        asked = asyncio.create_task(asyncio.to_thread(ask))
        await asyncio.sleep(STOPPED_S)
        program.send_signal(signal.SIGCONT)
        await asyncio.to_thread(program.communicate, "\n", timeout=20)
        done = await asked
    print(done.returncode, done.stdout[-200:], done.stderr)
    assert done.returncode == 0 or (done.returncode == 5 and "another program" in done.stderr), done.stderr
    assert ask().returncode == 0


async def test_a_clock_ten_years_back_keeps_the_order_and_the_trash(
    open_store: Open, path: Path, clock: Clock
) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await store.create(conversation("c2"))
    await store.delete("c2")
    await store.backup(path.with_name("first.db"))
    clock.now -= TEN_YEARS
    await store.create(conversation("c3"))
    await store.append("c1", [prompt("u2", "a1")], head="u2")
    assert [summary.id for summary in await store.summaries()] == ["c1", "c3"]
    assert [turn.id for turn in (await store.conversation("c1")).path] == ["u1", "a1", "u2"]
    for _ in range(3):
        assert await empty_trash(store, 30, clock()) == 0
    await store.restore("c2")
    assert (await store.check()).is_healthy and await store.usage_rows() == []


async def test_a_clock_that_leaps_forward_does_not_empty_the_trash(open_store: Open, clock: Clock) -> None:
    store = await open_store()
    await store.create(conversation("c1"))
    await empty_trash(store, 30, clock())
    await store.delete("c1")
    clock.now += TEN_YEARS
    assert await empty_trash(store, 30, clock()) == 0
    clock.now += timedelta(minutes=5)
    assert await empty_trash(store, 30, clock()) == 0, "the second start within the same wrong hour"
    assert await store.count(deleted=True) == 1
    clock.now -= TEN_YEARS
    assert await empty_trash(store, 30, clock()) == 0
    emptied = 0
    for _ in range(5):
        clock.now += timedelta(days=8)
        emptied += await empty_trash(store, 30, clock())
    assert emptied == 1


async def test_a_reply_of_another_machine_is_not_believed_alive_for_ten_years(open_store: Open, clock: Clock) -> None:
    elsewhere = replace(NEIGHBOUR, host="elsewhere", pid=7)
    store = await open_store(owner=elsewhere)
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    clock.now -= TEN_YEARS
    here = await open_store()
    assert (await here.conversation("c1")).turn("a1").status is TurnStatus.INTERRUPTED
