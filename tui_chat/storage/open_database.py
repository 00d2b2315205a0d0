"""How a database is opened: made, upgraded after a backup, replaced by what can be read of it. Knows no caller."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from tui_chat.core.error import StorageError
from tui_chat.storage import private_files, schema, schema_check
from tui_chat.storage.connection import Connection, connect, connect_copy, make_durable, writing
from tui_chat.storage.errors import READ_FAULTS, is_damage

_QUICKLY_CHECKED = 64_000_000
"""Bytes of a file that can be checked while somebody waits for the program to start."""


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def new_random_id() -> str:
    """An id that nothing else has."""
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What happened when the database was opened."""

    path: Path | None = None
    """`None` in memory."""
    created: bool = False
    found_empty: bool = False
    """The file was there without a byte in it, where a used one should have been."""
    read_only: bool = False
    """It may be read but not written to."""
    migrated_from: int | None = None
    backup: Path | None = None
    """The copy made before the upgrade."""
    damaged_moved_to: Path | None = None
    """Where the damaged file was put."""
    salvaged: int = 0
    """Conversations that could be read out of it."""
    damage: str = ""
    """What was wrong with it."""
    met_damaged_value: bool = False
    """A stored text or value was damaged and could only be read in part."""
    recreated: bool = False
    """The file vanished while it was in use, and was written anew with everything in it."""
    replaced_saved_to: Path | None = None
    """Another file took the place of the one in use; where all that one held was put."""
    interrupted: tuple[str, ...] = ()
    """Replies found streaming whose program had died, by id."""

    @property
    def is_remarkable(self) -> bool:
        """Whether there is anything that the user should know."""
        return self != OpenReport(self.path, self.created, interrupted=self.interrupted)


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """By what a file is opened."""

    migrations: Sequence[schema.Migration] = schema.MIGRATIONS
    clock: Callable[[], datetime] = now
    new_id: Callable[[], str] = new_random_id


@dataclass(slots=True)
class OpenedDatabase:
    """A connection that is ready, and how it came to be."""

    db: Connection
    place: private_files.Place | None
    opening: OpenReport


def open_in_memory(terms: OpenOptions) -> OpenedDatabase:
    """A database that nobody keeps."""
    db = connect(None)
    make_durable(db)
    schema.migrate(db, terms.migrations)
    return OpenedDatabase(db, None, OpenReport(created=True))


def open_file(path: Path, terms: OpenOptions) -> OpenedDatabase:
    """The database at that path, made, upgraded or rescued where needed."""
    place = private_files.prepare(path)
    if place.writable:
        private_files.sweep(place.path.parent)
    try:
        return _open(place, terms)
    except READ_FAULTS as error:
        if not is_damage(error) or not place.writable:
            raise
    with private_files.one_at_a_time(place.path.parent):
        # Whoever came first may have rescued it meanwhile.
        place = private_files.prepare(path)
        try:
            return _open(place, terms)
        except READ_FAULTS as error:
            if not is_damage(error):
                raise
            damage = str(error) or "its lengths make no sense"
        return rescue(place.path, terms, damage)


def rescue(path: Path, terms: OpenOptions, damage: str) -> OpenedDatabase:
    """Put a new database with all that can be read of a damaged one in its place; the damaged one is kept."""
    from tui_chat.storage.recovery import rescue

    with private_files.unfinished(path.parent) as made:
        with closing(connect_copy(made)) as db:
            schema.migrate(db, terms.migrations)
            rescued = partial(rescue.salvage, path, new_id=terms.new_id, now=terms.clock())
            salvaged = writing(db, rescued)
        kept = private_files.replace_keeping(path, made, f"corrupt-{stamp(terms)}")
    private_files.suspicion(path).unlink(missing_ok=True)
    opened = _open(private_files.prepare(path), terms)
    opened.opening = replace(opened.opening, damaged_moved_to=kept, salvaged=salvaged, damage=damage)
    return opened


def reattach(opened: OpenedDatabase, terms: OpenOptions) -> OpenedDatabase:
    """Go on after the file vanished or was replaced: nothing that it held is lost, and what took its place is used.

    SQLite still has the old file open, whatever its name leads to now. A file that vanished comes back with all its
    content; one that was replaced is kept beside the new one.
    """
    place = opened.place
    assert place is not None
    private_files.private_directory(place.path.parent)
    copy = private_files.free_name(place.path, f"replaced-{stamp(terms)}")
    copy_to(opened.db, copy)
    recreated = False
    if not place.path.exists():
        with suppress(FileExistsError):
            private_files.publish(place.path, copy)
            recreated = True
    again = open_file(place.path, terms)
    opened.db.close()
    kept = None if recreated else copy
    again.opening = replace(again.opening, recreated=recreated, replaced_saved_to=kept)
    return again


def _open(place: private_files.Place, terms: OpenOptions) -> OpenedDatabase:
    suspect = private_files.suspicion(place.path).exists()
    unclean = private_files.is_unclean(place.path)
    with ExitStack() as undo:
        db = connect(place.path, writable=place.writable)
        undo.callback(db.close)
        _refuse_foreign(db, terms)
        _refuse_damaged(db, place.path, thoroughly=suspect, unclean=unclean)
        opening = OpenReport(path=place.path, found_empty=place.was_empty, read_only=not place.writable)
        if place.writable:
            opening = _upgrade(db, opening, terms)
        elif schema.version_of(db) != len(terms.migrations):
            raise StorageError("the database must be upgraded and cannot be written to", detail="read_only")
        undo.pop_all()
    if suspect and place.writable:
        private_files.suspicion(place.path).unlink(missing_ok=True)
    return OpenedDatabase(db, place, opening)


def _refuse_foreign(db: sqlite3.Connection, terms: OpenOptions) -> None:
    """Raise for a file of another program or a later version, and for objects that this program did not make."""
    try:
        schema.refuse_foreign(db, terms.migrations)
    except StorageError as error:
        if error.detail == "unsafe_path" and schema_check.is_newest(db):
            raise StorageError("the header of the database is damaged", detail="damaged") from error
        raise
    schema_check.refuse_foreign_objects(db, terms.migrations[: schema.version_of(db)])


def _refuse_damaged(db: sqlite3.Connection, path: Path, *, thoroughly: bool, unclean: bool) -> None:
    """Look where damage shows at once; look everywhere when there is reason to and it does not take long."""
    (pages,), (page_bytes,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
    size = path.stat().st_size
    if size < pages * page_bytes:
        raise StorageError("the database was cut off", detail="damaged")
    if schema.version_of(db) > 0:
        for table in schema.CORE_TABLES:
            try:
                db.execute(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1").fetchone()
            except sqlite3.OperationalError as error:
                raise StorageError(f"a part of the database is missing: {error}", detail="damaged") from error
    if thoroughly or (unclean and size <= _QUICKLY_CHECKED):
        (said,) = db.execute(f"PRAGMA {'integrity_check' if thoroughly else 'quick_check'}(1)").fetchone()
        if said != "ok":
            raise StorageError(f"the database is damaged: {said}", detail="damaged")


def _upgrade(db: sqlite3.Connection, opening: OpenReport, terms: OpenOptions) -> OpenReport:
    found = schema.version_of(db)
    if 0 < found < len(terms.migrations) and opening.path is not None:
        backup = private_files.free_name(opening.path, f"backup-v{found}-{stamp(terms)}")
        copy_to(db, backup)
        opening = replace(opening, migrated_from=found, backup=backup)
    if found < len(terms.migrations):
        found = schema.migrate(db, terms.migrations)
    make_durable(db)
    return replace(opening, created=found == 0, found_empty=opening.found_empty and found == 0)


def stamp(terms: OpenOptions) -> str:
    """The moment as it stands in a file's name."""
    return terms.clock().astimezone().strftime("%Y%m%d-%H%M%S")


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """A whole copy as of one moment, in a new private file; no half copy is left behind."""
    with private_files.new_file(target) as made, closing(connect_copy(made)) as copy:
        db.backup(copy)
