"""A consistent copy of a database while other processes write to it. Knows no table."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tui_chat.core.error import StorageError
from tui_chat.storage import private_files
from tui_chat.storage.connection import connect, connect_copy
from tui_chat.storage.errors import errors_translated

_PAGES_PER_STEP = 2_000
_PAUSE_S = 0.01
_MAX_RESTARTS = 3
_DISK_ERRORS = ("disk_full", "file_limit")
_FOLDER_ERRORS = ("read_only", "unusable_path", "other")


class _TooManyRestarts(Exception):
    """Raised when other connections wrote so often that the copy restarted too many times."""


class _RestartLimit:
    """Counts how often the copy restarts, which SQLite does whenever another connection has written."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._restarts = 0

    def __call__(self, _status: int, left: int, _total: int) -> None:
        if self._left is not None and left >= self._left:
            self._restarts += 1
        if self._restarts > _MAX_RESTARTS:
            raise _TooManyRestarts
        self._left = left


def back_up(source: Path, target: Path) -> None:
    """Copy in small steps, so that writers wait briefly; after too many restarts copy in one step."""
    with _copy_errors(target), errors_translated():
        private_files.remove_leftovers(target.parent)
        with (
            private_files.new_file(target) as temporary,
            closing(connect(source, writable=False)) as db,
            closing(connect_copy(temporary)) as copy,
        ):
            try:
                db.backup(copy, pages=_PAGES_PER_STEP, progress=_RestartLimit(), sleep=_PAUSE_S)
            except _TooManyRestarts:
                db.backup(copy)


@contextmanager
def _copy_errors(target: Path) -> Iterator[None]:
    """Name the copy in errors about writing it, as conversations are still saved."""
    try:
        yield
    except StorageError as error:
        if error.detail not in (*_DISK_ERRORS, *_FOLDER_ERRORS):
            raise
        message = error.message if str(target) in error.message else f"{target}: {error.message}"
        raise StorageError(message, detail="no_copy" if error.detail in _FOLDER_ERRORS else error.detail) from error
