"""`prices`: the known prices of models, and the download of a newer list."""

from typing import Annotated

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.help_format import HelpCommand, command_group

app = command_group("prices")
ModelFlag = Annotated[str | None, typer.Option("-m", "--model", metavar="PROVIDER/MODEL", help="Model to look up.")]
MatchingFlag = Annotated[str, typer.Option("--matching", metavar="WORDS", help="All models with these words.")]


@app.callback()
def show(context: typer.Context, model: ModelFlag = None, matching: MatchingFlag = "") -> None:
    """Print the price of a model, its source and its age.

    Without options, prints the price of the default model.
    """
    if context.invoked_subcommand is not None:
        return
    from datetime import datetime

    from tui_chat.cli.output import print_text
    from tui_chat.core.usage_report_text import price_lines
    from tui_chat.settings.api_keys import KeyRing
    from tui_chat.wiring import pricing_of

    ctx = command_context(context)
    pricing = pricing_of(ctx.settings)
    now = datetime.now().astimezone()
    price_list = pricing.price_list(now)
    if not matching:
        found = [pricing.known(model or KeyRing(ctx.settings).model()[0], now)]
    else:
        found = list(pricing.matching(matching, ctx.settings.providers, now))
    blocks = ["\n".join(price_lines(one, price_list, now)) for one in found]
    print_text("\n\n".join(blocks) or f"No model with a known price matches {matching!r}.")


@app.command("update", cls=HelpCommand)
def update(context: typer.Context) -> None:
    """Download the newest price list; nothing else downloads it."""
    from datetime import datetime

    from tui_chat.cli.output import print_text
    from tui_chat.core.usage_report_text import age_of
    from tui_chat.paths import cache_dir, make_private
    from tui_chat.wiring import pricing_of

    ctx = command_context(context)
    now = datetime.now().astimezone()
    make_private(cache_dir())
    price_list = pricing_of(ctx.settings).update(now)
    print_text(f"{price_list.models:,} models, {age_of(price_list, now)}")
