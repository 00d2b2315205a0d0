"""A backup is whole and private, and is made while others write."""

import asyncio
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, prompt, reply
from tui_chat.core.error import StorageError
from tui_chat.storage import backup
from tui_chat.storage.store import Store


async def test_a_backup_is_a_private_database_of_its_own(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await store.backup(tmp_path / "copy.db")
    await store.delete("c1")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    copy = await open_store(tmp_path / "copy.db")
    assert len((await copy.conversation("c1")).turns) == 2
    assert (await copy.check()).is_healthy and len(await copy.search("because")) == 1


async def test_a_backup_never_overwrites_or_follows(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(StorageError):
            await store.backup(tmp_path / name)
    assert (tmp_path / "there").read_text() == "mine" and not (tmp_path / "elsewhere").exists()


async def test_a_backup_into_nowhere_leaves_nothing(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    with pytest.raises(StorageError):
        await store.backup(tmp_path / "nowhere" / "copy.db")


async def test_a_database_in_memory_can_be_backed_up(store: Store, open_store: Open, tmp_path: Path) -> None:
    await store.create(conversation("c1"))
    await store.backup(tmp_path / "copy.db")
    assert await (await open_store(tmp_path / "copy.db")).count() == 1


async def test_a_backup_ends_while_another_connection_keeps_writing(
    open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PAGES_PER_STEP", 5)
    store = await open_store()
    for number in range(50):
        await store.create(conversation(f"c{number}", prompt("u1", text="word " * 2000)))
    copying = asyncio.create_task(store.backup(tmp_path / "copy.db"))
    written = 0
    while not copying.done():
        await store.set_draft(None, f"typed {written}")
        written += 1
    await copying
    assert written > 0
    copy = await open_store(tmp_path / "copy.db")
    assert await copy.count() == 50 and (await copy.check()).is_healthy
