"""The files are the user's alone, from the first moment, and nothing strange is followed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation
from tui_chat.core.error import StorageError


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_everything_is_private_whatever_the_umask(tmp_path: Path, open_umask: None, open_store: Open) -> None:
    path = tmp_path / "a" / "b" / "conversations.db"
    store = await open_store(path)
    await store.create(conversation())
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    assert {file.name: oct(mode(file)) for file in path.parent.iterdir()} == {
        file.name: "0o600" for file in path.parent.iterdir()
    }
    assert (path.parent / "conversations.db-journal").exists()


async def test_a_file_that_others_could_read_is_closed_to_them(path: Path, open_store: Open) -> None:
    await (await open_store()).aclose()
    path.chmod(0o644)
    await open_store()
    assert mode(path) == 0o600


async def test_a_symlinked_directory_of_the_users_own_works(tmp_path: Path, open_store: Open) -> None:
    (tmp_path / "real").mkdir(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    await open_store(tmp_path / "link" / "conversations.db")
    assert (tmp_path / "real" / "conversations.db").exists()


@pytest.mark.parametrize("name", ["conversations.db", "conversations.db-journal", "conversations.db-wal"])
async def test_a_symlinked_file_is_refused(path: Path, name: str, open_store: Open) -> None:
    path.parent.mkdir(0o700)
    target = path.parent.parent / "target"
    (path.parent / name).symlink_to(target)
    with pytest.raises(StorageError) as caught:
        await open_store()
    assert caught.value.detail == "unsafe_path"
    assert not target.exists()


@pytest.mark.parametrize("bits", [0o777, 0o770, 0o1777])
async def test_a_directory_that_others_may_write_to_is_refused(path: Path, bits: int, open_store: Open) -> None:
    path.parent.mkdir()
    path.parent.chmod(bits)
    with pytest.raises(StorageError) as caught:
        await open_store()
    assert caught.value.detail == "unsafe_path"
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("what", ["file", "directory"])
async def test_what_belongs_to_somebody_else_is_refused(path: Path, what: str, open_store: Open) -> None:
    path.parent.mkdir(0o700)
    path.touch(0o600)
    os.chown(path if what == "file" else path.parent, 65534, 65534)
    with pytest.raises(StorageError) as caught:
        await open_store()
    assert caught.value.detail == "unsafe_path"


async def test_a_directory_in_the_place_of_the_file_is_refused(path: Path, open_store: Open) -> None:
    path.mkdir(parents=True, mode=0o700)
    path.parent.chmod(0o700)
    with pytest.raises(StorageError, match="is a directory"):
        await open_store()


async def test_a_file_in_the_place_of_the_directory_is_refused(path: Path, open_store: Open) -> None:
    path.parent.write_text("in the way")
    with pytest.raises(StorageError):
        await open_store()


async def test_an_awkward_name_is_taken_literally(tmp_path: Path, open_store: Open) -> None:
    path = tmp_path / "a ?mode=ro&#%20'é" / "c?.db"
    store = await open_store(path)
    await store.create(conversation())
    assert path.stat().st_size > 0
