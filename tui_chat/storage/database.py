"""The open database: transactions, recovery from damage, and a file that vanishes or is replaced. Knows no caller."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui_chat.core.error import StorageError
from tui_chat.storage import conversation_writes, live_replies, private_files, search_index
from tui_chat.storage.connection import Connection, read_transaction, write_transaction
from tui_chat.storage.errors import errors_translated
from tui_chat.storage.open_database import (
    OpenOptions,
    OpenReport,
    copy_to,
    open_file,
    open_in_memory,
    reopen,
    replace_damaged,
    timestamp,
)
from tui_chat.storage.process_owner import CurrentProcess, Owner

if TYPE_CHECKING:
    from tui_chat.storage.maintenance import RepairReport

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_READABLE_ERRORS = ("disk_full", "file_limit", "locked", "read_only")
"""Errors after which past conversations can still be read."""


class Database:
    """One file, or a database in memory. Every method runs on the database thread."""

    def __init__(self, path: Path | None, options: OpenOptions, owner: Owner) -> None:
        self._options = options
        self._owner = owner
        self._writes = 0
        with errors_translated():
            self._opened = open_in_memory(options) if path is None else open_file(path, options)
        try:
            self._update_after_opening()
        except StorageError as error:
            if error.detail != "damaged" or self.opening.path is None:
                raise
            self._replace_damaged(self.opening.path, error.message)

    @property
    def opening(self) -> OpenReport:
        """What happened when the file was last opened, and whether damaged values were read since."""
        opening = self._opened.opening
        has_damaged_value = self._db.met_damaged_value
        return (
            opening
            if has_damaged_value == opening.met_damaged_value
            else replace(opening, met_damaged_value=has_damaged_value)
        )

    @property
    def change_token(self) -> tuple[int, int]:
        """A value that differs after every write, by this or another process."""
        with errors_translated():
            self._reopen_if_replaced()
            return int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._writes

    @property
    def process(self) -> CurrentProcess:
        return CurrentProcess(self._owner, self._options.clock())

    @property
    def _db(self) -> Connection:
        return self._opened.db

    def close(self) -> None:
        """Close the file; one that vanished while it was open is written again first."""
        with suppress(StorageError), errors_translated():
            self._reopen_if_replaced(for_writing=True)
        self._db.close()

    def read(self, job: Job[T]) -> T:
        """Run a job on one snapshot of the database."""
        return self._run(read_transaction, job)

    def write(self, job: Job[T]) -> T:
        """Run a job in one transaction."""
        if self.opening.read_only:
            raise StorageError("the database cannot be written to", detail="read_only")
        result = self._run(write_transaction, job)
        self._writes += 1
        return result

    def _run(self, mode: Callable[[sqlite3.Connection, Job[T]], T], job: Job[T]) -> T:
        try:
            with errors_translated():
                self._reopen_if_replaced(for_writing=mode is write_transaction)
                return self._run_rebuilding_index(mode, job)
        except StorageError as error:
            if error.detail == "damaged":
                self._mark_damaged()
            raise
        except (TypeError, LookupError, AttributeError) as error:
            # A missing or odd row looks like a bug; it is one unless the file is damaged.
            if self._is_healthy():
                raise
            self._mark_damaged()
            raise StorageError("the database is damaged: its parts do not fit together", detail="damaged") from error

    def _is_healthy(self) -> bool:
        from tui_chat.storage import maintenance

        with errors_translated():
            return read_transaction(self._db, maintenance.check).is_healthy

    def _run_rebuilding_index(self, mode: Callable[[sqlite3.Connection, Job[T]], T], job: Job[T]) -> T:
        """Run the job; if only the search index is broken, rebuild it and run the job again."""
        try:
            return mode(self._db, job)
        except sqlite3.DatabaseError as error:
            is_broken = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT_VTAB
            # The index is missing if the disk was full when it was built.
            is_missing = str(error) == "no such table: search"
            if self.opening.read_only or not (is_broken or is_missing):
                raise
        except MemoryError:  # a length in a broken index may be any number
            if self.opening.read_only:
                raise
        write_transaction(self._db, search_index.rebuild)
        return mode(self._db, job)

    def _reopen_if_replaced(self, *, for_writing: bool = False) -> None:
        """Continue with the file that is at the path now; a missing file only matters when writing."""
        file = self._opened.file
        if file is None or file.is_same_file() or not (for_writing or file.path.exists()):
            return
        self._opened = reopen(self._opened, self._options)
        self._writes += 1
        self._update_after_opening()

    def _update_after_opening(self) -> None:
        """End the replies whose program died, and complete the search index."""
        if self.opening.read_only:
            return
        try:
            if not self.read(search_index.is_complete):
                self._run(write_transaction, search_index.build_if_missing)
            if not all(reply.is_alive for reply in self.read(partial(live_replies.live_turns, process=self.process))):
                ended = self._run(write_transaction, partial(conversation_writes.end_dead, process=self.process))
                self._opened.opening = replace(self.opening, interrupted=tuple(ended))
        except StorageError as error:
            if error.detail not in _READABLE_ERRORS:
                raise

    def _mark_damaged(self) -> None:
        """Have the whole file checked when it is next opened."""
        if self._opened.file is not None:
            with suppress(OSError):
                private_files.create_private_file(private_files.damage_marker(self._opened.file.path))

    def copy(self, target: Path) -> None:
        """Copy a database that is only in memory to a file."""
        with errors_translated():
            copy_to(self._db, target)

    def repair(self) -> "RepairReport":
        """Repair inconsistencies after a backup; replace a damaged file by its readable rows."""
        from tui_chat.storage import maintenance

        if self.opening.read_only:
            raise StorageError("the database cannot be written to", detail="read_only")
        report = self.read(maintenance.check)
        if report.is_healthy:
            return maintenance.RepairReport(report, None)
        path = self.opening.path
        if report.damage and path is not None:
            self._replace_damaged(path, report.damage[0])
            return maintenance.RepairReport(
                report, None, self.opening.damaged_moved_to, self.opening.recovered_conversations
            )
        backup = None
        if path is not None:
            backup = private_files.unused_name(path, f"backup-repair-{timestamp(self._options)}")
            self.copy(backup)
        self.write(maintenance.repair)
        self.write(search_index.rebuild)
        self._update_after_opening()
        return maintenance.RepairReport(report, backup)

    def _replace_damaged(self, path: Path, damage: str) -> None:
        with errors_translated():
            self.close()
            with private_files.directory_lock(path.parent):
                self._opened = replace_damaged(path, self._options, damage)
        self._update_after_opening()
