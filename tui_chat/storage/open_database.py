"""Open the database: create it, upgrade it after a backup, or replace a damaged one. Knows no caller."""

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
from tui_chat.storage.connection import Connection, connect, connect_copy, make_durable, write_transaction
from tui_chat.storage.errors import READ_ERRORS, is_damage

_MAX_QUICK_CHECK_BYTES = 64_000_000
"""The largest file that can be checked without delaying the start of the program."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_random_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What happened when the database was opened."""

    path: Path | None = None
    """`None` in memory."""
    created: bool = False
    found_empty: bool = False
    """The file existed without a byte in it, where a used one should have been."""
    read_only: bool = False
    """The file cannot be written to."""
    migrated_from: int | None = None
    backup: Path | None = None
    """The copy made before the upgrade."""
    damaged_moved_to: Path | None = None
    recovered_conversations: int = 0
    """How many conversations could be read from the damaged file."""
    damage: str = ""
    met_damaged_value: bool = False
    """A stored value was damaged and could only be read in part."""
    recreated: bool = False
    """The file vanished while it was in use, and was written again with all its content."""
    replaced_saved_to: Path | None = None
    """Where the content of the file in use was saved after another file took its place."""
    interrupted: tuple[str, ...] = ()
    """Ids of replies that were streaming when their program died."""


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """Migrations, clock and id maker."""

    migrations: Sequence[schema.Migration] = schema.MIGRATIONS
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_random_id


@dataclass(slots=True)
class OpenedDatabase:
    """A connection that is ready, and what happened when it was opened."""

    db: Connection
    file: private_files.DatabaseFile | None
    opening: OpenReport


def open_in_memory(options: OpenOptions) -> OpenedDatabase:
    db = connect(None)
    make_durable(db)
    schema.migrate(db, options.migrations)
    return OpenedDatabase(db, None, OpenReport(created=True))


def open_file(path: Path, options: OpenOptions) -> OpenedDatabase:
    """Open the database at that path; create, upgrade or recover it where needed."""
    file = private_files.prepare(path)
    if file.writable:
        private_files.remove_leftovers(file.path.parent)
    try:
        return _open(file, options)
    except READ_ERRORS as error:
        if not is_damage(error) or not file.writable:
            raise
    with private_files.directory_lock(file.path.parent):
        # Another process may have recovered it meanwhile.
        file = private_files.prepare(path)
        try:
            return _open(file, options)
        except READ_ERRORS as error:
            if not is_damage(error):
                raise
            damage = str(error) or "its lengths make no sense"
        return replace_damaged(file.path, options, damage)


def replace_damaged(path: Path, options: OpenOptions, damage: str) -> OpenedDatabase:
    """Replace a damaged database by a new one with its readable rows, and keep the damaged file."""
    from tui_chat.storage.recovery import recover_rows

    with private_files.temporary_file(path.parent) as temporary:
        with closing(connect_copy(temporary)) as db:
            schema.migrate(db, options.migrations)
            recover = partial(recover_rows.recover_rows, path, new_id=options.new_id, now=options.clock())
            recovered_conversations = write_transaction(db, recover)
        kept_path = private_files.replace_keeping(path, temporary, f"corrupt-{timestamp(options)}")
    private_files.damage_marker(path).unlink(missing_ok=True)
    opened = _open(private_files.prepare(path), options)
    opened.opening = replace(
        opened.opening, damaged_moved_to=kept_path, recovered_conversations=recovered_conversations, damage=damage
    )
    return opened


def reopen(opened: OpenedDatabase, options: OpenOptions) -> OpenedDatabase:
    """Continue after the file vanished or was replaced; nothing that it held is lost.

    SQLite still has the old file open, whatever its name leads to now. A file that vanished is written again with all
    its content; one that was replaced is saved next to the new one.
    """
    file = opened.file
    assert file is not None
    private_files.make_private_directory(file.path.parent)
    copy = private_files.unused_name(file.path, f"replaced-{timestamp(options)}")
    copy_to(opened.db, copy)
    recreated = False
    if not file.path.exists():
        with suppress(FileExistsError):
            private_files.publish(file.path, copy)
            recreated = True
    reopened = open_file(file.path, options)
    opened.db.close()
    kept_path = None if recreated else copy
    reopened.opening = replace(reopened.opening, recreated=recreated, replaced_saved_to=kept_path)
    return reopened


def _open(file: private_files.DatabaseFile, options: OpenOptions) -> OpenedDatabase:
    is_marked_damaged = private_files.damage_marker(file.path).exists()
    has_unfinished_journal = private_files.has_unfinished_journal(file.path)
    with ExitStack() as undo:
        db = connect(file.path, writable=file.writable)
        undo.callback(db.close)
        _refuse_foreign(db, options)
        _refuse_damaged(db, file.path, thorough=is_marked_damaged, has_unfinished_journal=has_unfinished_journal)
        opening = OpenReport(path=file.path, found_empty=file.was_empty, read_only=not file.writable)
        if file.writable:
            opening = _upgrade(db, opening, options)
        elif schema.version_of(db) != len(options.migrations):
            raise StorageError("the database must be upgraded and cannot be written to", detail="read_only")
        undo.pop_all()
    if is_marked_damaged and file.writable:
        private_files.damage_marker(file.path).unlink(missing_ok=True)
    return OpenedDatabase(db, file, opening)


def _refuse_foreign(db: sqlite3.Connection, options: OpenOptions) -> None:
    """Raise for a file of another program or a later version, and for objects that this program did not make."""
    try:
        schema.refuse_foreign(db, options.migrations)
    except StorageError as error:
        if error.detail == "unsafe_path" and schema_check.is_newest(db):
            raise StorageError("the header of the database is damaged", detail="damaged") from error
        raise
    schema_check.refuse_foreign_objects(db, options.migrations[: schema.version_of(db)])


def _refuse_damaged(db: sqlite3.Connection, path: Path, *, thorough: bool, has_unfinished_journal: bool) -> None:
    """Check what is quick to check; check everything if there is reason to and it does not take long."""
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
    if thorough or (has_unfinished_journal and size <= _MAX_QUICK_CHECK_BYTES):
        (result,) = db.execute(f"PRAGMA {'integrity_check' if thorough else 'quick_check'}(1)").fetchone()
        if result != "ok":
            raise StorageError(f"the database is damaged: {result}", detail="damaged")


def _upgrade(db: sqlite3.Connection, opening: OpenReport, options: OpenOptions) -> OpenReport:
    version = schema.version_of(db)
    if 0 < version < len(options.migrations) and opening.path is not None:
        backup = private_files.unused_name(opening.path, f"backup-v{version}-{timestamp(options)}")
        copy_to(db, backup)
        opening = replace(opening, migrated_from=version, backup=backup)
    if version < len(options.migrations):
        version = schema.migrate(db, options.migrations)
    make_durable(db)
    return replace(opening, created=version == 0, found_empty=opening.found_empty and version == 0)


def timestamp(options: OpenOptions) -> str:
    """Return the current time as used in file names."""
    return options.clock().astimezone().strftime("%Y%m%d-%H%M%S")


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """Copy a snapshot of the database to a new private file; leave no partial file behind."""
    with private_files.new_file(target) as temporary, closing(connect_copy(temporary)) as copy:
        db.backup(copy)
