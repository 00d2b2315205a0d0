"""Groups of the library's list by the time of last use. Knows no widget and no store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = 12
PINNED = "Pinned"
OLDER = "Older"


@dataclass(frozen=True, slots=True)
class Group:
    """A heading and the rows below it."""

    label: str
    first_row: int
    """Its heading's row; the conversations follow."""
    first: int
    """The number of its first conversation in the list."""
    count: int


def spans(now: datetime) -> list[tuple[str, datetime]]:
    """Return the groups and the moment from which on a conversation belongs to each, the latest first."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    groups = [
        ("Today", today),
        ("Yesterday", today - timedelta(days=1)),
        ("Last 7 days", today - timedelta(days=7)),
        ("Last 30 days", today - timedelta(days=30)),
    ]
    month = (today - timedelta(days=30)).replace(day=1)
    for _ in range(_MONTHS):
        groups.append((f"{month:%B %Y}", month))
        month = (month - timedelta(days=1)).replace(day=1)
    return groups


def groups_of(labels: Sequence[str], counts: Sequence[int]) -> list[Group]:
    groups: list[Group] = []
    row = first = 0
    for label, count in zip(labels, counts, strict=True):
        if count:
            groups.append(Group(label, row, first, count))
            row += count + 1
            first += count
    return groups
