"""What somebody typed into the search box, taken apart. Nothing that can be typed is an error. Knows no table."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from tui_chat.core.bounds import EARLIEST, LATEST

_PIECE = re.compile(
    r'(?P<filter>(?:model|role|after|before|title):)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>(?!\s)[^\s"]\S*)|(?=\s|$))',
    re.IGNORECASE,
)
_MOST_TERMS = 24
_LONGEST_TERM = 200
_LONGEST_QUERY = 4_000
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$")
_UNFINISHED_DATE = re.compile(r"\d{0,4}(?:-\d{0,2}){0,2}$")
_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase that must be there."""

    text: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All that must hold of a turn."""

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

    def take(self, name: str, value: str) -> bool:
        """Whether it is a filter, be it one that is still being typed."""
        match name:
            case "model" | "title":
                if value:
                    (self.models if name == "model" else self.titles).append(value)
                return True
            case "role":
                meant = [role for role in _ROLES if role.startswith(value.lower())]
                self.role = meant[0] if value and meant else self.role
                return bool(meant)
        if (moment := _moment(value)) is None:
            return _UNFINISHED_DATE.match(value) is not None
        if name == "after":
            self.after = moment
        else:
            self.before = moment
        return True


def parse(text: str) -> Query:
    """Words, `"phrases"`, and the filters model: role: title: after: before:; what is none of these is a word."""
    parsed = _Parsed()
    for piece in _PIECE.finditer(text[:_LONGEST_QUERY]):
        name = (piece["filter"] or "").rstrip(":").lower()
        value = (piece["phrase"] or piece["word"] or "").strip()[:_LONGEST_TERM]
        if name and parsed.take(name, value):
            continue
        said = (piece["filter"] or "") + value if name else value
        if said and len(parsed.terms) < _MOST_TERMS:
            parsed.terms.append(Term(said, piece["phrase"] is not None))
    return Query(
        tuple(parsed.terms), parsed.role, tuple(parsed.models), tuple(parsed.titles), parsed.after, parsed.before
    )


def _moment(text: str) -> datetime | None:
    """A year, a month, a day or an ISO moment, in the time zone of whoever asks."""
    try:
        if (found := _DATE.match(text)) is not None:
            year, month, day = (int(part) if part else 1 for part in found.groups())
            moment = datetime(year, month, day).astimezone()
        else:
            moment = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None
