"""Full-text search: the newest turns that match, the best of them first, with the place where they match.

The index names turns newest first; they are ranked in blocks, so that a word that stands in every turn costs no more
than a rare one and pages never shift. Where the index cannot help (a piece of a word, mere signs), the newest turns
themselves are read, up to a limit.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tui_chat.core.conversation import SearchHit
from tui_chat.core.turn import Role
from tui_chat.storage import fts_query, search_index
from tui_chat.storage.conversation_list import titled
from tui_chat.storage.row_mapping import required_time_in
from tui_chat.storage.search_syntax import Query, Term, parse
from tui_chat.storage.snippet import cut
from tui_chat.storage.tokenizer import SearchTerm

_BLOCK = 100
"""So many matches are ranked against each other."""
_SMALL_BLOCK = 30
"""And so many where few of the index's answers pass a filter that it does not know."""
_READ = 1_200
"""So many of the newest turns are read for a beginning so short that the index would know it everywhere."""
_READ_FAR = 1_500
"""And so many for what the index does not know at all."""
_VERIFIED = 1_000
"""So many of the index's answers are read to find what it cannot tell apart, such as `c++` from `c`."""
_FEW_CONVERSATIONS = 200
_RANKED_TEXT = 20_000
_COUNTED = 8
_TURNS_AMONG = "SELECT seq FROM turn WHERE conversation IN (SELECT value FROM json_each(?))"
_USUAL_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class _Found:
    seq: int
    score: float
    hit: tuple[str, str, str, str, str, str]
    """Conversation id, turn id, title, role, model, time."""
    text: str


def search(db: sqlite3.Connection, text: str, limit: int, offset: int) -> list[SearchHit]:
    """A page of what matches."""
    query = parse(text)
    if query == Query():
        return []
    one = _Search(db, query, offset + limit)
    one.look_everywhere()
    return [_hit(found, one.sought) for found in islice(one.found.values(), offset, offset + limit)]


class _Search:
    """One search: from the narrowest question to the widest, until enough was found."""

    def __init__(self, db: sqlite3.Connection, query: Query, wanted: int) -> None:
        self._db = db
        self._query = query
        self._wanted = wanted
        self._where, self._values = _conditions(query)
        self._facets: list[str] = []
        self._block = _BLOCK
        self._among: str | None = None
        """Numbers of the only conversations that count, as JSON."""
        self.sought = [SearchTerm(term.text) for term in query.terms]
        self.found: dict[int, _Found] = {}

    def look_everywhere(self) -> None:
        """Fill `found`, best first."""
        terms = self._query.terms
        indexed = search_index.is_whole(self._db)
        if not self._narrow(indexed=indexed):
            return
        if not indexed:
            self._look_inside(None)
        elif not terms:
            self._look((), (), None)
        else:
            self._look_for(terms)

    def _look_for(self, terms: Sequence[Term]) -> None:
        for step in fts_query.steps(terms):
            if len(self.found) >= self._wanted:
                return
            most = None if not step.check else _VERIFIED if step.match else _READ
            was_all = self._look(step.match, [SearchTerm(text) for text in step.check], most)
            if not step.match and not was_all and len(self.found) < self._wanted:
                # There are so few among the newest that the lists to join must be short.
                for beginning in fts_query.beginnings(terms):
                    self._look((beginning,), (), None)
        if not self.found and self._block == _BLOCK and not all(term.is_phrase for term in terms):
            self._look_inside(_READ_FAR)

    def _look_inside(self, most: int | None) -> None:
        """Read turns for what stands in the middle of words."""
        self.sought = [SearchTerm(term.text, inside=True) for term in self._query.terms]
        self._look((), self.sought, most)

    def _narrow(self, *, indexed: bool) -> bool:
        """Make the filters ready; whether anything can pass them."""
        conversations, models = None, list[int]()
        if self._query.titles:
            conversations = titled(self._db, self._query.titles)
            if not conversations:
                return False
            if not indexed or len(conversations) > _FEW_CONVERSATIONS:
                self._among = str(conversations)
                self._block = _SMALL_BLOCK
                conversations = None
        if not indexed:
            return True
        if self._query.models:
            names = self._db.execute("SELECT seq, name FROM model").fetchall()
            wanted = [name.lower() for name in self._query.models]
            models = [seq for seq, name in names if all(piece in name.lower() for piece in wanted)]
            if not models:
                return False
        self._facets = fts_query.facets(self._query, models, conversations)
        any_turn = "SELECT 1 FROM search WHERE search MATCH ? LIMIT 1"
        return (
            not self._facets or self._db.execute(any_turn, (fts_query.all_of(self._facets),)).fetchone() is not None
        )

    def _look(self, asks: Sequence[str], check: Sequence[SearchTerm], most: int | None) -> bool:
        """Add what answers to all of these, in blocks; tells whether that was all there is."""
        rows = self._rows(fts_query.all_of([*asks, *self._facets]), most)
        read = _Counted(rows)
        matching = (row for row in read if row[0] not in self.found and all(one.stands_in(row[-1]) for one in check))
        while len(self.found) < self._wanted:
            block = [self._ranked(row) for row in islice(matching, self._block)]
            if not block:
                break
            block.sort(key=lambda one: (-one.score, -one.seq))
            self.found.update({one.seq: one for one in block})
        rows.close()
        return most is None or read.count < most

    def _rows(self, match: str, most: int | None) -> sqlite3.Cursor:
        """Turns that have ended, newest first."""
        source = "search CROSS JOIN turn ON turn.seq = search.rowid" if match else "turn"
        where, values = self._where, [*([match] if match else []), *self._values]
        if self._among is not None:
            # The plus keeps SQLite from asking the index for each of the turns.
            where += f" AND {'+search.rowid' if match else 'turn.seq'} IN ({_TURNS_AMONG})"
            values.append(self._among)
        return self._db.execute(
            f"SELECT turn.seq, conversation.id, turn.id, conversation.title, turn.role, turn.model, turn.created_at,"
            f" turn.text FROM {source} CROSS JOIN conversation ON conversation.seq = turn.conversation"
            f" WHERE {'search MATCH ? AND ' if match else ''}{where}"
            f" ORDER BY {'search.rowid' if match else 'turn.seq'} DESC LIMIT ?",
            (*values, -1 if most is None else most),
        )

    def _ranked(self, row: tuple[int, str, str, str, str, str, str, str]) -> _Found:
        seq, *hit, text = row
        score = 0.0
        weight = 1.2 * (0.5 + 0.5 * len(text) / _USUAL_LENGTH)
        for one in self.sought:
            spans = one.spans(text, min(len(text), _RANKED_TEXT), _COUNTED)
            whole = sum(end == len(text) or not text[end].isalnum() for _, end in spans)
            count = (len(spans) + whole) / 2
            score += 2.2 * count / (count + weight) + (0.5 if one.stands_in(hit[2]) else 0)
        return _Found(seq, score, (hit[0], hit[1], hit[2], hit[3], hit[4], hit[5]), text)


class _Counted:
    """Rows, and how many of them were looked at."""

    def __init__(self, rows: sqlite3.Cursor) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[tuple[int, str, str, str, str, str, str, str]]:
        for row in self._rows:
            self.count += 1
            yield row


def _conditions(query: Query) -> tuple[str, list[object]]:
    """What must hold of a turn beside its words, exactly."""
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


def _hit(found: _Found, sought: Sequence[SearchTerm]) -> SearchHit:
    conversation_id, turn_id, title, role, model, created_at = found.hit
    snippet, marks = cut(found.text, sought)
    made_at = required_time_in(created_at)
    return SearchHit(conversation_id, turn_id, title, Role(role), model, made_at, snippet, marks)
