"""`stats`: the number of conversations and turns, and the size of the database."""

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.options import DataDirFlag, DemoFlag, JsonFlag


def run(
    context: typer.Context, as_json: JsonFlag = False, demo: DemoFlag = False, data_dir: DataDirFlag = None
) -> None:
    """Print how much there is: conversations, turns, size."""
    import json
    from dataclasses import asdict

    from tui_chat.cli.output import print_json, print_text
    from tui_chat.cli.store_access import with_store

    ctx = command_context(context, demo=demo, data_dir=data_dir)
    stats = asdict(with_store(ctx, lambda store: store.stats()))
    if as_json:
        print_json(json.dumps(stats, indent=2, default=str))
    else:
        width = max(map(len, stats))
        print_text("\n".join(f"{name.replace('_', ' '):<{width}}  {_text(value)}" for name, value in stats.items()))


def _text(value: object) -> str:
    from datetime import datetime

    from tui_chat.core.format_numbers import date_text

    if isinstance(value, datetime):
        return date_text(value, "%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
