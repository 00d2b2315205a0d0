"""Opening a file: new, old, newer, foreign, empty, damaged, read-only."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import TO_FIRST_VERSION, conversation, prompt, reply, side_request
from tui_chat.core.error import NotFound, StorageError
from tui_chat.storage import private_files
from tui_chat.storage.recovery import recover_rows
from tui_chat.storage.schema import MIGRATIONS
from tui_chat.storage.store import Store


def add_column(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE conversation ADD COLUMN colour TEXT")


def fail_half_way(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE conversation ADD COLUMN colour TEXT")
    db.execute("SELECT no_such_function()")


async def fill(open_store: Open, count: int = 3) -> None:
    """A closed file with so many conversations of two turns."""
    store = await open_store()
    for number in range(count):
        await store.create(conversation(f"c{number}", prompt("u1", text=f"question {number}"), reply("a1", "u1")))
    await store.aclose()


def files_named(path: Path, word: str) -> list[Path]:
    return sorted(file for file in path.parent.iterdir() if word in file.name)


async def test_a_new_file_is_reported_as_created_once(open_store: Open, path: Path) -> None:
    store = await open_store()
    assert store.opening.created and not store.opening.found_empty and store.opening.path == path
    await store.aclose()
    store = await open_store()
    assert not store.opening.created


async def test_an_empty_file_in_place_of_a_used_one_is_reported(open_store: Open, path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    os.utime(path, (0, 0))
    store = await open_store()
    assert store.opening.found_empty
    await store.create(conversation())


async def test_an_older_file_is_upgraded_after_a_private_backup(open_store: Open, path: Path) -> None:
    await fill(open_store)
    store = await open_store(migrations=(*MIGRATIONS, add_column))
    opening = store.opening
    assert opening.migrated_from == len(MIGRATIONS) and opening.backup is not None
    assert opening.backup.stat().st_mode & 0o777 == 0o600
    assert await store.count() == 3
    old = await open_store(opening.backup)
    assert await old.count() == 3
    assert not old.opening.created


async def test_migration_from_version_1_keeps_everything(open_store: Open, path: Path) -> None:
    await fill(open_store)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TO_FIRST_VERSION)
    store = await open_store()
    assert store.opening.migrated_from == 1 and store.opening.backup is not None
    assert await store.count() == 3 and len((await store.conversation("c1")).turns) == 2
    await store.record("c1", side_request("e1", "0.5"), "Named")
    assert (await store.conversation("c1")).side_requests == (side_request("e1", "0.5"),)
    assert (await store.check()).is_healthy


async def test_recovery_of_a_damaged_version_1_file(open_store: Open, path: Path) -> None:
    await fill(open_store)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TO_FIRST_VERSION)
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'turn_parent'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    private_files.damage_marker(path).touch(0o600)
    store = await open_store()
    assert store.opening.recovered_conversations == 3 and len((await store.conversation("c1")).turns) == 2


async def test_a_failed_upgrade_leaves_the_old_file_usable(open_store: Open, path: Path) -> None:
    await fill(open_store)
    with pytest.raises(StorageError):
        await open_store(migrations=(*MIGRATIONS, fail_half_way))
    store = await open_store()
    assert await store.count() == 3
    assert len((await store.conversation("c1")).turns) == 2


@pytest.mark.parametrize("killed_after", ["begin", "column", "rewrite"])
async def test_a_crash_within_an_upgrade_leaves_the_old_file_usable(
    open_store: Open, path: Path, killed_after: str
) -> None:
    await fill(open_store)
    code = f"""
import asyncio, os, signal
from pathlib import Path
from tui_chat.storage.schema import MIGRATIONS
from tui_chat.storage.store import Store
def step(db):
    steps = {{
        "begin": [],
        "column": ["ALTER TABLE conversation ADD COLUMN colour TEXT"],
        "rewrite": ["PRAGMA cache_size = 1", "UPDATE turn SET text = text || hex(zeroblob(50000))"],
    }}
    for statement in steps[{killed_after!r}]:
        db.execute(statement)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(Store.open(Path({str(path)!r}), migrations=(*MIGRATIONS, step)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    store = await open_store()
    assert await store.count() == 3 and store.opening.damaged_moved_to is None
    assert (await store.check()).is_healthy
    await store.aclose()
    store = await open_store(migrations=(*MIGRATIONS, add_column))
    assert await store.count() == 3


async def test_a_newer_file_is_refused_and_left_as_it_was(open_store: Open, path: Path) -> None:
    await (await open_store(migrations=(*MIGRATIONS, add_column))).aclose()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(StorageError) as caught:
        await open_store()
    assert caught.value.detail == "newer_schema"
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


async def test_another_programs_database_is_refused_and_left_alone(open_store: Open, path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        await open_store()
    assert path.read_bytes() == before


async def test_junk_in_place_of_the_file_is_kept_and_reported(open_store: Open, path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"this is no database" * 1000)
    store = await open_store()
    kept = store.opening.damaged_moved_to
    assert kept is not None and kept.read_bytes() == b"this is no database" * 1000
    assert ".corrupt-" in kept.name and store.opening.recovered_conversations == 0 and await store.summaries() == []


async def test_a_file_with_a_damaged_head_gives_back_what_it_holds(open_store: Open, path: Path) -> None:
    await fill(open_store, 20)
    with path.open("r+b") as file:
        file.write(b"\xff" * 4096)
    store = await open_store()
    assert store.opening.damaged_moved_to is not None and store.opening.recovered_conversations == 20
    assert (await store.conversation("c7")).turn("u1").text == "question 7"
    assert [hit.conversation_id for hit in await store.search('"question 7"')] == ["c7"]
    assert (await store.check()).is_healthy
    await store.aclose()
    assert (await open_store()).opening.damaged_moved_to is None
    assert files_named(path, "rescue") == []


async def test_a_file_that_was_cut_off_gives_back_what_is_left(open_store: Open, path: Path) -> None:
    store = await open_store()
    for number in range(60):
        text = f"question {number} " * 200
        await store.create(conversation(f"c{number}", prompt("u1", text=text), reply("a1", "u1")))
    await store.aclose()
    os.truncate(path, path.stat().st_size * 4 // 5 // 4096 * 4096)
    store = await open_store()
    assert store.opening.damaged_moved_to is not None
    assert 10 < store.opening.recovered_conversations <= 60
    assert (await store.check()).is_healthy
    assert (await store.conversation("c3")).turn("u1").text == "question 3 " * 200


async def test_a_file_cut_to_a_few_bytes_is_kept_and_reported(open_store: Open, path: Path) -> None:
    await fill(open_store)
    os.truncate(path, 50)
    store = await open_store()
    assert store.opening.damaged_moved_to is not None and store.opening.recovered_conversations == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
async def test_random_damage_never_raises_and_is_always_reported(open_store: Open, path: Path, seed: int) -> None:
    await fill(open_store, 40)
    draw = Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(draw.choice((1, 3, 10))):
        at = draw.randrange(len(data) // 4096) * 4096
        data[at : at + 4096] = draw.randbytes(4096)
    path.write_bytes(data)
    store = await open_store()
    try:
        for summary in await store.summaries(limit=100):
            await store.conversation(summary.id)
        await store.create(conversation("new", prompt("u1")))
        await store.search("question")
    except StorageError as error:
        assert error.detail == "damaged"
    except NotFound:
        assert store.opening.damaged_moved_to is None
    healthy = (await store.check()).is_healthy
    await store.aclose()
    again = await open_store()
    assert healthy or again.opening.damaged_moved_to is not None or not (await again.check()).is_healthy
    if not (await again.check()).is_healthy:
        await again.repair()
    assert (await again.check()).is_healthy
    await again.create(conversation("newest", prompt("u1", text="sent after")))
    assert len(await again.search("sent after")) == 1


async def test_damage_met_while_running_is_looked_for_at_the_next_start(open_store: Open, path: Path) -> None:
    store = await open_store()
    for number in range(200):
        await store.create(conversation(f"c{number}", prompt("u1", text="word " * 300)))
    await store.aclose()
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'turn_conversation'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\x00" * 4096)
    store = await open_store()
    assert store.opening.damaged_moved_to is None
    with pytest.raises(StorageError) as caught:
        for number in range(200):
            await store.conversation(f"c{number}")
    assert caught.value.detail == "damaged"
    await store.aclose()
    store = await open_store()
    assert store.opening.damaged_moved_to is not None and store.opening.recovered_conversations == 200
    assert files_named(path, ".damaged") == []


async def test_a_rescue_that_finds_no_room_changes_nothing(
    open_store: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(open_store)
    with path.open("r+b") as file:
        file.write(b"\xff" * 4096)
    before = path.read_bytes()

    def no_room(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(recover_rows, "recover_rows", no_room)
        with pytest.raises(StorageError) as caught:
            await open_store()
    assert caught.value.detail == "disk_full"
    assert path.read_bytes() == before and files_named(path, "rescue") == files_named(path, "corrupt") == []
    assert (await open_store()).opening.recovered_conversations == 3


OTHER_USER = 65534
LOOK = """
import asyncio, os, sys
from pathlib import Path
from tests.storage.make import conversation
from tui_chat.core.error import StorageError
from tui_chat.storage.store import Store
async def look():
    os.setgid({user})
    os.setuid({user})
    store = await Store.open(Path({path!r}))
    assert store.opening.read_only
    assert len(await store.summaries()) == 3
    assert len((await store.conversation("c1")).turns) == 2
    assert len(await store.search("question")) == 3
    for change in (store.create(conversation("new")), store.set_draft(None, "x"), store.delete("c1"), store.repair()):
        try:
            await change
        except StorageError as error:
            assert error.detail == "read_only", error
        else:
            raise AssertionError("written")
    await store.aclose()
asyncio.run(look())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("owner", [0, OTHER_USER])
async def test_a_read_only_library_can_be_browsed_and_searched(open_store: Open, owner: int) -> None:
    home = Path("/tmp") / f"read-only-{os.getpid()}-{owner}"
    home.mkdir(0o700)
    try:
        path = home / "conversations.db"
        store = await open_store(path)
        for number in range(3):
            await store.create(conversation(f"c{number}", prompt("u1", text="question"), reply("a1", "u1")))
        await store.aclose()
        path.chmod(0o444)
        home.chmod(0o555)
        os.chown(path, owner, owner)
        os.chown(home, owner, owner)
        code = LOOK.format(user=OTHER_USER, path=str(path))
        root = Path(__file__).parent.parent.parent
        before = path.read_bytes()
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False, env={**os.environ}
        )
        assert ended.returncode == 0, ended.stderr
        assert path.read_bytes() == before
    finally:
        shutil.rmtree(home)


async def test_what_was_opened_twice_is_one_database(open_store: Open) -> None:
    one, other = await open_store(), await open_store()
    before = await other.changes()
    assert before == await other.changes()
    await one.create(conversation("c1"))
    assert await other.changes() != before
    assert [summary.id for summary in await other.summaries()] == ["c1"]
    mine = await one.changes()
    await one.rename("c1", "New")
    assert await one.changes() != mine


async def test_a_closed_store_reports_it(open_store: Open) -> None:
    store = await open_store()
    await store.aclose()
    await store.aclose()
    with pytest.raises(StorageError, match="closed"):
        await store.summaries()


async def test_databases_in_memory_are_separate() -> None:
    one, other = await Store.open(":memory:"), await Store.open(":memory:")
    await one.create(conversation("c1"))
    assert one.opening.path is None and await other.summaries() == []
    await one.aclose()
    await other.aclose()


async def test_two_programs_that_make_the_file_at_once_make_one(open_store: Open, path: Path) -> None:
    both = await asyncio.gather(*(open_store() for _ in range(4)))
    assert sorted(store.opening.created for store in both) == [False, False, False, True]
    assert not any(store.opening.found_empty for store in both)
    await both[0].create(conversation("c1"))
    assert [await store.count() for store in both] == [1, 1, 1, 1]
