"""What every finished reply used and cost, without its text. Runs within one transaction."""

import sqlite3
from datetime import datetime

from tui_chat.core.report import UsageRow
from tui_chat.storage.rows import COST_COLUMNS, USAGE_COLUMNS, cost_reader, usage_of

_SELECT = (
    f"SELECT conversation, id, created_at, model, ttft_ms, duration_ms, {USAGE_COLUMNS}, {COST_COLUMNS} FROM turn"
    " WHERE role = 'assistant' AND owner IS NULL AND input_tokens IS NOT NULL ORDER BY seq"
)
_UNMETERED = (
    "SELECT conversation.id, turn.id FROM turn JOIN conversation ON conversation.seq = turn.conversation"
    " WHERE status = 'interrupted' AND owner IS NULL AND input_tokens IS NULL AND (text != '' OR parts != '[]')"
    " AND (origin_turn IS NULL OR turn.created_at >= conversation.created_at) ORDER BY turn.seq"
)
_USAGE_AT = 6
_COST_AT = _USAGE_AT + USAGE_COLUMNS.count(",") + 1


def usage_rows(db: sqlite3.Connection, since: datetime | None) -> list[UsageRow]:
    """Replies of every branch, oldest first, also of archived conversations and of the trash: all were paid for."""
    names = {seq: name for seq, *name in db.execute("SELECT seq, id, title FROM conversation")}
    read_cost = cost_reader()
    rows = []
    for row in db.execute(_SELECT):
        conversation, turn_id, created_at, model, ttft_ms, duration_ms = row[:_USAGE_AT]
        at, usage = datetime.fromisoformat(created_at), usage_of(row[_USAGE_AT:_COST_AT])
        at = at if at.tzinfo else at.astimezone()
        if usage is not None and (since is None or at >= since):
            (conversation_id, title), cost = names[conversation], read_cost(row[_COST_AT:])
            rows.append(UsageRow(conversation_id, title, turn_id, at, model, usage, cost, ttft_ms, duration_ms))
    return rows


def unmetered(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Conversation and turn of each reply whose program died before its tokens were known.

    Those that a fork brought along are counted where they came from.
    """
    return db.execute(_UNMETERED).fetchall()
