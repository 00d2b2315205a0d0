"""The open database on its thread: transactions, and what becomes of its file meanwhile. Knows no caller."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui_chat.core.error import StorageError
from tui_chat.storage import conversation_writes, live_replies, private_files, search_index
from tui_chat.storage.connection import Connection, reading, writing
from tui_chat.storage.errors import faults_translated
from tui_chat.storage.open_database import (
    OpenOptions,
    OpenReport,
    copy_to,
    open_file,
    open_in_memory,
    reattach,
    rescue,
    stamp,
)
from tui_chat.storage.process_owner import CurrentProcess, Owner

if TYPE_CHECKING:
    from tui_chat.storage.maintenance import RepairReport

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_MEANWHILE = ("disk_full", "file_limit", "locked", "read_only")
"""Troubles in which past conversations can still be read."""


class Database:
    """One file, or none for a database in memory. Every method runs on the one thread."""

    def __init__(self, path: Path | None, terms: OpenOptions, owner: Owner) -> None:
        self._terms = terms
        self._owner = owner
        self._writes = 0
        with faults_translated():
            self._opened = open_in_memory(terms) if path is None else open_file(path, terms)
        try:
            self._tidy()
        except StorageError as error:
            if error.detail != "damaged" or self.opening.path is None:
                raise
            self._rescue(self.opening.path, error.message)

    @property
    def opening(self) -> OpenReport:
        """What happened when the file was opened last, and whether damaged values were met since."""
        opening = self._opened.opening
        met = self._db.met_damaged_value
        return opening if met == opening.met_damaged_value else replace(opening, met_damaged_value=met)

    @property
    def token(self) -> tuple[int, int]:
        """Another one after anybody wrote."""
        with faults_translated():
            self._follow_file()
            return int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._writes

    @property
    def process(self) -> CurrentProcess:
        """This process, now."""
        return CurrentProcess(self._owner, self._terms.clock())

    @property
    def _db(self) -> Connection:
        return self._opened.db

    def close(self) -> None:
        """Let go of the file; one that vanished while it was open is written anew first."""
        with suppress(StorageError), faults_translated():
            self._follow_file(needed=True)
        self._db.close()

    def read(self, job: Job[T]) -> T:
        """Run a job that sees one moment of the database and changes nothing."""
        return self._run(reading, job)

    def write(self, job: Job[T]) -> T:
        """Run a job of which all happens, or nothing."""
        if self.opening.read_only:
            raise StorageError("the database cannot be written to", detail="read_only")
        result = self._run(writing, job)
        self._writes += 1
        return result

    def _run(self, mode: Callable[[sqlite3.Connection, Job[T]], T], job: Job[T]) -> T:
        try:
            with faults_translated():
                self._follow_file(needed=mode is writing)
                return self._with_sound_index(mode, job)
        except StorageError as error:
            if error.detail == "damaged":
                self._suspect()
            raise
        except (TypeError, LookupError, AttributeError) as error:
            # A missing or odd row looks like a fault of this program; it is one unless the file is damaged.
            if self._is_healthy():
                raise
            self._suspect()
            raise StorageError("the database is damaged: its parts do not fit together", detail="damaged") from error

    def _is_healthy(self) -> bool:
        from tui_chat.storage import maintenance

        with faults_translated():
            return reading(self._db, maintenance.check).is_healthy

    def _with_sound_index(self, mode: Callable[[sqlite3.Connection, Job[T]], T], job: Job[T]) -> T:
        """Run it; where only the search index is broken, build that anew and run it again."""
        try:
            return mode(self._db, job)
        except sqlite3.DatabaseError as error:
            is_broken = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT_VTAB
            # It is missing where there was no room to build it.
            is_missing = str(error) == "no such table: search"
            if self.opening.read_only or not (is_broken or is_missing):
                raise
        except MemoryError:  # what stands for a length in a broken index may be any number
            if self.opening.read_only:
                raise
        writing(self._db, search_index.rebuild)
        return mode(self._db, job)

    def _follow_file(self, *, needed: bool = False) -> None:
        """Go on with whatever the path leads to now; a file that is gone is only missed when it is written to."""
        place = self._opened.place
        if place is None or place.is_still_there() or not (needed or place.path.exists()):
            return
        self._opened = reattach(self._opened, self._terms)
        self._writes += 1
        self._tidy()

    def _tidy(self) -> None:
        """What every opening begins with: end the replies whose program died, and complete the search index."""
        if self.opening.read_only:
            return
        try:
            if not self.read(search_index.is_whole):
                self._run(writing, search_index.ensure)
            if not all(one.is_alive for one in self.read(partial(live_replies.live_turns, process=self.process))):
                ended = self._run(writing, partial(conversation_writes.end_dead, process=self.process))
                self._opened.opening = replace(self.opening, interrupted=tuple(ended))
        except StorageError as error:
            if error.detail not in _MEANWHILE:
                raise

    def _suspect(self) -> None:
        """Have the whole file looked at when it is opened next."""
        if self._opened.place is not None:
            with suppress(OSError):
                private_files.private_file(private_files.suspicion(self._opened.place.path))

    def copy(self, target: Path) -> None:
        """A whole copy of a database that is only in memory."""
        with faults_translated():
            copy_to(self._db, target)

    def repair(self) -> "RepairReport":
        """Put right what does not fit together, after a backup; replace a damaged file by what can be read of it."""
        from tui_chat.storage import maintenance

        if self.opening.read_only:
            raise StorageError("the database cannot be written to", detail="read_only")
        found = self.read(maintenance.check)
        if found.is_healthy:
            return maintenance.RepairReport(found, None)
        path = self.opening.path
        if found.damage and path is not None:
            self._rescue(path, found.damage[0])
            return maintenance.RepairReport(found, None, self.opening.damaged_moved_to, self.opening.salvaged)
        backup = None
        if path is not None:
            backup = private_files.free_name(path, f"backup-repair-{stamp(self._terms)}")
            self.copy(backup)
        self.write(maintenance.mend)
        self.write(search_index.rebuild)
        self._tidy()
        return maintenance.RepairReport(found, backup)

    def _rescue(self, path: Path, damage: str) -> None:
        with faults_translated():
            self.close()
            with private_files.one_at_a_time(path.parent):
                self._opened = rescue(path, self._terms, damage)
        self._tidy()
