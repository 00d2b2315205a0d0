"""Parse the text of a search. No text is an error. Knows no table."""

import re
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Parsed:
    terms: list[Term] = field(default_factory=list)
    role: str | None = None
    models: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    after: datetime | None = None
    before: datetime | None = None

    def add_filter(self, name: str, value: str) -> bool:
        """Add a filter; return false if the text is none, not even one that is still being typed."""
        match name:
            case "model" | "title":
                if value:
                    (self.models if name == "model" else self.titles).append(value)
                return True
            case "role":
                roles = [role for role in _ROLES if role.startswith(value.lower())]
                self.role = roles[0] if value and roles else self.role
                return bool(roles)
        if (moment := _moment(value)) is None:
            return _UNFINISHED_DATE.match(value) is not None
        if name == "after":
            self.after = moment
        else:
            self.before = moment
        return True


def parse(text: str) -> Query:
    """Parse words, `"phrases"`, and the filters model: role: title: after: before:; anything else is a word."""
    parsed = _Parsed()
    for piece in _PIECE.finditer(text[:_MAX_QUERY_LENGTH]):
        name = (piece["filter"] or "").rstrip(":").lower()
        value = (piece["phrase"] or piece["word"] or "").strip()[:_MAX_TERM_LENGTH]
        if name and parsed.add_filter(name, value):
            continue
        word = (piece["filter"] or "") + value if name else value
        if word and len(parsed.terms) < _MAX_TERMS:
            parsed.terms.append(Term(word, piece["phrase"] is not None))
    return Query(
        tuple(parsed.terms), parsed.role, tuple(parsed.models), tuple(parsed.titles), parsed.after, parsed.before
    )


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
