"""`usage` and `prices`: what was used and paid, and what is known of prices."""

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.store_access import print_json, print_out, width, with_store
from tui_chat.core.bar_chart import sparkline
from tui_chat.core.clean import clean
from tui_chat.core.format_numbers import dollars
from tui_chat.core.usage_report import UsageReport
from tui_chat.core.usage_report_text import age_of, price_lines, usage_table
from tui_chat.paths import cache_dir, make_private
from tui_chat.service.usage_meter import meter_interrupted
from tui_chat.service.usage_report import as_csv, as_json, lines_by, moment_of, usage_report
from tui_chat.settings.api_keys import KeyRing
from tui_chat.storage.store import Store
from tui_chat.wiring import pricing_of

_CHART_DAYS = 30


@dataclass(frozen=True, slots=True)
class Report:
    """Which report, and how it is printed."""

    by: Literal["day", "model", "conversation"]
    since: str | None
    json: bool
    csv: bool


def usage(ctx: Context, asked: Report) -> None:
    """The report as a table, as JSON or as CSV."""
    now = datetime.now().astimezone()
    try:
        since = None if asked.since is None else moment_of(asked.since, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    async def added_up(store: Store) -> UsageReport:
        # A reply whose program died has no tokens yet; it was paid for all the same.
        await meter_interrupted(store, pricing_of(ctx.settings).cost_of)
        return await usage_report(store, since)

    report = with_store(ctx, added_up)
    if asked.json:
        print_json(as_json(report))
    elif asked.csv:
        print_out(clean(as_csv(report, asked.by)) if sys.stdout.isatty() else as_csv(report, asked.by))
    elif not report.days:
        print_out("Nothing was used yet.")
    else:
        room = width() if sys.stdout.isatty() else None
        print_out("\n".join(usage_table(lines_by(report, asked.by), report.total, room)))
        if asked.by == "day" and len(report.days) > 1:
            each = report.each_day(now.date(), _CHART_DAYS)
            chart = sparkline([float(line.cost.total_usd) for line in each])
            highest = dollars(max(line.cost.total_usd for line in each))
            print_out(f"\ncost of the last {_CHART_DAYS} days  {chart}  highest {highest}")


def prices(ctx: Context, model: str | None, matching: str) -> None:
    """What is known of one model, or of all that match."""
    pricing = pricing_of(ctx.settings)
    now = datetime.now().astimezone()
    listing = pricing.price_list(now)
    if not matching:
        known = [pricing.known(model or KeyRing(ctx.settings).model()[0], now)]
    else:
        known = list(pricing.matching(matching, ctx.settings.providers, now))
    blocks = ["\n".join(price_lines(one, listing, now)) for one in known]
    print_out("\n\n".join(blocks) or f"No model with a known price matches {matching!r}.")


def update(ctx: Context) -> None:
    """The newest list from the network."""
    now = datetime.now().astimezone()
    make_private(cache_dir())
    listing = pricing_of(ctx.settings).update(now)
    print_out(f"{listing.models:,} models, {age_of(listing, now)}")
