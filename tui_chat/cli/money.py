"""`usage` and `prices`: what they take. What they do is in `reckoning`, loaded when one is called."""

from enum import StrEnum
from typing import Annotated

import typer

from tui_chat.cli.help_format import HelpCommand, HelpGroup
from tui_chat.cli.options import DataDirFlag, DemoFlag, JsonFlag, start

prices = typer.Typer(name="prices", cls=HelpGroup, invoke_without_command=True)


class By(StrEnum):
    """What a report is grouped by."""

    DAY = "day"
    MODEL = "model"
    CONVERSATION = "conversation"


ByFlag = Annotated[By, typer.Option("--by", metavar="HOW", help="By day, model or conversation.")]
SinceFlag = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="7d, 24h, 2w, today, month, or a date.")
]
CsvFlag = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]


def usage(
    context: typer.Context,
    by: ByFlag = By.DAY,
    since: SinceFlag = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Print tokens and cost by day, model or conversation.

    Every branch counts, since every branch was paid for.
    """
    from tui_chat.cli import reckoning

    ctx = start(context, demo=demo, data_dir=data_dir)
    reckoning.usage(ctx, reckoning.Report(by.value, since, as_json, as_csv))


@prices.callback()
def show_prices(
    context: typer.Context,
    model: Annotated[str | None, typer.Option("-m", "--model", metavar="PROVIDER/MODEL", help="Which model.")] = None,
    matching: Annotated[str, typer.Option("--matching", metavar="WORDS", help="Every model with these words.")] = "",
) -> None:
    """Print what is known of a model's price, and how old that is.

    Without a name it is the default model's. Where the price is from is told, too.
    """
    if context.invoked_subcommand is None:
        from tui_chat.cli import reckoning

        reckoning.prices(start(context), model, matching)


@prices.command("update", cls=HelpCommand)
def update_prices(context: typer.Context) -> None:
    """Download the newest price list; nothing else ever does."""
    from tui_chat.cli import reckoning

    reckoning.update(start(context))
