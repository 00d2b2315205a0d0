"""Pins and tags of conversations, as values of the table `state`. Each function runs within one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tui_chat.storage import app_state, changed_fields
from tui_chat.storage.turn_rows import seq_of

KEY = "labels:"
_AFTER_KEY = "labels;"
"""The first text behind every key that starts with `KEY`."""
TAG_FIELD = "tag/"
"""Before a tag: the name of its field for sync."""
MOST_TAGS = 20
_MOST_LENGTH = 40


class Labels(NamedTuple):
    """What the user has marked a conversation with."""

    pinned: bool = False
    tags: tuple[str, ...] = ()


NONE = Labels()


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are stored: words in lower case, each once, in their order."""
    return _words(tags)[:MOST_TAGS]


def _words(tags: Iterable[str]) -> tuple[str, ...]:
    words = ["-".join(tag.replace("#", " ").casefold().split())[:_MOST_LENGTH] for tag in tags]
    return tuple(dict.fromkeys(filter(None, words)))


def labels(db: sqlite3.Connection, conversation_id: str) -> Labels:
    return _labels_of(app_state.state(db, KEY + conversation_id))


def set_labels(db: sqlite3.Connection, conversation_id: str, new: Labels) -> None:
    seq_of(db, conversation_id)
    store(db, conversation_id, Labels(new.pinned, clean_tags(new.tags)))


def store(db: sqlite3.Connection, conversation_id: str, new: Labels) -> None:
    """Store labels that are clean; machines that sync may have more tags together than one may set."""
    old = labels(db, conversation_id)
    value = {"pinned": new.pinned, "tags": list(new.tags)}
    app_state.set_state(db, KEY + conversation_id, None if new == NONE else value)
    changed = [TAG_FIELD + tag for tag in sorted({*old.tags} ^ {*new.tags})]
    changed_fields.note(db, conversation_id, ["pinned", *changed] if old.pinned != new.pinned else changed)


def add_labels(db: sqlite3.Connection, conversation_id: str, more: Labels) -> None:
    if more != NONE:
        old = labels(db, conversation_id)
        set_labels(db, conversation_id, Labels(old.pinned or more.pinned, (*old.tags, *more.tags)))


def all_labels(db: sqlite3.Connection) -> Mapping[str, Labels]:
    select = "SELECT key, value FROM state WHERE key >= ? AND key < ?"
    found: dict[str, Labels] = {}
    for key, value in db.execute(select, (KEY, _AFTER_KEY)):
        try:
            found[key.removeprefix(KEY)] = _labels_of(json.loads(value))
        except ValueError:
            continue  # reading that conversation reports it
    return found


def _labels_of(stored: object) -> Labels:
    match stored:
        case {"pinned": bool(pinned), "tags": [*tags]}:
            return Labels(pinned, _words(map(str, tags)))
    return NONE
