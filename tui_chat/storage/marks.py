"""Pins, tags and left-out turns as fields of sync: each tag and each turn is one, so that none overwrites another."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.storage import app_state, labels
from tui_chat.storage.record_codec import field_to_body

PINNED = "pinned"
_TAG = labels.TAG_FIELD
_LEFT_OUT = app_state.LEFT_OUT_FIELD


def is_mark(name: str) -> bool:
    """Return whether a field is a pin, a tag or a left-out turn."""
    return name == PINNED or (name.startswith((_TAG, _LEFT_OUT)) and not name.endswith("/"))


def names(db: sqlite3.Connection, conversation_id: str) -> list[str]:
    """Return the fields of all marks that are set."""
    own, (turns, _) = labels.labels(db, conversation_id), app_state.left_out(db, conversation_id)
    pinned = [PINNED] if own.pinned else []
    return [*pinned, *(_TAG + tag for tag in own.tags), *(_LEFT_OUT + turn for turn in sorted(turns))]


def is_set(db: sqlite3.Connection, conversation_id: str, name: str) -> bool:
    if name.startswith(_LEFT_OUT):
        return name.removeprefix(_LEFT_OUT) in app_state.left_out(db, conversation_id)[0]
    own = labels.labels(db, conversation_id)
    return own.pinned if name == PINNED else name.removeprefix(_TAG) in own.tags


def put(db: sqlite3.Connection, conversation_id: str, name: str, value: bool, at: datetime | None) -> None:
    """Set or remove a mark; `at` is when turns were last left out where it comes from."""
    if is_set(db, conversation_id, name) == value:
        return
    if name.startswith(_LEFT_OUT):
        (turns, last), turn = app_state.left_out(db, conversation_id), {name.removeprefix(_LEFT_OUT)}
        newest = max(at or UNKNOWN_MOMENT, last or UNKNOWN_MOMENT)
        app_state.set_left_out(db, conversation_id, turns | turn if value else turns - turn, newest)
        return
    own, tag = labels.labels(db, conversation_id), name.removeprefix(_TAG)
    if name == PINNED:
        own = own._replace(pinned=value)
    else:
        tags = tuple(other for other in own.tags if other != tag)
        own = own._replace(tags=(*tags, tag) if value else tags)
    labels.store(db, conversation_id, own)


def to_body(db: sqlite3.Connection, conversation_id: str, name: str) -> bytes:
    """Return the body of a mark's record."""
    value = is_set(db, conversation_id, name)
    if not name.startswith(_LEFT_OUT):
        return field_to_body(value)
    at = app_state.left_out(db, conversation_id)[1]
    return field_to_body(value, at=None if at is None else at.isoformat())


def check(name: str, item: Mapping[str, Any]) -> None:
    """Raise for a record that is no mark."""
    if not isinstance(item["value"], bool):
        raise TypeError("no mark")
    if name.startswith(_TAG) and labels.clean_tags([name.removeprefix(_TAG)]) != (name.removeprefix(_TAG),):
        raise ValueError("no tag")
