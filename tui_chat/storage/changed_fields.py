"""Fields of a conversation that are no columns of its row, so that no trigger sees their changes. Loads nothing."""

import sqlite3
from collections.abc import Iterable

_FIELD = 3
"""`Kind.FIELD` of the records of sync."""


def note(db: sqlite3.Connection, conversation_id: str, names: Iterable[str]) -> None:
    """Have the fields sent, as triggers have others sent: on a machine that syncs, of a conversation that travels.

    Records from the hub that are being written are no changes.
    """
    for name in names:
        db.execute("UPDATE sync SET counter = min(counter, 9007199254740991) + 1 WHERE applying = 0")
        db.execute(
            "INSERT INTO stamp (kind, conversation, name, rank, counter, device)"
            " SELECT ?, id, ?, 0, counter, device FROM sync, conversation"
            " WHERE applying = 0 AND id = ? AND kept_here = 0"
            " ON CONFLICT DO UPDATE SET (counter, device) = (excluded.counter, excluded.device)",
            (_FIELD, name, conversation_id),
        )
        db.execute(
            "INSERT INTO outbox (kind, conversation, name, version)"
            " SELECT ?, id, ?, counter FROM sync, conversation WHERE applying = 0 AND id = ? AND kept_here = 0"
            " ON CONFLICT DO UPDATE SET version = excluded.version",
            (_FIELD, name, conversation_id),
        )
