"""The row of a conversation of which only turns are left."""

from datetime import datetime
from typing import Any

RECOVERED_TITLE = "Recovered conversation"


def recovered_conversation(number: int, conversation_id: str, now: datetime) -> dict[str, Any]:
    """Return a row without head and sums, column → value."""
    return {
        "seq": number, "id": conversation_id, "used": int(now.timestamp() * 1_000_000) + number,
        "title": RECOVERED_TITLE, "title_key": RECOVERED_TITLE.casefold(), "title_source": "prompt", "model": "",
        "created_at": now.isoformat(), "updated_at": now.isoformat(), "system": "",
    }  # fmt: skip
