"""Build FTS5 MATCH expressions for a search. Runs no statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui_chat.storage import tokenizer
from tui_chat.storage.search_syntax import Query, Term

_SHORT_PREFIX = 3
"""A prefix of at most this many letters matches too many words: the index would have to join all their lists."""
_LAST_YEAR = 2100
_FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One way to search for all terms at once."""

    match: tuple[str, ...]
    """MATCH expressions that must all hold; empty if the turns themselves are read."""
    check: tuple[str, ...] = ()
    """Texts that must then be found in the turn itself, as the index cannot distinguish them."""
    is_partial: bool = False
    """The index can only answer part of the search."""


def search_steps(terms: Sequence[Term]) -> list[SearchStep]:
    """Return the steps, narrowest first: exact words, then the last word as a prefix, then all words as prefixes."""
    signs = tuple(term.text for term in terms if term.is_phrase or not term.text.isalnum())
    exact = [_index_query(term, open_end=False) for term in terms]
    last_as_prefix = [*exact[:-1], _index_query(terms[-1], open_end=True)]
    prefixes = [
        query if term.is_phrase else _index_query(term, open_end=True)
        for query, term in zip(last_as_prefix, terms, strict=True)
    ]
    steps: list[SearchStep] = []
    for queries, check in ((exact, signs), (last_as_prefix, signs), (prefixes, ())):
        partial = tuple(term.text for term, query in zip(terms, queries, strict=True) if query.is_partial)
        step = SearchStep(
            tuple(query.match for query in queries if query.match),
            tuple(dict.fromkeys(check + partial)),
            bool(partial),
        )
        if all(step.match != other.match or step.is_partial != other.is_partial for other in steps):
            steps.append(step)
    return steps


@dataclass(frozen=True, slots=True)
class _IndexQuery:
    match: str
    is_partial: bool = False


def _index_query(term: Term, *, open_end: bool) -> _IndexQuery:
    """Return the query for a term; with an open end its last word is a prefix.

    A short prefix is left out and checked in the text, since the index would have to join too many lists.
    """
    words, may_go_on = tokenizer.tokens(term.text)
    if not words:
        return _IndexQuery("", True)
    last = words[-1]
    lone_sign = tokenizer.is_unspaced(last) and len(last) == 1
    if not lone_sign and not (open_end and may_go_on and not term.is_phrase and not tokenizer.is_unspaced(last)):
        return _IndexQuery(_match(words))
    if len(last) > _SHORT_PREFIX:
        return _IndexQuery(_match(words, prefix=True))
    return _IndexQuery(_match(words[:-1]) if len(words) > 1 else "", True)


def prefix_queries(terms: Sequence[Term]) -> list[str]:
    """Return the prefix query for a search of a single word, however many lists that joins."""
    words = [tokenizer.tokens(term.text)[0] for term in terms]
    return [_match(words[0], prefix=True)] if len(words) == 1 and len(words[0]) == 1 else []


def _match(words: list[str], *, prefix: bool = False) -> str:
    columns = "{text}" if len(words) > 1 else "{text humps}"
    return f'{columns} : "{" ".join(words)}"{" *" if prefix else ""}'


def facet_queries(query: Query, models: list[int], conversations: list[int] | None) -> list[str]:
    """Return the filters for the index; they may let through slightly more than the query wants."""
    queries = []
    if query.role is not None:
        queries.append([f"r{query.role}"])
    if query.models:
        queries.append([f"p{number}" for number in models])
    if query.after is not None or query.before is not None:
        queries.append(_times(query.after, query.before))
    if conversations is not None:
        queries.append([f"c{number}" for number in conversations])
    return ["{facets} : (" + " OR ".join(f'"{word}"' for word in query) + ")" for query in queries]


def _times(after: datetime | None, before: datetime | None) -> list[str]:
    """Return the years and months of all turns in the range, whatever the offset of their clock."""
    first = (after or datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)).astimezone(UTC) - timedelta(days=1)
    last = (before or datetime(_LAST_YEAR, 12, 30, tzinfo=UTC)).astimezone(UTC) + timedelta(days=1)
    words = [f"y{year}" for year in range(first.year + 1, last.year)]
    for year in sorted({first.year, last.year}):
        begin = first.month if year == first.year else 1
        end = last.month if year == last.year else 12
        words += [f"m{year:04}{month:02}" for month in range(begin, end + 1)]
    return words or ["m000000"]


def match_all(queries: Sequence[str]) -> str:
    """Join MATCH expressions that must all hold."""
    return " AND ".join(f"({query})" for query in queries)
