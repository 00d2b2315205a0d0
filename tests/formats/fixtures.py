"""The files of other programs in tests/fixtures/imports, read; and trees written so that a test can show them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import Part
from tui_chat.core.turn import Turn
from tui_chat.formats.import_tree import Imported, Skipped
from tui_chat.formats.read_import import conversations_in

IMPORTS = Path(__file__).parent.parent / "fixtures" / "imports"


def read(path: Path) -> tuple[dict[str, Conversation], list[Skipped]]:
    """The conversations of a file by their titles, and what was skipped."""
    items = list(conversations_in(path))
    found = [item.conversation for item in items if isinstance(item, Imported)]
    by_title = {conversation.title: conversation for conversation in found}
    assert len(by_title) == len(found), "two of the same title"
    return by_title, [item for item in items if isinstance(item, Skipped)]


def database(name: str, folder: Path) -> Path:
    """A database as the SQL of that name makes it."""
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((IMPORTS / f"{name}.sql").read_text())
    return path


def leaves(conversation: Conversation) -> list[Turn]:
    """The last turns of all branches."""
    return [turn for turn in conversation.turns if not conversation.children_of(turn.id)]


def outline(conversation: Conversation, parent: str | None = None) -> list[Any]:
    """The tree as nested lists of texts, siblings in order, the shown branch's end marked."""
    lines: list[Any] = []
    for turn in conversation.children_of(parent):
        mark = " <-" if turn.id == conversation.head else ""
        lines.append(f"{turn.role[0]}: {turn.text}{mark}")
        if below := outline(conversation, turn.id):
            lines.append(below)
    return lines


def only(turn: Turn, kind: type[Part]) -> list[Any]:
    """The parts of one kind."""
    return [part for part in turn.parts if isinstance(part, kind)]
