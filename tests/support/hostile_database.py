"""A small library, and every column of numbers, amounts and dates in it, for tests that put hostile values there."""

import re
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from tests.storage.make import HERE, conversation, live, priced, prompt, reply, side_request
from tui_chat.core.event import TextDelta
from tui_chat.core.usage import Usage
from tui_chat.storage.store import Store

COUNTS = (-1, -(2**63), 2**63 - 1, 0, 1, 2, 10**15, 10**15 + 1, 10**18, 2**62, 2**62 + 1)
TEXTS = (
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "1E+40",
    "1e308",
    "1E+999999999",
    "-0",
    "-1",
    "9" * 4000,
    "0." + "3" * 4000,
    "no number",
    "",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "0002-01-01T00:00:00+23:59",
    "2026-02-30",
    "2026-06-01",
    "{}",
    "[1]",
    '{"input_usd":"Infinity","output_usd":"1","cache_read_usd":"1","cache_write_5m_usd":"1","cache_write_1h_usd":"1"}',
    "[" * 5000,
)
_TEXT_COLUMNS = re.compile(r"_at$|_usd$|^price$")
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search%'"
)


@dataclass(frozen=True)
class Column:
    """One column that holds numbers, amounts or dates."""

    table: str
    name: str
    is_integer: bool
    is_key: bool
    """It names its row, or another row that this one belongs to."""

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


async def fill_library(path: Path) -> None:
    """Make a database in which every such column of every table has a value."""
    store = await Store.open(path)
    await store.replica.start("space", b"here....")
    full = Usage(5, 6, 7, 8, 90, 10, 1)
    answer = priced(reply("a1", "u1", "Because of the harbour."), "0.25")
    turns = [
        prompt("u1"),
        replace(answer, usage=full, ttft_ms=100, duration_ms=900),
        prompt("u2", "a1"),
        priced(reply("a2", "u2"), "0.5", estimated=True),
    ]
    await store.create(conversation("c1", *turns, side_requests=(side_request("e1", "0.001"),), title="Ships"))
    await store.create(conversation("c2", prompt("u1"), priced(reply("a1", "u1"), None), title="Trains"))
    await store.archive("c2")
    await store.create(conversation("c3", prompt("u1"), title="Planes"))
    await store.archive("c3")
    await store.delete("c3")
    await store.add_prompt("Why?")
    await store._write(lambda db: db.execute("UPDATE turn SET billed_usd = '0.2' WHERE input_tokens IS NOT NULL"))
    await store._write(lambda db: db.execute("UPDATE errand SET billed_usd = '0.001'"))
    await store.aclose()
    # A reply that is coming in to a program on another machine, of which it is not known here whether it still runs.
    neighbour = await Store.open(path, owner=replace(HERE, host="elsewhere"))
    await neighbour.create(conversation("c4", prompt("u1"), title="Cars"))
    await neighbour.append("c4", [live("r1", "u1")], head="r1")
    await neighbour.checkpoint("r1", [TextDelta("Beca")])
    await neighbour.aclose()


def columns_of(db: sqlite3.Connection) -> list[Column]:
    """Every column of integers, and every one of amounts, prices or dates, as the schema itself lists them."""
    columns = []
    for (table,) in db.execute(_TABLES).fetchall():
        keys = {row[3] for row in db.execute(f"PRAGMA foreign_key_list({table})")} | {"seq", "head", "n"}
        columns += [
            Column(table, name, kind == "INTEGER", name in keys)
            for _, name, kind, _, _, _, hidden in db.execute(f"PRAGMA table_xinfo({table})")
            if hidden == 0 and (kind in ("INTEGER", "REAL") or _TEXT_COLUMNS.search(name))
        ]
    return columns


def poison(db: sqlite3.Connection, column: Column, value: object, *, all_rows: bool = False) -> bool:
    """Put the value into the last or every row that has one there; `False` where the table's rules refuse it."""
    last = f"AND {column.name} = (SELECT max({column.name}) FROM {column.table})"
    where = f"{column.name} IS NOT NULL {'' if all_rows else last}"
    try:
        db.execute(f"UPDATE {column.table} SET {column.name} = ? WHERE {where}", (value,))
    except sqlite3.IntegrityError:
        return False
    return True
