"""The bounds of plausible figures, for every input: provider, file, settings, price list, database.

A figure out of bounds is unknown: `None` here, `?` on the screen. It is never 0 and never clamped.
"""

from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation

MOST_TOKENS = 10**15
MOST_USD = Decimal(10**9)
"""For one reply, and for any rate of a price."""
MOST_SUM_USD = Decimal(10**18)
MOST_MS = 10**12
"""About thirty years."""
MOST_COUNTER = 2**53
"""Of the Lamport clock of sync: none gets that far by counting."""
MOST_RANK = 2
"""Of a field that is synced: how strong the source of a title is."""
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""Between these, a moment has a date in every time zone."""
UNKNOWN_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""Used where a date is required and the stored one cannot be read."""
EXACT = Context(prec=200, traps=[])
"""Adds and multiplies dollars within these bounds without rounding, and never raises."""

_FIRST_SAFE_YEAR, _LAST_SAFE_YEAR = EARLIEST.year + 1, LATEST.year - 1
"""Between these years the exact bounds need not be checked, which costs more."""
_LONGEST_AMOUNT = 60
"""Characters of an amount as text."""
_MOST_PLACES = 40


class OutOfBounds(ValueError):
    """A reported figure is out of bounds."""


def count_in_bounds(value: object, most: int = MOST_TOKENS) -> int | None:
    """Return a count as an integer; a float loses its fraction, `True` is no count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= most else None


def reported_count(value: object) -> int:
    """Return a count from a provider's report: 0 for a negative number and for anything else.

    Raises `OutOfBounds` for a number that is too large: then nothing in the report is plausible.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return 0
    if (count := count_in_bounds(value)) is None:
        raise OutOfBounds(f"no reply uses more than {MOST_TOKENS:,} tokens")
    return count


def milliseconds_in_bounds(value: object) -> int | None:
    """Return a time in milliseconds."""
    return count_in_bounds(value, MOST_MS)


def dollars_in_bounds(value: object, most: Decimal = MOST_USD) -> Decimal | None:
    """Return an amount to its last digit; `None` if it is negative, too large, or has too many digits.

    Sums of such amounts have no more places than the amounts, so that they stay exact and in bounds.
    """
    if isinstance(value, str) and len(value) <= _MOST_PLACES and value.replace(".", "", 1).isdecimal():
        # The fast path for nearly every stored amount; a long conversation has ten thousand of them.
        return usd if (usd := Decimal(value)) <= most else None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, int | float) and not 0 <= value <= most:
        return None
    text = str(value)
    if len(text) > _LONGEST_AMOUNT:
        return None
    try:
        usd = Decimal(text)
    except InvalidOperation:
        return None
    exponent = usd.as_tuple().exponent
    if not isinstance(exponent, int) or not -_MOST_PLACES <= exponent <= _MOST_PLACES or not 0 <= usd <= most:
        return None
    return abs(usd) if usd.is_signed() else usd


def moment_in_bounds(value: object) -> datetime | None:
    """Return the moment in an ISO 8601 text; one without an offset is in this machine's time zone."""
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        if moment.tzinfo is not None and _FIRST_SAFE_YEAR <= moment.year <= _LAST_SAFE_YEAR:
            return moment
        moment = moment if moment.tzinfo is not None else moment.astimezone()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None
