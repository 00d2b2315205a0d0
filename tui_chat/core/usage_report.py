"""Usage and cost summed by day, model and conversation. Must not know storage or screens."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import reduce
from statistics import median

from tui_chat.core.bounds import EXACT, UNKNOWN_MOMENT
from tui_chat.core.format_numbers import UNKNOWN, local_moment
from tui_chat.core.turn import measured_speed
from tui_chat.core.usage import Cost, CostSum, Usage, sum_costs


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One finished reply without its text, or a side request."""

    conversation_id: str
    title: str
    turn_id: str
    """Empty for a side request."""
    at: datetime
    model: str
    usage: Usage
    cost: Cost | None
    ttft_ms: int | None = None
    duration_ms: int | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens a second after the first one; `None` where the tokens are only an estimate."""
        if self.usage.estimated or self.ttft_ms is None or self.duration_ms is None:
            return None
        return measured_speed(self.usage.output_tokens, self.duration_ms - self.ttft_ms)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """Several replies added up."""

    key: str
    """The day (`?` where it is unknown), the model's reference, or the conversation's id; empty for all."""
    label: str
    """The same for a person; outside text."""
    replies: int
    """Side requests are not counted here; their usage and cost are in the other figures."""
    usage: Usage
    cost: CostSum
    saved_usd: Decimal | None
    """What caching saved; `None` where no reply's price is known."""
    ttft_ms: float | None
    """The median."""
    tokens_per_s: float | None
    """The median."""
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used since a moment."""

    since: datetime | None
    total: UsageLine
    days: tuple[UsageLine, ...]
    """The oldest first; days without a reply are left out."""
    models: tuple[UsageLine, ...]
    """The dearest first."""
    conversations: tuple[UsageLine, ...]
    """The dearest first."""

    def each_day(self, last: date, count: int) -> tuple[UsageLine, ...]:
        """Return one line for each of the `count` days up to `last`, for a chart without gaps."""
        known = {line.key: line for line in self.days}
        keys = ((last - timedelta(days=back)).isoformat() for back in reversed(range(count)))
        return tuple(known.get(key) or _line(key, key, ()) for key in keys)


def report_on(rows: Iterable[UsageRow], since: datetime | None = None, zone: tzinfo | None = None) -> UsageReport:
    """Sum up the replies; days are in the given time zone, by default this machine's."""
    rows = tuple(row for row in rows if since is None or row.at >= since)

    def day(row: UsageRow) -> str:
        local = local_moment(row.at, zone)
        return UNKNOWN if local is None else local.date().isoformat()

    return UsageReport(
        since,
        _line("", "", rows),
        tuple(sorted(_grouped(rows, day, day), key=lambda line: line.key)),
        _dearest_first(_grouped(rows, lambda row: row.model, lambda row: row.model)),
        _dearest_first(_grouped(rows, lambda row: row.conversation_id, lambda row: row.title)),
    )


def _grouped(
    rows: Sequence[UsageRow], key: Callable[[UsageRow], str], label: Callable[[UsageRow], str]
) -> list[UsageLine]:
    groups: dict[str, list[UsageRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [_line(name, label(group[-1]), group) for name, group in groups.items()]


def _line(key: str, label: str, rows: Sequence[UsageRow]) -> UsageLine:
    prices = [(row.cost.price, row.usage) for row in rows if row.cost is not None]
    saved = [price.saved_usd(usage) for price, usage in prices if price is not None]
    return UsageLine(
        key,
        label,
        sum(row.turn_id != "" for row in rows),
        sum((row.usage for row in rows), Usage()),
        sum_costs(row.cost for row in rows),
        reduce(EXACT.add, saved) if saved else None,
        _median(row.ttft_ms for row in rows),
        _median(row.tokens_per_s for row in rows),
        max((row.at for row in rows if row.at != UNKNOWN_MOMENT), default=None),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _dearest_first(lines: list[UsageLine]) -> tuple[UsageLine, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.cost.total_usd, -line.usage.total_tokens, line.key)))
