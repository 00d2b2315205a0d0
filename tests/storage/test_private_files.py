"""The files are the user's alone, from the first moment, and nothing strange is followed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation
from tui_chat.core.error import StorageError
from tui_chat.storage.conversation_list import ListQuery
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.quick_read import read_page


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
async def test_a_file_of_another_user_is_refused(path: Path, what: str, open_store: Open) -> None:
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


AWKWARD = [
    b"a ?mode=ro", b"a%20b%00%zz", b"a#b", b"  two  blanks ", b"'quotes\"`", b"a\nline", b"no\xff\xfeutf8",
    b"\x1b[31m", b"-flag", b"a;b&c|d", b"~", "é語🎉".encode(), b"x" * 255,
]  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD, ids=[str(name[:12]) for name in AWKWARD])
async def test_an_awkward_folder_is_opened_saved_to_listed_backed_up_and_mended(
    tmp_path: Path, open_store: Open, name: bytes
) -> None:
    folder = tmp_path / os.fsdecode(name)
    store = await open_store(folder / DATABASE)
    await store.create(conversation("c1"))
    await store.backup(folder / f"{folder.name[:100]}.db")
    await store._write(lambda db: db.execute("UPDATE conversation SET turns = 9"))
    assert (await store.repair()).backup is not None
    await store.aclose()
    assert [summary.id for summary in read_page(folder / DATABASE, ListQuery())] == ["c1"]
    assert {file.parent for file in folder.iterdir()} == {folder}
    (folder / DATABASE).write_bytes(b"\xff" * 9000)
    store = await open_store(folder / DATABASE)
    assert store.opening.damaged_moved_to is not None and store.opening.damaged_moved_to.parent == folder


@pytest.mark.parametrize("kind", ["dangling link", "link to itself", "long name", "long path", "file above"])
async def test_a_folder_that_cannot_be_used_is_refused_with_a_true_sentence(
    tmp_path: Path, open_store: Open, kind: str
) -> None:
    folder = tmp_path / "folder"
    match kind:
        case "dangling link":
            folder.symlink_to(tmp_path / "nowhere")
        case "link to itself":
            folder.symlink_to(folder)
        case "long name":
            folder = tmp_path / ("x" * 256)
        case "long path":
            folder = tmp_path.joinpath(*["x" * 200] * 3)
        case _:
            folder.write_text("in the way")
            folder = folder / "data"
    with pytest.raises(StorageError) as caught:
        await open_store(folder / DATABASE)
    assert caught.value.detail == "unusable_path", caught.value.message
    words = {"dangling link": "leads nowhere", "link to itself": "leads nowhere", "long name": "too long"}
    assert words.get(kind, {"long path": "longer than", "file above": "ot a directory"}.get(kind, "")) in (
        caught.value.message
    )
