"""Create, check, lock and replace files that only this user may read; follow no links. Knows no SQL."""

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
"""The file name in the data folder."""
_NEW_FILE_GRACE_S = 10
"""An empty file this young may be one that another copy of the program is just creating."""
_SIDE_FILES = ("-journal", "-wal", "-shm")
_MAX_PATH_BYTES = 500
"""SQLite opens no path much longer than this, whatever the file system allows."""
_TEMPORARY_NAME = re.compile(r"(\.tui-chat-[0-9a-f]{16}\.tmp)(-journal|-wal|-shm)?")
"""Names of unfinished files, which no other program uses."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """The path of a database, and the identity of the file when it was opened."""

    path: Path
    device: int
    inode: int
    is_new: bool = False
    was_empty: bool = False
    """The file existed without a single byte, which no used database does."""
    writable: bool = True

    def is_same_file(self) -> bool:
        """Return whether the path still leads to the same file."""
        try:
            status = self.path.lstat()
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == (self.device, self.inode)


def prepare(path: Path) -> DatabaseFile:
    """Create the private folder and the private file if needed; others cannot read it at any moment."""
    path = path.expanduser().absolute()
    check_path_length(path)
    make_private_directory(path.parent)
    path = path.parent.resolve() / path.name
    for side in _SIDE_FILES:
        _check_regular_file(path.with_name(path.name + side))
    _check_regular_file(path)
    is_new = _create_if_missing(path)
    status = path.stat(follow_symlinks=False)
    writable = is_new or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
    if writable and status.st_mode & 0o077 and status.st_uid == os.geteuid():
        path.chmod(status.st_mode & 0o700)
    was_empty = not is_new and status.st_size == 0 and time.time() - status.st_mtime > _NEW_FILE_GRACE_S
    return DatabaseFile(path, status.st_dev, status.st_ino, is_new, was_empty, writable)


def make_private_directory(directory: Path) -> None:
    """Create the directory and its parents for this user alone; refuse one that others may write to."""
    missing = []
    if directory.is_symlink() and not directory.exists():
        raise StorageError(f"{directory} is a symbolic link that leads nowhere", detail="unusable_path")
    ancestor = directory
    while not ancestor.exists() and ancestor != ancestor.parent:
        missing.append(ancestor)
        ancestor = ancestor.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(0o700)
        except FileExistsError:
            if not folder.is_dir():
                raise
    status = directory.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise StorageError(f"{directory} is not a directory", detail="unsafe_path")
    _check_owner(directory, status)
    if status.st_mode & 0o022:
        raise StorageError(f"others may write to the directory {directory}", detail="unsafe_path")


def check_path_length(path: Path) -> None:
    """Raise for a path that SQLite cannot open."""
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        raise StorageError(f"{path}: the path is longer than SQLite can open", detail="unusable_path")


def create_private_file(path: Path) -> None:
    """Create a file that only this user may read; an existing one is an error."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def unused_name(path: Path, label: str) -> Path:
    """Return an unused path next to `path`, with the label and a number if needed."""
    candidate = path.with_name(f"{path.name}.{label}")
    number = 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}.{label}-{number}")
    return candidate


def replace_keeping(path: Path, successor: Path, label: str) -> Path:
    """Replace a file by its successor and keep the old one under an unused name, which is returned.

    The old one's side files are moved first: SQLite would apply a journal that it finds to the successor.
    """
    kept_path = unused_name(path, label)
    for side in _SIDE_FILES:
        side_file = path.with_name(path.name + side)
        if os.path.lexists(side_file):
            side_file.rename(kept_path.with_name(kept_path.name + side))
    try:
        kept_path.hardlink_to(path)
    except OSError:
        path.rename(kept_path)
    replace(path, successor)
    return kept_path


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; the file gets its name only when it is complete and synced.

    Whenever the program ends, the target is absent or complete. An existing target is an error.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with temporary_file(target.parent) as temporary:
        yield temporary
        publish(target, temporary)


@contextmanager
def temporary_file(folder: Path) -> Iterator[Path]:
    """Create a private temporary file in a folder; it is removed at the end unless it was renamed.

    While the block runs the file is locked, so that `remove_leftovers` knows that its writer is alive.
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
        with suppress(OSError):  # a file system without locks: remove_leftovers cannot lock the file either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():
            return path, handle
        os.close(handle)  # remove_leftovers was faster than the lock


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left in the folder.

    Only a private file of this user, with the name of a temporary file and without a lock on it, is removed.
    """
    try:
        names = [name for name in os.listdir(folder) if _TEMPORARY_NAME.fullmatch(name)]  # noqa: PTH208
    except OSError:
        return
    for name in sorted(names):
        path = folder / name
        with suppress(OSError):
            status = path.lstat()
            private = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077 and status.st_uid == os.geteuid()
            if private and _has_no_writer(path):
                path.unlink()


def _has_no_writer(path: Path) -> bool:
    """Return whether no process writes the temporary file any longer; a journal follows its database."""
    match = _TEMPORARY_NAME.fullmatch(path.name)
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


def publish(path: Path, temporary: Path) -> None:
    """Sync a finished file and give it its name, unless there is a file of that name."""
    _flush(temporary)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        temporary.rename(path)
    else:
        temporary.unlink()
    flush_directory(path.parent)


def replace(path: Path, temporary: Path) -> None:
    """Sync a finished file and give it its name, replacing a file of that name."""
    _flush(temporary)
    temporary.replace(path)
    flush_directory(path.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_directory(directory: Path) -> None:
    """Sync the names in a directory, where the file system can."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Keep other processes out of the same block, where the system has such locks."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def damage_marker(path: Path) -> Path:
    """Return the path of the file that marks the database as damaged."""
    return path.with_name(f"{path.name}.damaged")


def has_unfinished_journal(path: Path) -> bool:
    """Return whether a transaction was cut off, by a crash or a loss of power."""
    journal = path.with_name(f"{path.name}-journal")
    return journal.exists() and journal.stat().st_size > 0


def _create_if_missing(path: Path) -> bool:
    """Return whether the file was created."""
    try:
        create_private_file(path)
    except FileExistsError:
        return False
    return True


def _check_regular_file(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise StorageError(f"{path} is a symbolic link", detail="unsafe_path")
    if stat.S_ISDIR(status.st_mode):
        raise StorageError(f"{path} is a directory", detail="unsafe_path")
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{path} is not a file", detail="unsafe_path")
    _check_owner(path, status)


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Raise unless this user or root, who could do anything anyhow, is the owner."""
    if status.st_uid not in (os.geteuid(), 0):
        raise StorageError(f"{path} belongs to another user", detail="unsafe_path")
