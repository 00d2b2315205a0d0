"""`usage`: tokens and cost."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_context

if TYPE_CHECKING:
    from datetime import date

    from tui_chat.core.usage_report import UsageReport


class By(StrEnum):
    DAY = "day"
    MODEL = "model"
    CONVERSATION = "conversation"


ByFlag = Annotated[By, typer.Option("--by", metavar="HOW", help="Group by day, model or conversation.")]
SinceFlag = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="7d, 24h, 2w, today, month, or a date.")
]
CsvFlag = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]
_CHART_DAYS = 30


@with_context
def run(
    by: ByFlag = By.DAY, since: SinceFlag = None, as_json: JsonFlag = False, as_csv: CsvFlag = False, *, ctx: Context
) -> None:
    """Print tokens and cost by day, model or conversation.

    Replies on all branches are counted.
    """
    from datetime import datetime

    from tui_chat.cli.output import print_json, print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.clean import clean
    from tui_chat.service import usage_report
    from tui_chat.service.budget_gate import BudgetGate
    from tui_chat.service.usage_meter import meter_interrupted
    from tui_chat.storage.store import Store
    from tui_chat.wiring import budget_of, pricing_of

    now = datetime.now().astimezone()
    try:
        start = None if since is None else usage_report.moment_of(since, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    async def load(store: Store) -> "tuple[UsageReport, str]":
        # A reply whose program died has no token counts yet, but it was paid for.
        await meter_interrupted(store, pricing_of(ctx.settings).cost_of)
        today = await BudgetGate(budget_of(ctx.settings.budget), store).report()
        return await usage_report.usage_report(store, start), today

    report, today = with_store(ctx, load)
    if as_json:
        print_json(usage_report.as_dict(report))
    elif as_csv:
        text = usage_report.as_csv(report, by.value)
        print_text(clean(text) if sys.stdout.isatty() else text)
    elif not report.days:
        print_text("No usage recorded.")
    else:
        _print_table(report, by, now.date())
    if today and not as_json and not as_csv:
        print_text(f"\nbudget: {today}")


def _print_table(report: "UsageReport", by: By, today: "date") -> None:
    """Print the table, and by day a chart of the cost."""
    from tui_chat.cli.output import print_text, width
    from tui_chat.core.bar_chart import sparkline
    from tui_chat.core.format_numbers import dollars
    from tui_chat.core.usage_report_text import usage_table
    from tui_chat.service.usage_report import lines_by

    columns = width() if sys.stdout.isatty() else None
    print_text("\n".join(usage_table(lines_by(report, by.value), report.total, columns)))
    if by is By.DAY and len(report.days) > 1:
        days = report.each_day(today, _CHART_DAYS)
        chart = sparkline([float(day.cost.total_usd) for day in days])
        highest = dollars(max(day.cost.total_usd for day in days))
        print_text(f"\ncost of the last {_CHART_DAYS} days  {chart}  highest {highest}")
