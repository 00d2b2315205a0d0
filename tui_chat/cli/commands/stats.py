"""`stats`: the number of conversations and turns, and the size of the database."""

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_context


@with_context
def run(as_json: JsonFlag = False, *, ctx: Context) -> None:
    """Print how much there is: conversations, turns, size."""
    from dataclasses import asdict

    from tui_chat.cli.output import print_json, print_text
    from tui_chat.cli.store_access import with_store

    stats = asdict(with_store(ctx, lambda store: store.stats()))
    if as_json:
        print_json(stats)
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
