"""What the index is asked for a query, in the language of FTS5. Runs no statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui_chat.storage import tokenizer
from tui_chat.storage.search_syntax import Query, Term

_SHORT = 3
"""A beginning of so few letters is one of too many words: the index would have to join all their lists."""
_LAST_YEAR = 2100
_FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class Step:
    """One way to look for all terms at once."""

    match: tuple[str, ...]
    """What the index is asked, all of which must hold; none of it when the turns themselves are read."""
    check: tuple[str, ...] = ()
    """What must then be found in the text itself, as the index cannot tell."""
    is_partial: bool = False
    """The index could only be asked for a part of what is sought."""


def steps(terms: Sequence[Term]) -> list[Step]:
    """Ways to look, from the narrowest: the words as they are, the last one's beginning, the beginnings of all."""
    signs = tuple(term.text for term in terms if term.is_phrase or not term.text.isalnum())
    exact = [_ask(term, open_end=False) for term in terms]
    typed = [*exact[:-1], _ask(terms[-1], open_end=True)]
    begun = [one if term.is_phrase else _ask(term, open_end=True) for one, term in zip(typed, terms, strict=True)]
    made: list[Step] = []
    for asks, check in ((exact, signs), (typed, signs), (begun, ())):
        partial = tuple(term.text for term, ask in zip(terms, asks, strict=True) if ask.is_partial)
        step = Step(
            tuple(ask.match for ask in asks if ask.match), tuple(dict.fromkeys(check + partial)), bool(partial)
        )
        if all(step.match != other.match or step.is_partial != other.is_partial for other in made):
            made.append(step)
    return made


@dataclass(frozen=True, slots=True)
class _Ask:
    match: str
    is_partial: bool = False


def _ask(term: Term, *, open_end: bool) -> _Ask:
    """A term for the index; with an open end its last word may go on.

    A beginning of few letters is left out and read in the text, since the index would have to join too many lists.
    """
    said, may_go_on = tokenizer.tokens(term.text)
    if not said:
        return _Ask("", True)
    last = said[-1]
    lone_sign = tokenizer.is_unspaced(last) and len(last) == 1
    if not lone_sign and not (open_end and may_go_on and not term.is_phrase and not tokenizer.is_unspaced(last)):
        return _Ask(_match(said))
    if len(last) > _SHORT:
        return _Ask(_match(said, prefix=True))
    return _Ask(_match(said[:-1]) if len(said) > 1 else "", True)


def beginnings(terms: Sequence[Term]) -> list[str]:
    """The beginning of the only word for the index, however many lists that joins."""
    said = [tokenizer.tokens(term.text)[0] for term in terms]
    return [_match(said[0], prefix=True)] if len(said) == 1 and len(said[0]) == 1 else []


def _match(said: list[str], *, prefix: bool = False) -> str:
    columns = "{text}" if len(said) > 1 else "{text humps}"
    return f'{columns} : "{" ".join(said)}"{" *" if prefix else ""}'


def facets(query: Query, models: list[int], conversations: list[int] | None) -> list[str]:
    """The filters for the index; what they let through may still be a little more than was asked for."""
    asks = []
    if query.role is not None:
        asks.append([f"r{query.role}"])
    if query.models:
        asks.append([f"p{number}" for number in models])
    if query.after is not None or query.before is not None:
        asks.append(_times(query.after, query.before))
    if conversations is not None:
        asks.append([f"c{number}" for number in conversations])
    return ["{facets} : (" + " OR ".join(f'"{word}"' for word in ask) + ")" for ask in asks]


def _times(after: datetime | None, before: datetime | None) -> list[str]:
    """The years and months in which a turn may have been made whose clock had any offset."""
    first = (after or datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)).astimezone(UTC) - timedelta(days=1)
    last = (before or datetime(_LAST_YEAR, 12, 30, tzinfo=UTC)).astimezone(UTC) + timedelta(days=1)
    said = [f"y{year}" for year in range(first.year + 1, last.year)]
    for year in sorted({first.year, last.year}):
        begin = first.month if year == first.year else 1
        end = last.month if year == last.year else 12
        said += [f"m{year:04}{month:02}" for month in range(begin, end + 1)]
    return said or ["m000000"]


def all_of(asks: Sequence[str]) -> str:
    """A question for the index that all of these answer."""
    return " AND ".join(f"({ask})" for ask in asks)
