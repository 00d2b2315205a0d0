"""What was asked of models beside the turns, and the figures it adds. Each function runs within one transaction."""

import sqlite3
from collections.abc import Sequence

from tui_chat.core.conversation import TitleSource
from tui_chat.core.side_request import Errand
from tui_chat.storage import conversation_list, turn_rows
from tui_chat.storage.row_mapping import ERRAND_COLUMNS, errand_values, marks

_INSERT = f"INSERT INTO errand (conversation, {ERRAND_COLUMNS}) VALUES (?, {marks(ERRAND_COLUMNS)})"


def record(db: sqlite3.Connection, conversation_id: str, errand: Errand, title: str) -> None:
    """An errand that was run, with the title it brought, if it brought one; it makes nothing look newly used."""
    conversation = turn_rows.seq_of(db, conversation_id)
    put(db, conversation, (errand,))
    if title:
        conversation_list.rename(db, conversation_id, title, TitleSource.MODEL)


def put(db: sqlite3.Connection, conversation: int, errands: Sequence[Errand]) -> None:
    """Those that are not stored yet; one that was run does not change."""
    known = {one.id for one in turn_rows.read_errands(db, conversation)}
    tally = turn_rows.Tally()
    for errand in errands:
        if errand.id not in known:
            known.add(errand.id)
            db.execute(_INSERT, (conversation, *errand_values(errand)))
            tally.count_errand(errand)
    turn_rows.add_tally(db, conversation, tally)
