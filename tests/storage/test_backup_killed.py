"""A copy that is ended at any moment: its name is absent or whole, and what is left over is swept."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, prompt
from tests.support.attacks import EXAMPLES
from tui_chat.core.error import StorageError
from tui_chat.storage import backup, private_files
from tui_chat.storage.store import Store

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow

BACK_UP = """
import asyncio, sys
from pathlib import Path
from tui_chat.storage.backup import back_up
print("ready", flush=True)
back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""
BYTES = 30_000_000


@pytest.fixture
async def large(open_store: Open, path: Path) -> Path:
    """A library of thirty megabytes in forty conversations."""
    store = await open_store()
    text = "word " * (BYTES // 40 // 5)
    for number in range(40):
        await store.create(conversation(f"c{number}", prompt("u1", text=text)))
    await store.aclose()
    return path


def absent_or_whole(target: Path) -> bool:
    """Whether the copy is there; one that is there must be whole, without a side file."""
    if not target.exists():
        return False
    assert sorted(file.name for file in target.parent.glob(f"{target.name}*")) == [target.name]
    with closing(sqlite3.connect(target)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM conversation").fetchone() == (40,)
    return True


def stopped(source: Path, target: Path, after_s: float, sign: signal.Signals) -> None:
    command = [sys.executable, "-c", BACK_UP, str(source), str(target)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None and program.stdout.readline() == "ready\n"
        time.sleep(after_s)
        program.send_signal(sign)
        program.wait(30)


@pytest.mark.slow
async def test_a_killed_backup_leaves_no_file_or_a_whole_one(large: Path, tmp_path: Path) -> None:
    start = time.perf_counter()
    backup.back_up(large, tmp_path / "timed.db")
    takes_s = time.perf_counter() - start
    (tmp_path / "timed.db").unlink()
    draw, whole = Random(EXAMPLES), 0
    for number in range(30):
        sign = signal.SIGKILL if number < 25 else signal.SIGTERM
        target = tmp_path / f"copy-{number}.db"
        stopped(large, target, draw.uniform(0, takes_s * 1.3), sign)
        whole += absent_or_whole(target)
        target.unlink(missing_ok=True)
    assert whole < 30, "no backup was ended early"
    backup.back_up(large, tmp_path / "last.db")
    assert absent_or_whole(tmp_path / "last.db") and left_over(tmp_path) == []


def left_over(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.startswith(".tui-chat-"))  # noqa: PTH208


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from tui_chat.storage import private_files
from tui_chat.storage.backup import back_up
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(*{"flush": (private_files, "_flush"), "publish": (private_files, "publish"), "link": (Path, "hardlink_to"),
          "unlink": (Path, "unlink"), "directory": (private_files, "flush_directory")}[sys.argv[3]], die)
back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("at", ["flush", "publish", "link", "unlink", "directory"])
async def test_a_backup_killed_at_each_step_of_its_end(open_store: Open, path: Path, tmp_path: Path, at: str) -> None:
    store = await open_store()
    for number in range(40):
        await store.create(conversation(f"c{number}", prompt("u1")))
    target = tmp_path / "copy.db"
    command = [sys.executable, "-c", KILLED_AT, str(path), str(target), at]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert absent_or_whole(target) == (at in ("unlink", "directory"))
    target.unlink(missing_ok=True)
    await store.backup(target)
    assert absent_or_whole(target) and left_over(tmp_path) == []


async def test_what_a_killed_program_left_in_the_data_folder_is_swept_at_the_next_start(
    open_store: Open, path: Path
) -> None:
    await (await open_store()).aclose()
    ours, journal = (
        path.parent / ".tui-chat-0123456789abcdef.tmp",
        path.parent / ".tui-chat-00000000000000aa.tmp-journal",
    )
    not_ours = [path.parent / name for name in (".tui-chat-0123.tmp", ".0123456789abcdef.tmp", "tui-chat.tmp")]
    for file in (ours, journal, *not_ours):
        file.touch(0o600)
    readable = path.parent / ".tui-chat-ffffffffffffffff.tmp"
    readable.touch(0o644)
    with private_files.temporary_file(path.parent) as written_now:
        await open_store()
        assert written_now.exists() and not ours.exists() and not journal.exists()
    assert all(file.exists() for file in (*not_ours, readable)) and not written_now.exists()


@pytest.mark.parametrize("error", [28, 27, 30])
async def test_a_backup_without_room_reports_it_and_names_the_copy(
    open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    store = await open_store()

    def fail(_: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError) as caught:
        await store.backup(tmp_path / "copy.db")
    assert caught.value.detail == {28: "disk_full", 27: "file_limit", 30: "no_copy"}[error]
    assert str(tmp_path / "copy.db") in caught.value.message and os.strerror(error) in caught.value.message
    assert not (tmp_path / "copy.db").exists() and left_over(tmp_path) == []


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from tests.storage.make import conversation, prompt
from tui_chat.core.error import StorageError
from tui_chat.storage.store import Store
async def write():
    store = await Store.open(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    try:
        for number in range(100):
            await store.create(conversation(f"c{number}", prompt("u1", text="word " * 2000)))
    except StorageError as error:
        print(error.detail, await store.count() == number)
    try:
        await store.backup(Path(sys.argv[2]))
    except StorageError as error:
        print(error.detail)
asyncio.run(write())
"""


async def test_a_limit_on_file_sizes_is_named_and_not_called_an_io_error(
    open_store: Open, path: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", LIMITED, str(path), str(tmp_path / "copy.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["file_limit", "True"], done.stderr
    store: Store = await open_store()
    assert (await store.check()).is_healthy and await store.count() > 3


WITHOUT_INDEX = """
import asyncio, resource, sys
from pathlib import Path
from tests.storage.make import conversation, prompt
from tui_chat.core.error import StorageError
from tui_chat.storage.store import Store

async def write():
    resource.setrlimit(resource.RLIMIT_FSIZE, (176 * 1024, resource.RLIM_INFINITY))
    store = await Store.open(Path(sys.argv[1]))
    try:
        await store.create(conversation("c1", prompt("u1")))
    except StorageError as error:
        print(error.detail)
asyncio.run(write())
"""


async def test_a_search_index_for_which_there_was_no_room_is_built_later(open_store: Open, path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_INDEX, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["file_limit"], done.stderr
    store = await open_store()
    await store.create(conversation("c1", prompt("u1")))
    assert len(await store.search("why")) == 1
