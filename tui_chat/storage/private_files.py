"""Private files: who may own them, who may read them, and no link followed. Knows no SQL."""

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tui_chat.core.error import StorageError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

DATABASE = "conversations.db"
"""What the file is called in the data folder."""
_FILLED_WITHIN_S = 10
"""An empty file this young may be one that another copy of the program is just making."""
_SIDE_FILES = ("-journal", "-wal", "-shm")
_LONGEST_PATH = 500
"""Bytes; SQLite opens no path much longer than this, whatever the file system allows."""
_TEMPORARY = re.compile(r"(\.tui-chat-[0-9a-f]{16}\.tmp)(-journal|-wal|-shm)?")
"""What files are called that are not finished: a name that no other program gives."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database lies, and which file that was when it was opened."""

    path: Path
    device: int
    inode: int
    is_new: bool = False
    was_empty: bool = False
    """It stood there without a single byte, which no database that was ever used does."""
    writable: bool = True

    def is_still_there(self) -> bool:
        """Whether the path still leads to the same file."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == (self.device, self.inode)


def prepare(path: Path) -> Place:
    """Make sure of a private directory and a private file in it, made with no moment in which others may read it."""
    path = path.expanduser().absolute()
    refuse_long(path)
    private_directory(path.parent)
    path = path.parent.resolve() / path.name
    for side in _SIDE_FILES:
        _refuse_unsafe(path.with_name(path.name + side))
    _refuse_unsafe(path)
    is_new = _create(path)
    found = path.stat(follow_symlinks=False)
    writable = is_new or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
    if writable and found.st_mode & 0o077 and found.st_uid == os.geteuid():
        path.chmod(found.st_mode & 0o700)
    was_empty = not is_new and found.st_size == 0 and time.time() - found.st_mtime > _FILLED_WITHIN_S
    return Place(path, found.st_dev, found.st_ino, is_new, was_empty, writable)


def private_directory(directory: Path) -> None:
    """Make the directory, and those above it, for its owner alone; refuse one that others may write to."""
    missing = []
    if directory.is_symlink() and not directory.exists():
        raise StorageError(f"{directory} is a symbolic link that leads nowhere", detail="unusable_path")
    at = directory
    while not at.exists() and at != at.parent:
        missing.append(at)
        at = at.parent
    for made in reversed(missing):
        try:
            made.mkdir(0o700)
        except FileExistsError:
            if not made.is_dir():
                raise
    found = directory.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{directory} is not a directory", detail="unsafe_path")
    _refuse_foreign(directory, found)
    if found.st_mode & 0o022:
        raise StorageError(f"others may write to the directory {directory}", detail="unsafe_path")


def refuse_long(path: Path) -> None:
    """Raise for a path that SQLite cannot open."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise StorageError(f"{path}: the path is longer than SQLite can open", detail="unusable_path")


def private_file(path: Path) -> None:
    """Make a new file that its owner alone may read; an existing one is an error."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def free_name(path: Path, word: str) -> Path:
    """A name beside `path` that nobody has: with the word, and a number where that is taken too."""
    candidate = path.with_name(f"{path.name}.{word}")
    number = 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}.{word}-{number}")
    return candidate


def replace_keeping(path: Path, successor: Path, word: str) -> Path:
    """Put another file in a file's place and keep the old one under a name of its own, which is returned.

    The old one's side files go first: SQLite would apply a journal that it finds to the successor.
    """
    kept = free_name(path, word)
    for side in _SIDE_FILES:
        beside = path.with_name(path.name + side)
        if os.path.lexists(beside):
            beside.rename(kept.with_name(kept.name + side))
    try:
        kept.hardlink_to(path)
    except OSError:
        path.rename(kept)
    replace(path, successor)
    return kept


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; the file gets its name only when it is whole and safely on the disk.

    Whenever the program ends, the target is absent or whole. An existing target is an error.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with unfinished(target.parent) as made:
        yield made
        publish(target, made)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Make a private temporary file in a folder; it is removed at the end unless it has been given another name.

    While the block runs the file is locked, which is how `sweep` knows that its writer is alive.
    """
    path, handle = _locked_file(folder)
    try:
        yield path
    finally:
        for side in ("", *_SIDE_FILES):
            path.with_name(path.name + side).unlink(missing_ok=True)
        os.close(handle)


def _locked_file(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f".tui-chat-{os.urandom(8).hex()}.tmp"
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if fcntl is None:
            return path, handle
        with suppress(OSError):  # a file system without locks: no sweep can lock the file either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():
            return path, handle
        os.close(handle)  # a sweep was faster than the lock


def sweep(folder: Path) -> None:
    """Remove unfinished files that a process left in the folder when it was killed.

    Only a private file of this user, with the name of a temporary file and without a lock on it, is removed.
    """
    try:
        names = [name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name)]  # noqa: PTH208
    except OSError:
        return
    for name in sorted(names):
        path = folder / name
        with suppress(OSError):
            found = path.lstat()
            private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077 and found.st_uid == os.geteuid()
            if private and _is_left_over(path):
                path.unlink()


def _is_left_over(path: Path) -> bool:
    """Whether no process writes the temporary file any longer; a journal goes with the file that it belongs to."""
    match = _TEMPORARY.fullmatch(path.name)
    if fcntl is None or match is None:
        return False
    if match[2]:
        return not os.path.lexists(path.with_name(match[1]))
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def publish(path: Path, made: Path) -> None:
    """Give a finished file its name once it is safely on the disk, unless there is a file of that name."""
    _flush(made)
    try:
        path.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        made.rename(path)
    else:
        made.unlink()
    flush_directory(path.parent)


def replace(path: Path, made: Path) -> None:
    """Give a finished file its name once it is safely on the disk, in place of a file of that name."""
    _flush(made)
    made.replace(path)
    flush_directory(path.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_directory(directory: Path) -> None:
    """Have the names in a directory safely on the disk, where the file system can."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Keep other processes out of the same block, where the system has such locks."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def suspicion(path: Path) -> Path:
    """The file whose presence says that the database was seen to be damaged."""
    return path.with_name(f"{path.name}.damaged")


def is_unclean(path: Path) -> bool:
    """Whether a transaction was cut off, by a crash or a loss of power."""
    journal = path.with_name(f"{path.name}-journal")
    return journal.exists() and journal.stat().st_size > 0


def _create(path: Path) -> bool:
    """Whether the file had to be made."""
    try:
        private_file(path)
    except FileExistsError:
        return False
    return True


def _refuse_unsafe(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise StorageError(f"{path} is a symbolic link", detail="unsafe_path")
    if stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{path} is a directory", detail="unsafe_path")
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{path} is not a file", detail="unsafe_path")
    _refuse_foreign(path, found)


def _refuse_foreign(path: Path, found: os.stat_result) -> None:
    """The owner must be this user, or root, who could do anything anyhow."""
    if found.st_uid not in (os.geteuid(), 0):
        raise StorageError(f"{path} belongs to another user", detail="unsafe_path")
