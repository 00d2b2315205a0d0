"""Finds figures and dates in the database that are out of bounds, and makes them unknown. Runs within a transaction.

Reading takes them for unknown anyway; mending writes that down, so that other programs are not misled either.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tui_chat.core.bounds import MOST_MS, MOST_TOKENS, UNKNOWN_MOMENT, dollars_in_bounds, moment_in_bounds
from tui_chat.storage.row_mapping import UNKNOWN_COUNT, price_in
from tui_chat.storage.turn_rows import MOST_USED


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of integers."""

    table: str
    column: str
    least: int
    most: int
    unknown: str
    """What takes the place of one out of bounds, in SQL."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of amounts or dates as text."""

    table: str
    column: str
    read: Callable[[str], object | None]
    """Gives `None` for a text that cannot be believed."""
    unknown: str | None


_COUNTS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "thinking_tokens",
    "web_searches",
)
_USED_BY_DATE = "coalesce(1000000 * CAST(strftime('%s', updated_at) AS INTEGER), 0)"
NUMBERS: tuple[Numbers, ...] = (
    *(
        Numbers(table, name, UNKNOWN_COUNT, MOST_TOKENS, str(UNKNOWN_COUNT))
        for table in ("turn", "errand")
        for name in _COUNTS
    ),
    Numbers("turn", "ttft_ms", 0, MOST_MS, "NULL"),
    Numbers("turn", "duration_ms", 0, MOST_MS, "NULL"),
    Numbers("conversation", "used", -MOST_USED, MOST_USED, _USED_BY_DATE),
)
_NO_DATE = UNKNOWN_MOMENT.isoformat()
TEXTS: tuple[Texts, ...] = (
    *(
        Texts(table, name, dollars_in_bounds, None)
        for table in ("turn", "errand")
        for name in ("billed_usd", "cost_usd")
    ),
    *(Texts(table, "price", price_in, None) for table in ("turn", "errand")),
    *(Texts(table, "created_at", moment_in_bounds, _NO_DATE) for table in ("conversation", "turn", "errand")),
    *(
        Texts("conversation", name, moment_in_bounds, _NO_DATE)
        for name in ("updated_at", "archived_at", "deleted_at")
    ),
    Texts("checkpoint", "saved_at", moment_in_bounds, _NO_DATE),
)
"""They are mended first: the order of use is made from a date. A conversation's sums are another check's matter."""


def count_bad_figures(db: sqlite3.Connection) -> int:
    """How many figures are out of bounds."""
    found = sum(len(list(_bad_texts(db, texts))) for texts in TEXTS)
    for numbers in NUMBERS:
        select = f"SELECT count(*) FROM {numbers.table} WHERE {numbers.column} NOT BETWEEN ? AND ?"
        found += db.execute(select, (numbers.least, numbers.most)).fetchone()[0]
    return int(found)


def mend_bad_figures(db: sqlite3.Connection) -> None:
    """Make each of them unknown; the rest of its row stays as it is."""
    for texts in TEXTS:
        update = f"UPDATE {texts.table} SET {texts.column} = ? WHERE {texts.column} = ?"
        for bad in set(_bad_texts(db, texts)):
            db.execute(update, (texts.unknown, bad))
    for numbers in NUMBERS:
        update = f"UPDATE {numbers.table} SET {numbers.column} = {numbers.unknown}"
        db.execute(f"{update} WHERE {numbers.column} NOT BETWEEN ? AND ?", (numbers.least, numbers.most))


def _bad_texts(db: sqlite3.Connection, texts: Texts) -> Iterator[str]:
    select = f"SELECT {texts.column} FROM {texts.table} WHERE {texts.column} IS NOT NULL"
    return (text for (text,) in db.execute(select) if texts.read(text) is None)
