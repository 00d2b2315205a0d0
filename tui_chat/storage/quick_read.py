"""Read the database once, without an event loop, for commands that must be fast."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_chat.storage.app_state import state
from tui_chat.storage.conversation_list import ListQuery, Page, summaries
from tui_chat.storage.database import Database
from tui_chat.storage.open_database import OpenOptions, OpenReport
from tui_chat.storage.process_owner import Owner


def read_page(path: Path, query: ListQuery, report: Callable[[OpenReport], None] = lambda opening: None) -> Page:
    """Return a page of the list; `report` is called with what happened when the file was opened."""
    database = Database(path, OpenOptions(), Owner.current())
    try:
        return database.read(lambda db: summaries(db, query, database.process))
    finally:
        database.close()
        report(database.opening)


def read_state(path: Path, key: str) -> Any:
    """Return the value stored under that key; `None` if there is none."""
    database = Database(path, OpenOptions(), Owner.current())
    try:
        return database.read(lambda db: state(db, key))
    finally:
        database.close()
