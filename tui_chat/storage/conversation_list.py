"""Lists of conversations, and what is known of them beside their turns. Each function runs within one transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.error import NotFound
from tui_chat.storage.live_replies import live_turns
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.row_mapping import SUMMARY_COLUMNS, required_time_in, summary_of, title_key
from tui_chat.storage.turn_rows import seq_of


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the list ended."""

    used: int
    seq: int


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which conversations are asked for: the current ones, the archived ones, or those in the trash."""

    limit: int = 50
    after: Cursor | None = None
    archived: bool = False
    deleted: bool = False
    matching: str = ""
    """Words that the title must hold, in any order and without regard to capitals."""
    skip: int = 0
    """So many that would come first are left out."""


class Page(list[ConversationSummary]):
    """Part of the list; `end` is the cursor to go on after, `None` where nothing follows."""

    end: Cursor | None = None


def summaries(db: sqlite3.Connection, asked: ListQuery, process: CurrentProcess) -> Page:
    """A page of the list, last used first."""
    where, values = _condition(asked)
    rows = db.execute(
        f"SELECT used, seq FROM conversation WHERE {where} ORDER BY used DESC, seq DESC LIMIT ? OFFSET ?",
        (*values, asked.limit + 1, asked.skip),
    ).fetchall()
    live = {one.conversation for one in live_turns(db, process) if one.is_alive}
    page = Page()
    for _, seq in rows[: asked.limit]:
        row = db.execute(f"SELECT {SUMMARY_COLUMNS} FROM conversation WHERE seq = ?", (seq,)).fetchone()
        page.append(summary_of(row, live))
    if page and len(rows) > asked.limit:
        page.end = Cursor(*rows[asked.limit - 1])
    return page


def count(db: sqlite3.Connection, asked: ListQuery) -> int:
    """How many there are of those asked for."""
    where, values = _condition(asked)
    return int(db.execute(f"SELECT count(*) FROM conversation WHERE {where}", values).fetchone()[0])


def _condition(asked: ListQuery) -> tuple[str, list[object]]:
    where, values = ["shelf = ?"], list[object]([2 if asked.deleted else 1 if asked.archived else 0])
    if asked.after is not None:
        where.append("(used, seq) < (?, ?)")
        values += [asked.after.used, asked.after.seq]
    for word in title_key(asked.matching).split():
        where.append("instr(title_key, ?) > 0")
        values.append(word)
    return " AND ".join(where), values


def titled(db: sqlite3.Connection, wanted: Sequence[str]) -> list[int]:
    """The numbers of all whose titles hold every one of these words, the trash aside, last used first."""
    found: list[tuple[int, int]] = []
    for archived in (False, True):
        where, values = _condition(ListQuery(archived=archived, matching=" ".join(wanted)))
        found += db.execute(f"SELECT used, seq FROM conversation WHERE {where}", values).fetchall()
    return [seq for _, seq in sorted(found, reverse=True)]


def resolve(db: sqlite3.Connection, prefix: str) -> str:
    """The whole id that begins so."""
    after = prefix + "\U0010ffff"
    rows = db.execute("SELECT id FROM conversation WHERE id >= ? AND id < ? LIMIT 3", (prefix, after)).fetchall()
    ids = [row[0] for row in rows]
    if prefix in ids:
        return prefix
    if not prefix or not ids:
        raise NotFound(f"no conversation {prefix}")
    if len(ids) > 1:
        raise NotFound(f"{prefix} is ambiguous: more than one conversation's id begins so", detail="ambiguous")
    return str(ids[0])


def last_conversation(db: sqlite3.Connection) -> str | None:
    """The one last used, archived ones and the trash aside."""
    row = db.execute("SELECT id FROM conversation WHERE shelf = 0 ORDER BY used DESC, seq DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def pulse(db: sqlite3.Connection, conversation_id: str) -> tuple[object, ...]:
    """Another value after anything of it changed that is seen of it; costs the same however long it is."""
    seq = seq_of(db, conversation_id)
    about = db.execute(
        "SELECT used, head, title, deleted_at, cost_usd, unknown_replies FROM conversation WHERE seq = ?", (seq,)
    ).fetchone()
    last = db.execute("SELECT max(seq) FROM turn WHERE conversation = ?", (seq,)).fetchone()
    arriving = db.execute(
        "SELECT seq, (SELECT max(n) FROM checkpoint WHERE turn = turn.seq) FROM turn INDEXED BY turn_live"
        " WHERE conversation = ? AND owner IS NOT NULL",
        (seq,),
    ).fetchall()
    return (*about, *last, *arriving)


def in_trash_since(db: sqlite3.Connection, moment: datetime) -> list[int]:
    """The numbers of those that were deleted at that moment or before; an unknown moment counts as after."""
    rows = db.execute("SELECT seq, deleted_at FROM conversation WHERE shelf = 2").fetchall()
    return [seq for seq, deleted_at in rows if UNKNOWN_MOMENT != required_time_in(deleted_at) <= moment]
