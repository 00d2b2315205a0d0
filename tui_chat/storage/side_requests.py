"""What was asked of models beside the turns, and the figures it adds. Each function runs within one transaction."""

import sqlite3
from collections.abc import Sequence

from tui_chat.core.conversation import SideRequest, TitleSource
from tui_chat.storage import conversation_list, turn_rows
from tui_chat.storage.row_mapping import SIDE_REQUEST_COLUMNS, marks, side_request_values

_INSERT = f"INSERT INTO errand (conversation, {SIDE_REQUEST_COLUMNS}) VALUES (?, {marks(SIDE_REQUEST_COLUMNS)})"


def record(db: sqlite3.Connection, conversation_id: str, side_request: SideRequest, title: str) -> None:
    """An errand that was run, with the title it brought, if it brought one; it makes nothing look newly used."""
    conversation = turn_rows.seq_of(db, conversation_id)
    put(db, conversation, (side_request,))
    if title:
        conversation_list.rename(db, conversation_id, title, TitleSource.MODEL)


def put(db: sqlite3.Connection, conversation: int, side_requests: Sequence[SideRequest]) -> None:
    """Those that are not stored yet; one that was run does not change."""
    known = {one.id for one in turn_rows.read_side_requests(db, conversation)}
    tally = turn_rows.Tally()
    for side_request in side_requests:
        if side_request.id not in known:
            known.add(side_request.id)
            db.execute(_INSERT, (conversation, *side_request_values(side_request)))
            tally.count_errand(side_request)
    turn_rows.add_tally(db, conversation, tally)
