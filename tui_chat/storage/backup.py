"""A consistent copy of a database while others go on writing to it. Knows no table."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tui_chat.core.error import StorageError
from tui_chat.storage import private_files
from tui_chat.storage.connection import connect, connect_copy
from tui_chat.storage.errors import faults_translated

_PAGES = 2_000
_PAUSE_S = 0.01
_MOST_BEGINNINGS = 3
_OF_THE_DISK = ("disk_full", "file_limit")
_OF_THE_FOLDER = ("read_only", "unusable_path", "other")


class _BegunAgain(Exception):
    """Somebody wrote in between, so that the copy had to begin anew once too often."""


class _Beginnings:
    """Counts how often a copy began; it does again whenever another connection has written."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._count = 0

    def __call__(self, _status: int, left: int, _total: int) -> None:
        if self._left is not None and left >= self._left:
            self._count += 1
        if self._count > _MOST_BEGINNINGS:
            raise _BegunAgain
        self._left = left


def back_up(source: Path, target: Path) -> None:
    """Copy piece by piece, so that nobody waits long; where that never ends because of others, in one go."""
    with _copy_faults(target), faults_translated():
        private_files.sweep(target.parent)
        with (
            private_files.new_file(target) as made,
            closing(connect(source, writable=False)) as db,
            closing(connect_copy(made)) as copy,
        ):
            try:
                db.backup(copy, pages=_PAGES, progress=_Beginnings(), sleep=_PAUSE_S)
            except _BegunAgain:
                db.backup(copy)


@contextmanager
def _copy_faults(target: Path) -> Iterator[None]:
    """Name the copy in an error that is about writing it; conversations are saved all the same."""
    try:
        yield
    except StorageError as error:
        if error.detail not in (*_OF_THE_DISK, *_OF_THE_FOLDER):
            raise
        why = error.message if str(target) in error.message else f"{target}: {error.message}"
        raise StorageError(why, detail="no_copy" if error.detail in _OF_THE_FOLDER else error.detail) from error
