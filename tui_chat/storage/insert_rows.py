"""Insert many rows with few statements. Knows no table."""

import sqlite3
from collections.abc import Iterable
from functools import cache
from itertools import chain, islice

_MOST_ROWS = 32


def insert_rows(db: sqlite3.Connection, insert: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Run an insert that ends with `VALUES (?, …)` for all rows, many of them at once.

    At each statement Python lets other threads run, and while one of them computes this one waits 5 ms to go on.
    """
    left = iter(rows)
    while some := list(islice(left, _MOST_ROWS)):
        db.execute(_for_rows(insert, len(some)), [*chain.from_iterable(some)])


@cache
def _for_rows(insert: str, count: int) -> str:
    start, _, values = insert.rpartition(" VALUES ")
    return f"{start} VALUES {', '.join([values] * count)}"
