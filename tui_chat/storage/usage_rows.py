"""Read the usage and cost of every finished reply and side request, without text. Runs within one transaction."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tui_chat.core.bounds import EARLIEST, milliseconds_in_bounds
from tui_chat.core.usage_report import UsageRow
from tui_chat.storage.hidden import HIDDEN
from tui_chat.storage.row_mapping import COST_COLUMNS, USAGE_COLUMNS, cost_reader, parse_required_time, usage_of

_SELECT = (
    f"SELECT conversation, id, created_at, model, ttft_ms, duration_ms, {USAGE_COLUMNS}, {COST_COLUMNS}"
    " FROM turn {} WHERE role = 'assistant' AND owner IS NULL AND input_tokens IS NOT NULL AND created_at >= ?"
    f" AND conversation NOT IN ({HIDDEN}) ORDER BY seq"
)
_SIDE_REQUESTS = (
    f"SELECT conversation, '', created_at, model, NULL, NULL, {USAGE_COLUMNS}, {COST_COLUMNS}"
    f" FROM errand WHERE created_at >= ? AND conversation NOT IN ({HIDDEN}) ORDER BY seq"
)
_UNMETERED = (
    "SELECT conversation.id, turn.id FROM turn INDEXED BY turn_unmetered"
    " CROSS JOIN conversation ON conversation.seq = turn.conversation"
    " WHERE status = 'interrupted' AND owner IS NULL AND input_tokens IS NULL AND (text != '' OR parts != '[]')"
    " AND (origin_turn IS NULL OR turn.created_at >= conversation.created_at)"
    " AND NOT EXISTS (SELECT 1 FROM authored, sync WHERE turn = turn.seq AND authored.device != sync.device)"
    f" AND conversation.seq NOT IN ({HIDDEN}) ORDER BY turn.seq"
)
_USAGE_AT = 6
_COST_AT = _USAGE_AT + USAGE_COLUMNS.count(",") + 1


def usage_rows(db: sqlite3.Connection, since: datetime | None) -> list[UsageRow]:
    """Return replies of every branch, then side requests, oldest first; archive and trash count, as they were paid
    for.
    """
    select = _SELECT.format("NOT INDEXED" if since is None else "INDEXED BY turn_used")
    return [*_rows(db, select, since), *_rows(db, _SIDE_REQUESTS, since)]


def _rows(db: sqlite3.Connection, select: str, since: datetime | None) -> Iterator[UsageRow]:
    names: dict[int, tuple[str, str]] = {}
    read_cost = cost_reader()
    for row in db.execute(select, (_earliest_text(since),)):
        conversation, turn_id, created_at, model, ttft_ms, duration_ms = row[:_USAGE_AT]
        at, usage = parse_required_time(created_at), usage_of(row[_USAGE_AT:_COST_AT])
        if usage is not None and (since is None or at >= since):
            if conversation not in names:
                named = "SELECT id, title FROM conversation WHERE seq = ?"
                names[conversation] = db.execute(named, (conversation,)).fetchone() or ("", "")
            (conversation_id, title), cost = names[conversation], read_cost(row[_COST_AT:])
            times = milliseconds_in_bounds(ttft_ms), milliseconds_in_bounds(duration_ms)
            yield UsageRow(conversation_id, title, turn_id, at, model, usage, cost, *times)


def _earliest_text(since: datetime | None) -> str:
    """Return a text that sorts before every later moment's, whatever its offset."""
    if since is None or since <= EARLIEST:
        return ""
    return (since.astimezone(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")


def unmetered(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return conversation and turn of each reply whose program died before its tokens were known.

    Those that a fork copied are counted in the conversation they came from, those of another machine on that machine.
    """
    return db.execute(_UNMETERED).fetchall()
