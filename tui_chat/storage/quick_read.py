"""One look at the database, without an event loop, for a command that is to be over at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_chat.storage.app_state import state
from tui_chat.storage.conversation_list import ListQuery, Page, summaries
from tui_chat.storage.database import Database
from tui_chat.storage.open_database import OpenOptions, OpenReport
from tui_chat.storage.process_owner import Owner


def glance(path: Path, asked: ListQuery, report: Callable[[OpenReport], None] = lambda opening: None) -> Page:
    """Return a page of the list; `report` is called with what happened when the file was opened."""
    database = Database(path, OpenOptions(), Owner.current())
    try:
        return database.read(lambda db: summaries(db, asked, database.process))
    finally:
        database.close()
        report(database.opening)


def remembered(path: Path, key: str) -> Any:
    """What was remembered under that name; `None` if nothing was."""
    database = Database(path, OpenOptions(), Owner.current())
    try:
        return database.read(lambda db: state(db, key))
    finally:
        database.close()
