"""Read lists of conversations and their columns, without their turns. Each function runs within one transaction."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.error import NotFound
from tui_chat.core.turn import TurnStatus
from tui_chat.storage import app_state
from tui_chat.storage.hidden import HIDDEN
from tui_chat.storage.labels import Labels, all_labels
from tui_chat.storage.list_filter import SORTS, ListFilter, among, conditions
from tui_chat.storage.live_replies import live_turns
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.row_mapping import SUMMARY_COLUMNS, parse_required_time, summary_of, title_key
from tui_chat.storage.turn_rows import seq_of


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the list ended."""

    used: int
    seq: int


NO_FILTER = ListFilter()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which conversations to list: the active, the archived or the deleted ones."""

    limit: int = 50
    after: Cursor | None = None
    archived: bool = False
    deleted: bool = False
    matching: str = ""
    """Words that the title must contain, in any order, ignoring case."""
    skip: int = 0
    """How many conversations at the start to leave out."""
    origin: tuple[str, str] | None = None
    """Only conversations from that source whose foreign id has that prefix."""
    wanted: ListFilter = NO_FILTER
    """What else they must be; its words are not used."""
    pinned: bool | None = None
    """Only pinned conversations, or only others."""
    has_details: bool = False
    """Read how the last message ended and how many branches there are."""


class Page(list[ConversationSummary]):
    """Part of the list; `end` is the cursor for the next page, `None` on the last one."""

    end: Cursor | None = None


def summaries(db: sqlite3.Connection, query: ListQuery, process: CurrentProcess) -> Page:
    """Return a page of the list, last used first unless the filter has another order."""
    where, values = _condition(db, query)
    order = f"{SORTS[query.wanted.sort]}, " if query.wanted.sort else ""
    rows = db.execute(
        f"SELECT used, seq FROM conversation WHERE {where} ORDER BY {order}used DESC, seq DESC LIMIT ? OFFSET ?",
        (*values, query.limit + 1, query.skip),
    ).fetchall()
    live = {reply.conversation for reply in live_turns(db, process) if reply.is_alive}
    page = Page()
    known = all_labels(db) if query.has_details else {}
    for _, seq in rows[: query.limit]:
        row = db.execute(f"SELECT {SUMMARY_COLUMNS} FROM conversation WHERE seq = ?", (seq,)).fetchone()
        summary = summary_of(row, live)
        page.append(_with_details(db, seq, summary, known) if query.has_details else summary)
    if page and len(rows) > query.limit:
        page.end = Cursor(*rows[query.limit - 1])
    return page


class ListStart(NamedTuple):
    """What the start of the list shows, all of one moment."""

    pinned: Page
    counts: list[int]
    """See `counts_since`."""
    page: Page
    """The first of those that are not pinned."""


def list_start(
    db: sqlite3.Connection, query: ListQuery, since: Sequence[datetime], most_pinned: int, process: CurrentProcess
) -> ListStart:
    others = replace(query, pinned=False)
    return ListStart(
        summaries(db, replace(query, pinned=True, limit=most_pinned), process),
        counts_since(db, others, since),
        summaries(db, others, process),
    )


def _with_details(
    db: sqlite3.Connection, seq: int, summary: ConversationSummary, known: Mapping[str, Labels]
) -> ConversationSummary:
    """Add labels, branches, and how the last message ended."""
    status = db.execute(
        "SELECT status FROM turn WHERE seq = (SELECT head FROM conversation WHERE seq = ?)", (seq,)
    ).fetchone()
    (branches,) = db.execute(_BRANCHES, (seq,)).fetchone()
    labels = known.get(summary.id, Labels())
    return replace(
        summary,
        pinned=labels.pinned,
        tags=labels.tags,
        status=_STATUSES.get(status[0]) if status else None,
        branches=max(1, branches),
    )


_STATUSES = {status.value: status for status in TurnStatus}
_BRANCHES = (
    "SELECT count(*) FROM turn WHERE conversation = ?"
    " AND NOT EXISTS (SELECT 1 FROM turn AS child WHERE child.parent = turn.seq)"
)


def summary(db: sqlite3.Connection, conversation_id: str, process: CurrentProcess) -> ConversationSummary:
    seq = seq_of(db, conversation_id)
    live = {reply.conversation for reply in live_turns(db, process, seq) if reply.is_alive}
    row = db.execute(f"SELECT {SUMMARY_COLUMNS} FROM conversation WHERE seq = ?", (seq,)).fetchone()
    return summary_of(row, live)


def count(db: sqlite3.Connection, query: ListQuery) -> int:
    """Return the number of conversations that match."""
    where, values = _condition(db, query)
    return int(db.execute(f"SELECT count(*) FROM conversation WHERE {where}", values).fetchone()[0])


def counts_since(db: sqlite3.Connection, query: ListQuery, since: Sequence[datetime]) -> list[int]:
    where, values = _condition(db, query)

    def used(before: int | None, after: int | None) -> int:
        bounds = [("used < ?", before), ("used >= ?", after)]
        given = [(condition, bound) for condition, bound in bounds if bound is not None]
        select = " AND ".join((f"SELECT count(*) FROM conversation WHERE {where}", *(name for name, _ in given)))
        return int(db.execute(select, (*values, *(bound for _, bound in given))).fetchone()[0])

    # The first and the last have no bound on one side: a damaged number must not hide a conversation.
    afters = [int(moment.timestamp() * 1_000_000) for moment in since]
    counts = [used(before, after) for before, after in pairwise((None, *afters))]
    # The others are nearly all of them: counting what they are not is far quicker.
    if query == ListQuery(query.limit, pinned=False, skip=query.skip, has_details=query.has_details):
        pinned = count(db, replace(query, pinned=True))
        return [*counts, _count_active(db) - pinned - sum(counts)]
    return [*counts, used(afters[-1] if afters else None, None)]


def _count_active(db: sqlite3.Connection) -> int:
    """Return how many conversations are neither archived nor in the trash.

    SQLite counts a whole table by its pages, but for a condition it reads each row.
    """
    elsewhere = "SELECT count(*) FROM conversation WHERE shelf IN (1, 2)"
    return int(db.execute(f"SELECT (SELECT count(*) FROM conversation) - ({elsewhere})").fetchone()[0])


def _condition(db: sqlite3.Connection, query: ListQuery) -> tuple[str, list[object]]:
    # The few that have a label are looked up by their number, not by going through the whole list.
    shelf = "+shelf = ?" if query.pinned or query.wanted.tags or query.wanted.pinned else "shelf = ?"
    where, values = [shelf], list[object]([2 if query.deleted else 1 if query.archived else 0])
    if query.deleted:
        where.append(f"seq NOT IN ({HIDDEN})")
    if query.after is not None:
        where.append("(used, seq) < (?, ?)")
        values += [query.after.used, query.after.seq]
    if query.origin is not None:
        source, prefix = query.origin
        where.append(_FROM_ORIGIN)
        values += [source, prefix, prefix + "\U0010ffff"]
    for word in title_key(query.matching).split():
        where.append("instr(title_key, ?) > 0")
        values.append(word)
    if query.wanted.has_any:
        more, more_values = conditions(db, query.wanted)
        where += more
        values += more_values
    if query.pinned is not None:
        pinned = [conversation_id for conversation_id, labels in all_labels(db).items() if labels.pinned]
        if pinned or query.pinned:
            condition = among(db, pinned, values)
            where.append(condition if query.pinned else f"NOT {condition}")
    return " AND ".join(where), values


_FROM_ORIGIN = "origin_source = ? AND origin_foreign_id >= ? AND origin_foreign_id < ?"


def with_origin(db: sqlite3.Connection, source: str, prefix: str, limit: int) -> list[str]:
    """Return the ids of conversations outside the trash from that source, last used first."""
    rows = db.execute(
        f"SELECT id FROM conversation WHERE {_FROM_ORIGIN} AND shelf < 2 ORDER BY used DESC LIMIT ?",
        (source, prefix, prefix + "\U0010ffff", limit),
    )
    return [str(row[0]) for row in rows]


def seqs_titled(db: sqlite3.Connection, words: Sequence[str], wanted: ListFilter = NO_FILTER) -> list[int]:
    """Return the row numbers of conversations outside the trash whose titles contain all words, last used first.

    They pass the filter too.
    """
    used_and_seq: list[tuple[int, int]] = []
    for archived in (False, True):
        where, values = _condition(db, ListQuery(archived=archived, matching=" ".join(words), wanted=wanted))
        used_and_seq += db.execute(f"SELECT used, seq FROM conversation WHERE {where}", values).fetchall()
    return [seq for _, seq in sorted(used_and_seq, reverse=True)]


def resolve(db: sqlite3.Connection, prefix: str) -> str:
    """Return the only id with that prefix."""
    after = prefix + "\U0010ffff"
    select = f"SELECT id FROM conversation WHERE id >= ? AND id < ? AND seq NOT IN ({HIDDEN}) LIMIT 3"
    rows = db.execute(select, (prefix, after)).fetchall()
    ids = [row[0] for row in rows]
    if prefix in ids:
        return prefix
    if not prefix or not ids:
        raise NotFound(f"no conversation {prefix}")
    if len(ids) > 1:
        raise NotFound(f"{prefix} is ambiguous: more than one conversation's id starts with it", detail="ambiguous")
    return str(ids[0])


def last_conversation(db: sqlite3.Connection) -> str | None:
    """Return the id of the active conversation that was last used."""
    row = db.execute("SELECT id FROM conversation WHERE shelf = 0 ORDER BY used DESC, seq DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def conversation_changes(db: sqlite3.Connection, conversation_id: str) -> tuple[object, ...]:
    """Return a value that differs after any visible change; its cost does not depend on the length."""
    seq = seq_of(db, conversation_id)
    about = db.execute(
        "SELECT used, head, title, deleted_at, cost_usd, unknown_replies FROM conversation WHERE seq = ?", (seq,)
    ).fetchone()
    last = db.execute("SELECT max(seq) FROM turn WHERE conversation = ?", (seq,)).fetchone()
    live = db.execute(
        "SELECT seq, (SELECT max(n) FROM checkpoint WHERE turn = turn.seq) FROM turn INDEXED BY turn_live"
        " WHERE conversation = ? AND owner IS NOT NULL",
        (seq,),
    ).fetchall()
    amended = "SELECT count(*), max(counter) FROM stamp WHERE conversation = ? AND kind = 1"
    changed_elsewhere = db.execute(amended, (conversation_id,)).fetchone()
    return (*about, *last, *live, *changed_elsewhere, *app_state.left_out(db, conversation_id))


def in_trash_since(db: sqlite3.Connection, moment: datetime) -> list[int]:
    """Return the row numbers of conversations deleted at or before that moment; an unknown date counts as after."""
    select = f"SELECT seq, deleted_at FROM conversation WHERE shelf = 2 AND seq NOT IN ({HIDDEN}) ORDER BY seq"
    rows = db.execute(select).fetchall()
    return [seq for seq, deleted_at in rows if UNKNOWN_MOMENT != parse_required_time(deleted_at) <= moment]
