"""Make a readable row of a damaged one: every plausible value is kept. Runs no statement."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from tui_chat.core.conversation import TitleSource
from tui_chat.core.error import Fault
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.storage.delta_codec import load_deltas
from tui_chat.storage.figures_codec import dump
from tui_chat.storage.part_codec import load_parts, part_from_json
from tui_chat.storage.row_mapping import (
    CONVERSATION_COLUMNS,
    COST_COLUMNS,
    SIDE_REQUEST_COLUMNS,
    TURN_COLUMNS,
    UNREADABLE,
    USAGE_COLUMNS,
    conversation_of,
    cost_reader,
    side_request_of,
    turn_reader,
    usage_of,
)

Row = dict[str, Any]
"""Column → value."""


def column_names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]


def values_of(row: Row, columns: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in column_names(columns))


def row_error(table: str, row: Row) -> str:
    """Return what is wrong with a row; empty if it can be read as the program reads it."""
    try:
        _READERS[table](row)
    except UNREADABLE as error:
        return f"{type(error).__name__}: {error}"
    return ""


def is_plausible(table: str, row: Row) -> bool:
    """Return whether it is a damaged row of that table, and not just bytes that happen to have its shape."""
    if table == "turn":
        marks = (_is_moment(row["created_at"]), row["role"] in _ROLES, row["status"] in _STATUSES)
        return sum(marks) >= 2 and isinstance(row["text"], str) and isinstance(row["conversation"], int)
    if table == "conversation":
        marks = (_is_moment(row["created_at"]), _is_moment(row["updated_at"]), row["title_source"] in _SOURCES)
        return sum(marks) >= 2 and isinstance(row["id"], str)
    return not row_error(table, row)


def repaired(table: str, row: Row, moment: datetime) -> Row | None:
    """Return a readable row, with `moment` for an unreadable date; `None` where nothing can be kept."""
    fixed = _REPAIRS[table](dict(row), moment) if table in _REPAIRS else None
    return fixed if fixed is not None and not row_error(table, fixed) else None


def _read_conversation(row: Row) -> None:
    conversation_of(values_of(row, CONVERSATION_COLUMNS), None, ())
    texts = ("id", "title", "title_key", "model", "system", "draft")
    if not all(isinstance(row[name], str) for name in texts if name in row):
        raise TypeError("a text is missing")


def _read_turn(row: Row) -> None:
    if not all(isinstance(row[name], str) for name in ("id", "model", "text", "stop_detail")):
        raise TypeError("a text is missing")
    _turn_of((None, *values_of(row, TURN_COLUMNS)))


_turn_of = turn_reader({})
_READERS: dict[str, Callable[[Row], object]] = {
    "conversation": _read_conversation,
    "turn": _read_turn,
    "errand": lambda row: side_request_of(values_of(row, SIDE_REQUEST_COLUMNS)),
    "checkpoint": lambda row: (load_deltas(row["deltas"]), datetime.fromisoformat(row["saved_at"])),
    "state": lambda row: json.loads(row["value"]),
    "prompt": lambda row: row["text"].encode(),
    "model": lambda row: row["name"].encode(),
}
_ROLES = {role.value for role in Role}
_STATUSES = {status.value for status in TurnStatus}
_SOURCES = {source.value for source in TitleSource}


def _repair_turn(row: Row, moment: datetime) -> Row:
    for name in ("id", "model", "text", "stop_detail"):
        row[name] = _text(row[name])
    if row["role"] not in _ROLES:
        row["role"] = "assistant" if row["model"] else "user"
    if row["status"] not in _STATUSES:
        row["status"] = "interrupted" if row["role"] == "assistant" else "complete"
    if not _is_moment(row["created_at"]):
        row["created_at"] = moment.isoformat()
    _repair_figures(row, {})
    if row["fault"] is not None and not _succeeds(lambda: Fault(**json.loads(row["fault"]))):
        row["fault"] = None
    for name in ("stop_reason", "request_id"):
        row[name] = None if row[name] is None else _text(row[name])
    for name in ("ttft_ms", "duration_ms"):
        row[name] = row[name] if isinstance(row[name], int) else None
    if row["parts"] is not None and not _succeeds(lambda: load_parts(row["text"], row["parts"])):
        row["parts"] = _readable_parts(row["text"], row["parts"])
    return row


def _readable_parts(text: str, stored: object) -> str | None:
    """Return the parts that can still be read, and the prose; `None` where that is prose alone."""
    items: list[Any] = []
    for piece in str(stored).removeprefix("[").removesuffix("]").replace(',{"type":', '\n{"type":').splitlines():
        if _succeeds(lambda piece=piece: "length" in (item := json.loads(piece)) or part_from_json(item)):  # type: ignore[misc]
            items.append(json.loads(piece))
    if text and not any("length" in item for item in items):
        items.append({"type": "text", "length": len(text)})
    return dump(items) if any("length" not in item for item in items) else None


def _repair_conversation(row: Row, moment: datetime) -> Row:
    for name in ("id", "title", "model", "system", "draft"):
        if name in row:
            row[name] = _text(row[name])
    row["title_key"] = row["title"].casefold()
    if row["title_source"] not in _SOURCES:
        row["title_source"] = TitleSource.PROMPT.value
    for name in ("created_at", "updated_at"):
        if not _is_moment(row[name]):
            row[name] = moment.isoformat()
    for name in ("archived_at", "deleted_at"):
        if row[name] is not None and not _is_moment(row[name]):
            row[name] = None
    if not _succeeds(lambda: conversation_of(values_of(row, CONVERSATION_COLUMNS), None, ())):
        row["options"] = None
    if not _succeeds(lambda: Decimal(row.get("cost_usd", "0"))):
        row["cost_usd"] = "0"
    if row.get("kept_here", 0) not in (0, 1):
        row["kept_here"] = 1
    return row


def _repair_errand(row: Row, moment: datetime) -> Row:
    for name in ("id", "purpose", "model"):
        row[name] = _text(row[name])
    if not _is_moment(row["created_at"]):
        row["created_at"] = moment.isoformat()
    _repair_figures(row, dict.fromkeys(column_names(USAGE_COLUMNS)[:8], 0))
    return row


def _repair_figures(row: Row, unknown: Row) -> None:
    """Make implausible tokens and costs unknown."""
    usage, cost = values_of(row, USAGE_COLUMNS), values_of(row, COST_COLUMNS)
    counts = all(isinstance(value, int) for value in usage[:8])
    if usage[0] is not None and not (counts and _succeeds(lambda: usage_of(usage))):
        row |= dict.fromkeys(column_names(USAGE_COLUMNS)) | unknown
    if not _succeeds(lambda: cost_reader()(cost)):
        row |= dict.fromkeys(column_names(COST_COLUMNS))


_REPAIRS: dict[str, Callable[[Row, datetime], Row]] = {
    "conversation": _repair_conversation,
    "turn": _repair_turn,
    "errand": _repair_errand,
}


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else ""


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and _succeeds(lambda: datetime.fromisoformat(value))


def _succeeds(read: Callable[[], object]) -> bool:
    try:
        read()
    except UNREADABLE:
        return False
    return True
