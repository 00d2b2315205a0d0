"""Full-text search: the newest turns that match, the best of them first, with a snippet.

The index lists turns newest first; they are ranked in blocks, so that a word that is in every turn costs no more than
a rare one and pages never shift. Where the index cannot help (part of a word, mere punctuation), the newest turns
themselves are read, up to a limit.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tui_chat.core.conversation import SearchHit
from tui_chat.core.turn import Role
from tui_chat.storage import fts_query, search_index
from tui_chat.storage.conversation_list import NO_FILTER, seqs_titled
from tui_chat.storage.list_filter import ListFilter
from tui_chat.storage.row_mapping import parse_required_time
from tui_chat.storage.search_syntax import Query, Term, parse
from tui_chat.storage.snippet import make_snippet
from tui_chat.storage.tokenizer import SearchTerm

_BLOCK = 100
"""How many matches are ranked against each other."""
_SMALL_BLOCK = 30
"""The same where few of the index's answers pass a filter that it does not know."""
_READ_FOR_SHORT_PREFIX = 1_200
"""How many of the newest turns are read for a prefix too short for the index."""
_READ_UNINDEXED = 1_500
"""How many of the newest turns are read for text that the index does not know at all."""
_CHECKED_MATCHES = 1_000
"""How many of the index's answers are read to find what it cannot distinguish, such as `c++` from `c`."""
_FEW_CONVERSATIONS = 200
_RANKED_TEXT = 20_000
_COUNTED = 8
_TURNS_AMONG = "SELECT seq FROM turn WHERE conversation IN (SELECT value FROM json_each(?))"
_USUAL_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class _Match:
    seq: int
    score: float
    hit: tuple[str, str, str, str, str, str]
    """Conversation id, turn id, title, role, model, time."""
    text: str


def search(
    db: sqlite3.Connection, text: str, limit: int, offset: int, wanted: ListFilter = NO_FILTER
) -> list[SearchHit]:
    """Return a page of matches in conversations that pass the filter."""
    query = parse(text)
    if query == Query():
        return []
    run = _Search(db, query, offset + limit, wanted)
    run.fill_matches()
    return [_hit(match, run.terms) for match in islice(run.matches.values(), offset, offset + limit)]


class _Search:
    """One search: runs steps from narrow to wide until it has enough matches."""

    def __init__(self, db: sqlite3.Connection, query: Query, limit: int, wanted: ListFilter) -> None:
        self._db = db
        self._wanted = wanted
        self._query = query
        self._limit = limit
        self._where, self._values = _conditions(query)
        self._facets: list[str] = []
        self._block = _BLOCK
        self._only_conversations: str | None = None
        """Row numbers of the only conversations to search, as JSON."""
        self.terms = [SearchTerm(term.text) for term in query.terms]
        self.matches: dict[int, _Match] = {}

    def fill_matches(self) -> None:
        """Fill `matches`, best first."""
        terms = self._query.terms
        indexed = search_index.is_complete(self._db)
        if not self._prepare_filters(indexed=indexed):
            return
        if not indexed:
            self._scan_text(None)
        elif not terms:
            self._add_matches((), (), None)
        else:
            self._search_terms(terms)

    def _search_terms(self, terms: Sequence[Term]) -> None:
        for step in fts_query.search_steps(terms):
            if len(self.matches) >= self._limit:
                return
            most = None if not step.check else _CHECKED_MATCHES if step.match else _READ_FOR_SHORT_PREFIX
            read_all = self._add_matches(step.match, [SearchTerm(text) for text in step.check], most)
            if not step.match and not read_all and len(self.matches) < self._limit:
                # Matches are so rare among the newest turns that the lists to join must be short.
                for prefix_query in fts_query.prefix_queries(terms):
                    self._add_matches((prefix_query,), (), None)
        if not self.matches and self._block == _BLOCK and not all(term.is_phrase for term in terms):
            self._scan_text(_READ_UNINDEXED)

    def _scan_text(self, most: int | None) -> None:
        """Read turns for text in the middle of words."""
        self.terms = [SearchTerm(term.text, inside=True) for term in self._query.terms]
        self._add_matches((), self.terms, most)

    def _prepare_filters(self, *, indexed: bool) -> bool:
        """Prepare the filters; return whether anything can pass them."""
        conversations, models = None, list[int]()
        if self._query.titles or self._wanted.has_any:
            conversations = seqs_titled(self._db, self._query.titles, self._wanted)
            if not conversations:
                return False
            if not indexed or len(conversations) > _FEW_CONVERSATIONS:
                self._only_conversations = str(conversations)
                self._block = _SMALL_BLOCK
                conversations = None
        if not indexed:
            return True
        if self._query.models:
            names = self._db.execute("SELECT seq, name FROM model").fetchall()
            pieces = [name.lower() for name in self._query.models]
            models = [seq for seq, name in names if all(piece in name.lower() for piece in pieces)]
            if not models:
                return False
        self._facets = fts_query.facet_queries(self._query, models, conversations)
        any_turn = "SELECT 1 FROM search WHERE search MATCH ? LIMIT 1"
        return (
            not self._facets
            or self._db.execute(any_turn, (fts_query.match_all(self._facets),)).fetchone() is not None
        )

    def _add_matches(self, queries: Sequence[str], check: Sequence[SearchTerm], most: int | None) -> bool:
        """Add the turns that match all queries, in blocks; return whether all of them were read."""
        rows = self._rows(fts_query.match_all([*queries, *self._facets]), most)
        read = _CountedRows(rows)
        matching = (row for row in read if row[0] not in self.matches and all(term.is_in(row[-1]) for term in check))
        while len(self.matches) < self._limit:
            block = [self._ranked(row) for row in islice(matching, self._block)]
            if not block:
                break
            block.sort(key=lambda one: (-one.score, -one.seq))
            self.matches.update({one.seq: one for one in block})
        rows.close()
        return most is None or read.count < most

    def _rows(self, match: str, most: int | None) -> sqlite3.Cursor:
        """Return turns that have ended, newest first."""
        source = "search CROSS JOIN turn ON turn.seq = search.rowid" if match else "turn"
        where, values = self._where, [*([match] if match else []), *self._values]
        if self._only_conversations is not None:
            # The plus keeps SQLite from querying the index once for each turn.
            where += f" AND {'+search.rowid' if match else 'turn.seq'} IN ({_TURNS_AMONG})"
            values.append(self._only_conversations)
        return self._db.execute(
            f"SELECT turn.seq, conversation.id, turn.id, conversation.title, turn.role, turn.model, turn.created_at,"
            f" turn.text FROM {source} CROSS JOIN conversation ON conversation.seq = turn.conversation"
            f" WHERE {'search MATCH ? AND ' if match else ''}{where}"
            f" ORDER BY {'search.rowid' if match else 'turn.seq'} DESC LIMIT ?",
            (*values, -1 if most is None else most),
        )

    def _ranked(self, row: tuple[int, str, str, str, str, str, str, str]) -> _Match:
        seq, *hit, text = row
        score = 0.0
        weight = 1.2 * (0.5 + 0.5 * len(text) / _USUAL_LENGTH)
        for term in self.terms:
            spans = term.spans(text, min(len(text), _RANKED_TEXT), _COUNTED)
            whole = sum(end == len(text) or not text[end].isalnum() for _, end in spans)
            count = (len(spans) + whole) / 2
            score += 2.2 * count / (count + weight) + (0.5 if term.is_in(hit[2]) else 0)
        return _Match(seq, score, (hit[0], hit[1], hit[2], hit[3], hit[4], hit[5]), text)


class _CountedRows:
    """Rows, and how many of them were read."""

    def __init__(self, rows: sqlite3.Cursor) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[tuple[int, str, str, str, str, str, str, str]]:
        for row in self._rows:
            self.count += 1
            yield row


def _conditions(query: Query) -> tuple[str, list[object]]:
    """Return the exact SQL conditions of the filters."""
    where, values = ["turn.owner IS NULL", "conversation.deleted_at IS NULL"], list[object]()
    if query.role is not None:
        where.append("turn.role = ?")
        values.append(query.role)
    for name in query.models:
        where.append("instr(lower(turn.model), ?) > 0")
        values.append(name.lower())
    for moment, sign in ((query.after, ">="), (query.before, "<")):
        if moment is not None:
            where.append(f"CAST(strftime('%s', turn.created_at) AS INTEGER) {sign} ?")
            values.append(int(moment.timestamp()))
    return " AND ".join(where), values


def _hit(match: _Match, terms: Sequence[SearchTerm]) -> SearchHit:
    conversation_id, turn_id, title, role, model, created_at = match.hit
    snippet, marks = make_snippet(match.text, terms)
    made_at = parse_required_time(created_at)
    return SearchHit(conversation_id, turn_id, title, Role(role), model, made_at, snippet, marks)
