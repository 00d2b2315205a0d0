"""What the index is asked for a query, in the language of FTS5. Runs no statement."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui_chat.storage import words
from tui_chat.storage.query import Query, Term

_SHORT = 3
"""A beginning of so few letters is one of too many words: the index would have to join all their lists."""
_LAST_YEAR = 2100
_FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class Asked:
    """One term as the index is asked for it."""

    text: str
    match: str
    """Empty where it holds nothing that the index knows."""
    is_short: bool
    is_literal: bool
    """It holds signs or is a phrase, so the index's answer must be compared with the text."""

    @property
    def must_be_read(self) -> bool:
        """Whether the index is of no help, or of too little."""
        return self.is_short or not self.match


def asked(term: Term, *, open_end: bool) -> Asked:
    """A term for the index; with an open end its last word may go on."""
    said, may_go_on = words.tokens(term.text)
    if not said:
        return Asked(term.text, "", False, True)
    one_sign = words.is_unspaced(said[-1]) and len(said[-1]) == 1
    prefix = one_sign or (open_end and may_go_on and not term.is_phrase and not words.is_unspaced(said[-1]))
    columns = "{text}" if len(said) > 1 else "{text humps}"
    return Asked(
        term.text,
        f'{columns} : "{" ".join(said)}"{" *" if prefix else ""}',
        is_short=prefix and (one_sign or len(said[-1]) <= _SHORT),
        is_literal=term.is_phrase or not term.text.isalnum(),
    )


def widened(term: Term) -> Asked:
    """The same term with its end open wherever that costs little, whatever the text says between its words."""
    wide = asked(Term(term.text), open_end=True)
    return asked(Term(term.text), open_end=False) if wide.is_short else wide


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


def all_of(asks: list[str]) -> str:
    """A question for the index that all of these answer."""
    return " AND ".join(f"({ask})" for ask in asks)
