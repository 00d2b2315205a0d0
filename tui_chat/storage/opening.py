"""How a database is opened: made, upgraded after a backup, and cleared of replies that died. Knows no caller."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tui_chat.storage import files, schema
from tui_chat.storage.connection import connect, make_durable


@dataclass(frozen=True, slots=True)
class Opening:
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
    interrupted: tuple[str, ...] = ()
    """Replies found streaming whose program had died, by id."""


@dataclass(slots=True)
class Opened:
    """A connection that is ready, and how it came to be."""

    db: sqlite3.Connection
    place: files.Place | None
    opening: Opening


def open_in_memory(migrations: Sequence[schema.Migration]) -> Opened:
    """A database that nobody keeps."""
    db = connect(None)
    make_durable(db)
    schema.migrate(db, migrations)
    return Opened(db, None, Opening(created=True))


def open_file(path: Path, migrations: Sequence[schema.Migration], now: datetime) -> Opened:
    """The database at that path, made or upgraded where needed."""
    place = files.prepare(path)
    with ExitStack() as undo:
        db = connect(place.path, writable=place.writable)
        undo.callback(db.close)
        schema.refuse_foreign(db, migrations)
        opening = Opening(path=place.path, found_empty=place.was_empty, read_only=not place.writable)
        if place.writable:
            opening = _upgrade(db, opening, migrations, now)
        undo.pop_all()
    return Opened(db, place, opening)


def _upgrade(
    db: sqlite3.Connection, opening: Opening, migrations: Sequence[schema.Migration], now: datetime
) -> Opening:
    found = schema.version_of(db)
    if 0 < found < len(migrations) and opening.path is not None:
        backup = files.free_name(opening.path, f"backup-v{found}-{stamp(now)}")
        copy_to(db, backup)
        opening = replace(opening, migrated_from=found, backup=backup)
    if found < len(migrations):
        schema.migrate(db, migrations)
    make_durable(db)
    return replace(opening, created=found == 0)


def stamp(now: datetime) -> str:
    """A moment as it stands in a file's name."""
    return now.astimezone().strftime("%Y%m%d-%H%M%S")


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """A whole copy as of one moment, in a new private file; no half copy is left behind."""
    files.private_file(target)
    done = False
    try:
        copy = connect(target)
        try:
            db.backup(copy)
        finally:
            copy.close()
        done = True
    finally:
        if not done:
            target.unlink(missing_ok=True)
