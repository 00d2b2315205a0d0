"""Real processes on one file: killed in mid-reply, and several at once.

`TUI_CHAT_TEST_KILLS=1000` kills longer.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation
from tests.storage.programs import words
from tui_chat.core.turn import TurnStatus

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("TUI_CHAT_TEST_KILLS", "25"))


@contextlib.contextmanager
def running(*asked: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of its own, gone at the end."""
    command = [sys.executable, "-m", "tests.storage.programs", *asked]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


async def killed_once(path: Path, seed: int, open_store: Open) -> None:
    """Kill a streaming program at a random moment and check the file against what the program had confirmed."""
    started, kept, ended = -1, dict[int, int](), dict[int, int]()
    with running("stream", str(path)) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "started 0\n"
        started = 0
        time.sleep(Random(seed).uniform(0, 0.4))
        program.kill()
        for line in program.stdout:
            if not line.endswith("\n"):
                break
            word, number, *rest = line.split()
            if word == "started":
                started = int(number)
            else:
                (kept if word == "kept" else ended)[int(number)] = int(rest[0])
    store = await open_store(path)
    assert store.opening.damaged_moved_to is None and len(store.opening.interrupted) <= 1
    found = await store.conversation("c1")
    for number in range(started + 1):
        assert found.has(f"u{number}"), "a prompt that was reported as kept"
        turn = found.turn(f"a{number}")
        if number in ended:
            assert turn.status is TurnStatus.COMPLETE and turn.text == words(ended[number])
        elif turn.status is TurnStatus.INTERRUPTED:
            pieces = len(turn.text.split())
            assert turn.text == words(pieces) and kept.get(number, 0) <= pieces
    assert not any(turn.is_live for turn in found.turns)
    assert (await store.check()).is_healthy
    assert len(await store.search("why", limit=1000)) == sum(turn.role == "user" for turn in found.turns)
    await store.aclose()


@pytest.mark.timeout(600)
async def test_a_killed_program_keeps_what_was_saved(open_store: Open, tmp_path: Path) -> None:
    for seed in range(KILLS):
        await killed_once(tmp_path / f"data-{seed}" / "conversations.db", seed, open_store)


async def test_a_living_program_keeps_its_reply_and_a_killed_one_gives_it_up(open_store: Open, path: Path) -> None:
    with running("stream", str(path)) as program:
        assert program.stdout is not None
        while not program.stdout.readline().startswith("kept 0"):
            pass
        stop_between_writes(program.pid, path)
        store = await open_store()
        live = [turn for turn in (await store.conversation("c1")).turns if turn.is_live]
        assert len(live) <= 1 and store.opening.interrupted == ()
        was_live = bool((await store.summaries())[0].is_live)
        assert was_live == bool(live)
        program.kill()
    found = await store.conversation("c1")
    assert not any(turn.is_live for turn in found.turns)
    assert not (await store.summaries())[0].is_live


def stop_between_writes(pid: int, path: Path) -> None:
    """Halt a program at a moment when it does not hold the file's lock."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(path, timeout=0.05)) as db, contextlib.suppress(sqlite3.Error):
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            return
        os.kill(pid, signal.SIGCONT)


async def test_two_programs_write_at_once_and_nothing_is_lost(open_store: Open, path: Path) -> None:
    await together(open_store, path, programs=2, rounds=60)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_four_programs_write_for_long_and_nothing_is_lost(open_store: Open, path: Path) -> None:
    await together(open_store, path, programs=4, rounds=150)


async def together(open_store: Open, path: Path, *, programs: int, rounds: int) -> None:
    """Several programs at random work, and the sum of what was confirmed to them."""
    store = await open_store()
    await store.create(conversation("shared"))
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(running("mingle", str(path), f"p{number}", str(number), str(rounds)))
            for number in range(programs)
        ]
        outputs = [program.communicate(timeout=500)[0].split() for program in started]
        assert [program.returncode for program in started] == [0] * programs
    kept = sum(int(line[1]) for line in outputs)
    assert kept > rounds / 3 and (await store.stats()).turns == kept
    shared = await store.conversation("shared")
    assert all(len(shared.children_of(turn.id)) == 1 for turn in shared.turns if turn.role == "user")
    assert len(shared.path) % 2 == 0 and not any(turn.is_live for turn in shared.turns)
    assert (await store.check()).is_healthy
    assert await store.changes() == await store.changes()


async def test_another_program_sees_a_change_at_once(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c0"))
    before = await store.changes()
    with running("meddle", str(path)) as program:
        assert program.wait(60) == 0
    assert await store.changes() != before
    assert await store.draft(None) == "49"


async def test_a_second_start_does_not_disturb_a_reply_that_is_coming_in(open_store: Open, path: Path) -> None:
    with running("stream", str(path)) as program:
        assert program.stdout is not None
        program.stdout.readline()
        for _ in range(5):
            store = await open_store()
            assert store.opening.interrupted == ()
            await store.aclose()
        assert program.poll() is None
        ended = [line for line, _ in zip(program.stdout, range(200), strict=False) if line.startswith("ended")]
        assert ended
    store = await open_store()
    number = ended[0].split()[1]
    assert (await store.conversation("c1")).turn(f"a{number}").status is TurnStatus.COMPLETE
