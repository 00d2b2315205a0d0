"""What every wire reads of a fault in the same way: what lies below it, and how long the server asks to wait."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_S = 1e9


def causes(fault: BaseException | None) -> Iterator[BaseException]:
    """The exception, the one it came from, and so on to the bottom."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait, told in milliseconds, seconds or as a date by its own clock."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (wait_s := _seconds(headers.get(name, ""), unit)) is not None:
            return wait_s
    until = _date(headers.get("retry-after", ""))
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0) if until is not None else None


def _seconds(written: str, unit: int) -> float | None:
    try:
        wait_s = float(written) / unit
    except ValueError:
        return None
    return wait_s if 0 <= wait_s < _LONGEST_S else None


def _date(written: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(written)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
