"""Parse the text of a search. No text is an error. Knows no table."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from tui_chat.core.bounds import EARLIEST, LATEST

_PIECE = re.compile(
    r'(?P<filter>(?:model|role|after|before|title):)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>(?!\s)[^\s"]\S*)|(?=\s|$))',
    re.IGNORECASE,
)
_MAX_TERMS = 24
_MAX_TERM_LENGTH = 200
_MAX_QUERY_LENGTH = 4_000
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$")
_UNFINISHED_DATE = re.compile(r"\d{0,4}(?:-\d{0,2}){0,2}$")
_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase that must occur."""

    text: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The conditions of a search."""

    terms: tuple[Term, ...] = ()
    role: str | None = None
    models: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None


def parse(text: str) -> Query:
    """Parse words, `"phrases"`, and the filters model: role: title: after: before:; anything else is a word."""
    query = Query()
    for piece in _PIECE.finditer(text[:_MAX_QUERY_LENGTH]):
        name = (piece["filter"] or "").rstrip(":").lower()
        value = (piece["phrase"] or piece["word"] or "").strip()[:_MAX_TERM_LENGTH]
        if name and (filtered := _with_filter(query, name, value)) is not None:
            query = filtered
            continue
        word = (piece["filter"] or "") + value if name else value
        if word and len(query.terms) < _MAX_TERMS:
            query = replace(query, terms=(*query.terms, Term(word, piece["phrase"] is not None)))
    return query


def _with_filter(query: Query, name: str, value: str) -> Query | None:
    """Return the query with a filter; `None` if the text is none, not even one that is still being typed."""
    match name:
        case "model":
            return replace(query, models=(*query.models, value)) if value else query
        case "title":
            return replace(query, titles=(*query.titles, value)) if value else query
        case "role":
            roles = [role for role in _ROLES if role.startswith(value.lower())]
            return (replace(query, role=roles[0]) if value else query) if roles else None
    if (moment := _moment(value)) is None:
        return query if _UNFINISHED_DATE.match(value) else None
    return replace(query, after=moment) if name == "after" else replace(query, before=moment)


def _moment(text: str) -> datetime | None:
    """Return the start of a year, a month or a day, or an ISO moment, in the local time zone."""
    try:
        if (match := _DATE.match(text)) is not None:
            year, month, day = (int(part) if part else 1 for part in match.groups())
            moment = datetime(year, month, day).astimezone()
        else:
            moment = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None
