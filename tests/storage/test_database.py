"""What becomes of the file while it is in use: gone, replaced, locked, full."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, live, prompt, reply
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.event import TextDelta
from tui_chat.storage import connection
from tui_chat.storage.schema import MIGRATIONS
from tui_chat.storage.store import Store


async def start_write(store: Store) -> None:
    """A conversation with a reply coming in."""
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("Beca")])


async def test_a_file_deleted_while_in_use_comes_back_with_everything(open_store: Open, path: Path) -> None:
    store = await open_store()
    await start_write(store)
    path.unlink()
    assert len((await store.conversation("c1")).turns) == 2
    assert not path.exists()
    await store.checkpoint("a1", [TextDelta("use")])
    assert store.opening.recreated and path.stat().st_mode & 0o777 == 0o600
    await store.finish(reply("a1", "u1"))
    other = await open_store()
    assert (await other.conversation("c1")).turn("a1").text == "Because."
    assert [hit.turn_id for hit in await other.search("because")] == ["a1"]


async def test_a_directory_deleted_while_in_use_comes_back_with_everything(open_store: Open, path: Path) -> None:
    store = await open_store()
    await start_write(store)
    shutil.rmtree(path.parent)
    await store.finish(reply("a1", "u1"))
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (await (await open_store()).conversation("c1")).turn("a1").text == "Because."


async def test_a_file_replaced_while_in_use_is_used_and_the_old_one_kept(open_store: Open, path: Path) -> None:
    other = await open_store(path.with_name("other.db"))
    await other.create(conversation("theirs"))
    await other.aclose()
    store = await open_store()
    await start_write(store)
    path.with_name("other.db").replace(path)
    assert [summary.id for summary in await store.summaries()] == ["theirs"]
    kept = store.opening.replaced_saved_to
    assert kept is not None and kept.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotFound):
        await store.checkpoint("a1", [TextDelta("use")])
    await store.save(conversation("c1", prompt("u1"), reply("a1", "u1")))
    assert (await (await open_store(kept)).conversation("c1")).turn("a1").text == "Beca"


async def test_two_programs_whose_file_is_deleted_meet_again_in_one(open_store: Open, path: Path) -> None:
    one, other = await open_store(), await open_store()
    await one.create(conversation("c1"))
    path.unlink()
    await one.rename("c1", "One")
    await other.create(conversation("c2"))
    assert {summary.id for summary in await one.summaries()} == {"c1", "c2"}
    assert {summary.title for summary in await other.summaries()} == {"One", "Hello"}


async def test_a_lock_that_is_released_in_time_is_only_waited_for(open_store: Open, path: Path) -> None:
    store = await open_store()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    writing = asyncio.create_task(store.create(conversation("c1")))
    await asyncio.sleep(0.2)
    assert not writing.done()
    holder.execute("COMMIT")
    await writing
    holder.close()


async def test_a_lock_that_is_never_released_is_a_readable_error(
    open_store: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    store = await open_store()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for asked in (store.create(conversation("c1")), store.summaries()):
        with pytest.raises(StorageError) as caught:
            await asked
        assert caught.value.detail == "locked" and "locked" not in caught.value.message
    holder.execute("ROLLBACK")
    holder.close()
    await store.create(conversation("c1"))


async def test_a_full_disk_loses_nothing_that_was_there_and_is_over_when_there_is_room(open_store: Open) -> None:
    store = await open_store()
    await start_write(store)

    def limit(pages: int) -> None:
        store._database._db.execute(f"PRAGMA max_page_count = {pages}")

    await store._thread.run(lambda: limit(1))
    big = reply("a1", "u1", "long " * 100_000)
    with pytest.raises(StorageError) as caught:
        await store.finish(big)
    assert caught.value.detail == "disk_full"
    assert (await store.conversation("c1")).turn("a1").text == "Beca"
    await store._thread.run(lambda: limit(1_000_000))
    await store.finish(big)
    assert (await store.conversation("c1")).turn("a1") == big
    assert (await store.check()).is_healthy


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of four megabytes."""
    place = tmp_path / "small"
    place.mkdir(0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_real_full_disk_keeps_what_was_saved(open_store: Open, small_disk: Path) -> None:
    path = small_disk / "conversations.db"
    store = await open_store(path)
    kept = 0
    with pytest.raises(StorageError) as caught:
        for number in range(10_000):
            await store.create(conversation(f"c{number}", prompt("u1", text=f"{number} " * 2000)))
            kept += 1
    assert caught.value.detail == "disk_full" and kept > 50
    assert await store.count() == kept
    await store.aclose()
    store = await open_store(path)
    assert await store.count() == kept and (await store.check()).is_healthy
    assert len(await store.search("42")) > 0
    with pytest.raises(StorageError) as caught:
        await store.backup(small_disk / "copy.db")
    assert caught.value.detail == "disk_full" and not (small_disk / "copy.db").exists()


async def test_an_upgrade_without_room_leaves_the_old_file(open_store: Open, small_disk: Path) -> None:
    path = small_disk / "conversations.db"
    store = await open_store(path)
    await store.create(conversation("c1", prompt("u1", text="x" * 2_500_000)))
    await store.aclose()
    with pytest.raises(StorageError) as caught:
        await open_store(path, migrations=(*MIGRATIONS, lambda db: None))
    assert caught.value.detail == "disk_full"
    assert [file.name for file in small_disk.iterdir() if "backup" in file.name] == []
    assert await (await open_store(path)).count() == 1


BOUNDLESS = "x'01274bcb2455d20d2ce6c6eec647358ad7527f1a93ac56278d101db47169682c46582e657eaf8c65'"
"""What SQLite takes for so many pages that it runs out of memory."""


@pytest.mark.parametrize("broken", ["randomblob(40)", BOUNDLESS])
async def test_a_broken_search_index_is_rebuilt_automatically(open_store: Open, path: Path, broken: str) -> None:
    store = await open_store()
    for number in range(30):
        await store.create(conversation(f"c{number}", prompt("u1", text=f"word {number}")))
    await store._write(lambda db: db.execute(f"UPDATE search_data SET block = {broken} WHERE id > 1"))
    await store.aclose()
    store = await open_store()
    assert len(await store.search("word", limit=100)) == 30
    await store._write(lambda db: db.execute(f"UPDATE search_data SET block = {broken} WHERE id > 1"))
    await store.aclose()
    store = await open_store()
    await store.delete("c1")
    assert await store.purge(store._clock()) == 1
    assert len(await store.search("word", limit=100)) == 29


async def test_a_memory_error_is_reported_as_a_storage_error(store: Store) -> None:
    def greedy(db: sqlite3.Connection) -> None:
        raise MemoryError

    with pytest.raises(StorageError, match="memory"):
        await store._read(greedy)
