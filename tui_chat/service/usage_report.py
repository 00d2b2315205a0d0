"""The usage report: read from the store, summed, and written as JSON or CSV. Knows no screen."""

import asyncio
import csv
import io
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from tui_chat.core.bounds import EARLIEST, LATEST
from tui_chat.core.usage import COUNTS
from tui_chat.core.usage_report import UsageLine, UsageReport, report_on
from tui_chat.storage.store import Store

By = Literal["day", "model", "conversation"]
_SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(\d{1,5})([hdw])")


async def usage_report(store: Store, since: datetime | None = None, zone: tzinfo | None = None) -> UsageReport:
    """Return the usage since that moment, or of all time; summed in a thread, as years of replies take a while."""
    return await asyncio.to_thread(report_on, await store.usage_rows(since), since, zone)


def moment_of(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return `24h`, `7d`, `2w` back from now, `today`, `month`, or a day or moment of ISO 8601; raises `ValueError`.

    A day starts at midnight of the zone, by default of this machine's. `now`'s own offset does not do: that day may
    have had another one, where clocks are changed.
    """
    word = text.strip().lower()
    if (span := _SPAN.fullmatch(word)) is not None:
        return now - int(span[1]) * _SPANS[span[2]]
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if word == "today":
        return _in_zone(midnight, zone)
    if word == "month":
        return _in_zone(midnight.replace(day=1), zone)
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo is not None else _in_zone(moment, zone)
        if EARLIEST <= moment <= LATEST:
            return moment
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is no moment; try 7d, 24h, 2w, today, month or {midnight.date().isoformat()}")


def _in_zone(wall: datetime, zone: tzinfo | None) -> datetime:
    """Return the moment at which the clocks of the zone show that time; the first of two."""
    return wall.astimezone() if zone is None else wall.replace(tzinfo=zone)


def lines_by(report: UsageReport, by: By) -> tuple[UsageLine, ...]:
    """Return the report's lines grouped by day, model or conversation."""
    return {"day": report.days, "model": report.models, "conversation": report.conversations}[by]


def record_of(line: UsageLine) -> dict[str, str | int | float | bool | None]:
    """Return a line as plain values; dollars are exact text, unknown values are null.

    Token counts are null where none is known; `tokens_incomplete` means that some reply's tokens are missing.
    """
    usage, cost = line.usage, line.cost
    nothing_known = usage.unknown and not usage.total_tokens
    return {
        "key": line.key,
        "label": line.label,
        "replies": line.replies,
        **{name: None if nothing_known else count for name, count in zip(COUNTS, usage.counts, strict=True)},
        "tokens_estimated": usage.estimated,
        "tokens_incomplete": usage.unknown,
        "cost_usd": f"{cost.total_usd:f}" if cost.known_replies else None,
        "cost_estimated": cost.estimated,
        "unknown_cost_replies": cost.unknown_replies,
        "saved_by_cache_usd": None if line.saved_usd is None else f"{line.saved_usd:f}",
        "median_ttft_ms": line.ttft_ms,
        "median_tokens_per_s": line.tokens_per_s,
        "last_at": None if line.last_at is None else line.last_at.astimezone(UTC).isoformat(),
    }


def as_dict(report: UsageReport) -> dict[str, object]:
    """Return the whole report as one object, as JSON can hold it."""
    kinds: tuple[By, ...] = ("day", "model", "conversation")
    content: dict[str, object] = {
        "since": None if report.since is None else report.since.isoformat(),
        "total": record_of(report.total),
    }
    return content | {f"by_{by}": [record_of(line) for line in lines_by(report, by)] for by in kinds}


def as_csv(report: UsageReport, by: By) -> str:
    """Return the lines of one group as CSV; text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(record_of(report.total)), lineterminator="\n")
    writer.writeheader()
    for line in lines_by(report, by):
        record = record_of(line)
        writer.writerow(record | {"key": _without_formula(line.key), "label": _without_formula(line.label)})
    return out.getvalue()


def _without_formula(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
