"""kill -9 at any moment of an upgrade: what stands there is the old file or the new one, and nothing is missing."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, prompt, reply
from tests.support.environment import ROOT
from tui_chat.storage.schema import MIGRATIONS

KILLS = int(os.environ.get("TUI_CHAT_TEST_KILLS", "3"))
LONGEST_S = 0.25
TALKS = 40
TEXT = "what was sent " * 200
UPGRADE = """
import asyncio, sys
from pathlib import Path
from tests.storage.test_upgrade_killed import STEPS
from tui_chat.storage.store import Store
print("started", flush=True)
asyncio.run(Store.open(Path(sys.argv[1]), migrations=STEPS))
print("ended", flush=True)
sys.stdin.read()
"""


def move_every_turn(db: sqlite3.Connection) -> None:
    """A step that takes its time and writes every page: all text is copied, and a column is added."""
    db.execute("PRAGMA cache_size = 1")
    db.execute("ALTER TABLE conversation ADD COLUMN colour TEXT")
    db.execute("CREATE TABLE moved (turn INTEGER, text TEXT)")
    for (seq,) in db.execute("SELECT seq FROM turn").fetchall():
        db.execute("INSERT INTO moved SELECT seq, text FROM turn WHERE seq = ?", (seq,))
        db.execute("UPDATE turn SET text = text || ' ' WHERE seq = ?", (seq,))
    db.execute("UPDATE turn SET text = rtrim(text) || ' '")


STEPS = (*MIGRATIONS, move_every_turn)


async def _killed_while_upgrading(path: Path, after_s: float) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", UPGRADE, str(path)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    await asyncio.sleep(after_s)
    process.kill()
    await process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
async def test_a_killed_upgrade_leaves_the_old_file_or_the_new_one(open_store: Open, path: Path, seed: int) -> None:
    store = await open_store()
    for number in range(TALKS):
        await store.create(conversation(f"c{number}", prompt("u1", text=TEXT), reply("a1", "u1")))
    await store.aclose()
    await _killed_while_upgrading(path, Random(seed).uniform(0, LONGEST_S))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        moved = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'moved'").fetchone() == (1,)
        assert (version, moved) in ((len(MIGRATIONS), False), (len(STEPS), True))
    upgraded = await open_store(migrations=STEPS)
    assert upgraded.opening.damaged_moved_to is None and not upgraded.opening.created
    assert upgraded.opening.migrated_from == (None if moved else len(MIGRATIONS))
    assert await upgraded.count() == TALKS
    assert (await upgraded.check()).is_healthy
    for number in range(TALKS):
        assert (await upgraded.conversation(f"c{number}")).turn("u1").text.rstrip() == TEXT.rstrip()
