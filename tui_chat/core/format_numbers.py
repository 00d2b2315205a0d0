"""Formats tokens, dollars, times and shares as short text. Every digit shown is exact; estimates have a `~`.

Nothing here raises for any number or moment: an implausible value is `?`, one that is too large has a `>`.
"""

import math
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal

from tui_chat.core.bounds import EARLIEST, LATEST, UNKNOWN_MOMENT
from tui_chat.core.usage import OWN_PRICE, Cost, CostSum, Usage

UNKNOWN = "?"
"""The value is unknown, which is not the same as zero."""
NONE = "–"
"""There is no value yet."""
WHEN_WIDTH = len("30 Nov 2025")
TOKENS_WIDTH = 5
"""Maximum width of a token count."""

_UNITS = ("", "k", "M", "B", "T")
_THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_EVEN)
_SMALLEST = Decimal("0.0000001")
_MOST_TOKENS = 999_500_000_000_000
_MOST_IN_FULL = 10**18
_MOST_USD = Decimal(10**12)
_MOST_DAYS = 9999
_MOST_PER_S = 99_999
_MOST_SHARE = 10


def short_tokens(count: int, *, estimated: bool = False) -> str:
    """Return `950`, `1.23k`, `12.3k`, `123k`, `1.23M`: three digits, rounded; `?` for less than none."""
    mark = "~" if estimated else ""
    if count < 0:
        return UNKNOWN
    if count >= _MOST_TOKENS:
        return f"{mark}>999T"
    if count < 1000:
        return f"{mark}{count}"
    rounded = _THREE_DIGITS.plus(Decimal(count))
    unit = min(rounded.adjusted() // 3, len(_UNITS) - 1)
    places = max(0, 2 - rounded.adjusted() + 3 * unit)
    return f"{mark}{rounded.scaleb(-3 * unit):.{places}f}{_UNITS[unit]}"


def full_tokens(count: int, *, estimated: bool = False) -> str:
    """Return `12,345`."""
    if not 0 <= count <= _MOST_IN_FULL:
        return short_tokens(count, estimated=estimated)
    return f"{'~' if estimated else ''}{count:,}"


def tokens_of(usage: Usage, count: int) -> str:
    """Return one count of a usage or of a sum: `12.3k`, `?` if unknown, `12.3k+?` if part of a sum is unknown."""
    if usage.unknown:
        return f"{short_tokens(count)}+?" if count else UNKNOWN
    return short_tokens(count, estimated=usage.estimated)


def dollars(usd: Decimal | None, *, estimated: bool = False) -> str:
    """Return `$12,345.67`, `$0.0132`, `$0.00034`; `?` for an unknown sum, `$0.00` only for a known zero.

    From a dollar up in cents, from a cent up in hundredths of a cent, below that with two significant digits.
    """
    if usd is None or not usd.is_finite():
        return UNKNOWN
    mark, size = ("~" if estimated else "") + ("-" if usd < 0 else ""), abs(usd)
    if 0 < size < _SMALLEST:
        return f"{mark}<${_SMALLEST:f}"
    if size >= _MOST_USD:
        return f"{mark}>$999B"
    return f"{mark}${_rounded(size):,f}"


def cost_with_source(cost: Cost) -> str:
    """Return a cost with what it is from: the provider's own sum, your price or the price list."""
    sum_usd = dollars(cost.total_usd, estimated=cost.estimated)
    if cost.billed:
        return f"{sum_usd}, as the provider billed it"
    if cost.price is None:
        return sum_usd
    if not (cost.price.input_usd or cost.price.output_usd):
        return f"{sum_usd}, free"
    rates = f"{dollars(cost.price.input_usd)} in, {dollars(cost.price.output_usd)} out"
    source = "your price" if cost.price.source == OWN_PRICE else cost.price.source
    return f"{sum_usd}, by {source or 'a price'}: {rates}"


def cost_so_far(usd: Decimal | None, *, estimated: bool) -> str:
    """Return a conversation's cost as its summary has it: `–` where no reply reported its usage."""
    return NONE if usd is None and not estimated else dollars(usd, estimated=estimated)


def _rounded(size: Decimal) -> Decimal:
    if size == 0:
        return Decimal("0.00")
    places = 2 if size >= 1 else min(max(4, 1 - size.adjusted()), 7)
    rounded = size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return rounded.quantize(Decimal("0.01")) if rounded >= 1 else rounded


def cost_sum(total: CostSum) -> str:
    """Return a sum, marked if it is incomplete: `$0.42`, `~$0.42`, `$0.42+?`, `?`, `–` before the first reply."""
    if not total.known_replies:
        return UNKNOWN if total.unknown_replies else NONE
    return dollars(total.total_usd, estimated=total.estimated) + ("+?" if total.unknown_replies else "")


def duration(seconds: float) -> str:
    """Return `0.4s`, `12s`, `1m 12s`, `2h 03m`, `3d 04h`."""
    if math.isnan(seconds):
        return UNKNOWN
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    if seconds >= _MOST_DAYS * 86_400:
        return f">{_MOST_DAYS}d"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600:02}h"


def seconds_running(seconds: float) -> str:
    """Return a duration in whole seconds, for a running clock."""
    if not math.isfinite(seconds):
        return duration(seconds)
    return f"{int(max(seconds, 0))}s" if seconds < 60 else duration(int(seconds))


def speed(tokens_per_s: float | None) -> str:
    """Return `42 tok/s`; from 100,000 on in thousands."""
    if tokens_per_s is None:
        return NONE
    if not math.isfinite(tokens_per_s) or tokens_per_s < 0:
        return f"{UNKNOWN} tok/s"
    if tokens_per_s > _MOST_PER_S:
        return f"{short_tokens(round(tokens_per_s))} tok/s"
    return f"{tokens_per_s:.1f} tok/s" if tokens_per_s < 9.95 else f"{tokens_per_s:,.0f} tok/s"


def percent(share: float | None) -> str:
    """Return `12%`; `<1%` for little that is not nothing, and 100 only when it is full."""
    if share is None or math.isnan(share) or share < 0:
        return UNKNOWN
    if share >= _MOST_SHARE:
        return f">{_MOST_SHARE * 100 - 1}%"
    if 0 < share < 0.01:
        return "<1%"
    return f"{int(share * 100 + 1e-9):,}%"


def when(moment: datetime, now: datetime) -> str:
    """Return `14:05`, `yesterday`, `Tue 14:05`, `3 Nov`, `3 Nov 2025`: only as precise as needed."""
    # This machine's zone may have had another offset at that moment than it has now.
    here = now.astimezone().tzinfo == now.tzinfo
    if (shown := local_moment(moment, None if here else now.tzinfo)) is None:
        return UNKNOWN
    days = (now.date() - shown.date()).days
    if days == 0:
        return f"{shown:%H:%M}"
    if days == 1:
        return "yesterday"
    if timedelta(0) < now - shown and days < 7:
        return f"{shown:%a %H:%M}"
    return f"{shown.day} {shown:%b}" + ("" if shown.year == now.year else f" {shown.year}")


def date_text(moment: datetime, form: str, zone: tzinfo | None = None) -> str:
    """Format a moment with `strftime` in a time zone, by default this machine's; `?` if it is unknown."""
    shown = local_moment(moment, zone)
    return UNKNOWN if shown is None else shown.strftime(form)


def iso_text(moment: datetime) -> str | None:
    """Return a moment as ISO 8601, as it was stored; `None` if it is unknown."""
    return None if moment == UNKNOWN_MOMENT else moment.isoformat()


def local_moment(moment: datetime, zone: tzinfo | None = None) -> datetime | None:
    """Return the moment in a time zone, by default this machine's; `None` if it is unknown."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if aware == UNKNOWN_MOMENT or not EARLIEST <= aware <= LATEST:
        return None
    return aware.astimezone(zone)
