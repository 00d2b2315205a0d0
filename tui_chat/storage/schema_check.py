"""Compare the tables, indexes and triggers of a file with those that the migrations make. Reads no row."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from tui_chat.core.error import StorageError
from tui_chat.storage import search_index
from tui_chat.storage.schema import NEWEST, Migration

_SELECT = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
_INTERNAL = {f"search_{part}" for part in search_index.PARTS}
_COMMENT = re.compile(r"--[^\n]*")

Objects = dict[str, tuple[str, str, str]]
"""By name: the type, the table, and the statement that makes it, without comments and layout."""


def refuse_foreign_objects(db: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Raise `damaged` where the file is not what these migrations make.

    A trigger could destroy saved data, a view could pose as a table, an index could refuse rows. Views and tables
    under other names are ignored: no statement of this program reads them.
    """
    rows = db.execute(_SELECT).fetchall()
    if _is_newest(rows):
        return
    found, expected = _objects(rows), _expected(migrations)
    for name, definition in expected.items():
        if name not in found:
            raise StorageError(f"{_described(definition[0], name)} is missing", detail="damaged")
        if found[name] != definition:
            raise StorageError(f"{_described(found[name][0], name)} is not as tui-chat made it", detail="damaged")
    tables = {name for name, (kind, _, _) in expected.items() if kind == "table"} | {"search"}
    for name, (kind, table, sql) in found.items():
        is_odd_search = name == "search" and sql != _normalized(search_index.CREATE)
        is_added = name not in expected and kind in ("trigger", "index") and table in tables
        if is_odd_search or is_added or (kind == "trigger" and name not in expected):
            raise StorageError(f"{_described(kind, name)} was not made by tui-chat", detail="damaged")


def is_newest(db: sqlite3.Connection) -> bool:
    """Return whether the file has exactly the objects of the newest version, whatever its header has."""
    return _is_newest(db.execute(_SELECT).fetchall())


def _is_newest(rows: Sequence[tuple[object, ...]]) -> bool:
    """Compare with the text of the newest schema, which is much faster than building it at every start."""
    own = [
        (f" {row[1]} ", str(row[3]))
        for row in rows
        if not _is_internal(str(row[1])) and row[3] != search_index.CREATE
    ]
    is_all = len(own) == sum(line.startswith("CREATE ") for line in NEWEST.splitlines())
    return is_all and all(name in sql and f"{sql};" in NEWEST for name, sql in own)


def _is_internal(name: str) -> bool:
    return name.startswith("sqlite_") or name in _INTERNAL


def _objects(rows: Sequence[tuple[object, ...]]) -> Objects:
    return {
        str(name): (str(kind), str(table), _normalized(str(sql)))
        for kind, name, table, sql in rows
        if not _is_internal(str(name))
    }


def _expected(migrations: Sequence[Migration]) -> Objects:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for migrate in migrations:
            migrate(db)
        rows = db.execute(_SELECT).fetchall()
    return {name: definition for name, definition in _objects(rows).items() if definition[0] != "view"}


def _normalized(sql: str) -> str:
    return " ".join(_COMMENT.sub("", sql).split())


def _described(kind: str, name: str) -> str:
    return f"the {kind} {name!r} of the database"
