"""Find numbers and dates out of range, and make them unknown. Runs within a transaction.

Reading takes them for unknown anyway; the repair writes that down, so that other programs are not misled either.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tui_chat.core.bounds import (
    MOST_COUNTER,
    MOST_MS,
    MOST_RANK,
    MOST_TOKENS,
    UNKNOWN_MOMENT,
    dollars_in_bounds,
    moment_in_bounds,
)
from tui_chat.core.usage import COUNTS
from tui_chat.storage.figures_codec import parse_price
from tui_chat.storage.row_mapping import UNKNOWN_COUNT
from tui_chat.storage.turn_rows import MAX_SEQ, MAX_USED


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of integers."""

    table: str
    name: str
    minimum: int
    maximum: int
    unknown: str
    """SQL for the value that replaces one out of range."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of amounts or dates as text."""

    table: str
    name: str
    read: Callable[[str], object | None]
    """Returns `None` for an implausible text."""
    unknown: str | None


_MOST_BYTES = 2**31 - 1
"""SQLite holds no larger value."""
_USED_BY_DATE = "coalesce(1000000 * CAST(strftime('%s', updated_at) AS INTEGER), 0)"
_NEWEST_STAMP = f"(SELECT coalesce(max(counter), 0) FROM stamp WHERE counter BETWEEN 0 AND {MOST_COUNTER - 1})"
NUMBER_COLUMNS: tuple[NumberColumn, ...] = (
    *(
        NumberColumn(table, name, UNKNOWN_COUNT, MOST_TOKENS, str(UNKNOWN_COUNT))
        for table in ("turn", "errand")
        for name in COUNTS
    ),
    NumberColumn("turn", "ttft_ms", 0, MOST_MS, "NULL"),
    NumberColumn("turn", "duration_ms", 0, MOST_MS, "NULL"),
    NumberColumn("blob", "size", 0, _MOST_BYTES, "length(bytes)"),
    NumberColumn("conversation", "used", -MAX_USED, MAX_USED, _USED_BY_DATE),
    NumberColumn("conversation", "kept_here", 0, 1, "1"),
    NumberColumn("sync", "counter", 0, MOST_COUNTER - 1, _NEWEST_STAMP),
    NumberColumn("sync", "cursor", 0, MOST_COUNTER, "0"),
    NumberColumn("sync", "mark_seq", 0, MOST_COUNTER, "NULL"),
    NumberColumn("sync", "shared", 0, MAX_SEQ, "0"),
    NumberColumn("sync", "applying", 0, 1, "1"),
    *(NumberColumn(table, "counter", 0, MOST_COUNTER - 1, "0") for table in ("stamp", "waiting")),
    *(NumberColumn(table, "rank", 0, MOST_RANK, "0") for table in ("stamp", "waiting")),
    NumberColumn("outbox", "version", -1, MOST_COUNTER, "0"),
    NumberColumn("authored", "made", 0, MOST_COUNTER, "turn"),
)
_NO_DATE = UNKNOWN_MOMENT.isoformat()
TEXT_COLUMNS: tuple[TextColumn, ...] = (
    *(
        TextColumn(table, name, dollars_in_bounds, None)
        for table in ("turn", "errand")
        for name in ("billed_usd", "cost_usd")
    ),
    *(TextColumn(table, "price", parse_price, None) for table in ("turn", "errand")),
    *(TextColumn(table, "created_at", moment_in_bounds, _NO_DATE) for table in ("conversation", "turn", "errand")),
    *(
        TextColumn("conversation", name, moment_in_bounds, _NO_DATE)
        for name in ("updated_at", "archived_at", "deleted_at")
    ),
    TextColumn("checkpoint", "saved_at", moment_in_bounds, _NO_DATE),
)
"""They are repaired first: the order of use is made from a date. The totals of a conversation are not checked here.
"""


def count_out_of_range(db: sqlite3.Connection) -> int:
    count = sum(len(list(_invalid_texts(db, column))) for column in TEXT_COLUMNS)
    for number_column in NUMBER_COLUMNS:
        select = f"SELECT count(*) FROM {number_column.table} WHERE {number_column.name} NOT BETWEEN ? AND ?"
        count += db.execute(select, (number_column.minimum, number_column.maximum)).fetchone()[0]
    return int(count)


def repair_out_of_range(db: sqlite3.Connection) -> None:
    """Make each such value unknown; the rest of its row stays as it is."""
    for column in TEXT_COLUMNS:
        update = f"UPDATE {column.table} SET {column.name} = ? WHERE {column.name} = ?"
        for bad in set(_invalid_texts(db, column)):
            db.execute(update, (column.unknown, bad))
    for number_column in NUMBER_COLUMNS:
        update = f"UPDATE {number_column.table} SET {number_column.name} = {number_column.unknown}"
        db.execute(
            f"{update} WHERE {number_column.name} NOT BETWEEN ? AND ?", (number_column.minimum, number_column.maximum)
        )


def _invalid_texts(db: sqlite3.Connection, column: TextColumn) -> Iterator[str]:
    select = f"SELECT {column.name} FROM {column.table} WHERE {column.name} IS NOT NULL"
    return (text for (text,) in db.execute(select) if column.read(text) is None)
