"""Loaded by every Python that has this folder in PYTHONPATH: a sync process records how long it holds the database.

One line a write transaction goes to the file named by `HOLDS`: seconds from the lock until the commit has returned.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def record(path: str) -> None:
    """Have all write transactions of this process recorded."""
    from tui_chat.storage import database

    run = database.write_transaction
    out = Path(path).open("a", buffering=1, encoding="ascii")  # noqa: SIM115 - until the process is killed

    def recorded(db: Connection, job: Callable[[Connection], T]) -> T:
        start_s = monotonic()

        def locked(db: Connection) -> T:
            nonlocal start_s
            start_s = monotonic()
            return job(db)

        try:
            return run(db, locked)
        finally:
            out.write(f"{monotonic() - start_s:.6f}\n")

    database.write_transaction = recorded


if "--follow" in sys.orig_argv and (holds := os.environ.get("HOLDS")):
    record(holds)
