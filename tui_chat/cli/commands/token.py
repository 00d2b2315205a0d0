"""`token`: named tokens for the clients of `serve`."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.help_format import HelpCommand, command_group
from tui_chat.cli.options import with_data_dir

if TYPE_CHECKING:
    from tui_chat.gateway.tokens import TokenStore

app = command_group("token", "Manage the tokens of the clients of `tui-chat serve`.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the client.")]
OwnFlag = Annotated[bool, typer.Option("--own", help="Give access to the client's own conversations only.")]


@app.command("add", cls=HelpCommand)
@with_data_dir
def add(name: NameArgument, own: OwnFlag = False, *, ctx: Context) -> None:
    """Make a token and print it; it cannot be shown again."""
    from datetime import UTC, datetime

    from tui_chat.cli.output import print_text

    print_text(_store(ctx).add(name, datetime.now(UTC), sees_all=not own))


@app.command("list", cls=HelpCommand)
@with_data_dir
def list_(ctx: Context) -> None:
    """List the named tokens."""
    from tui_chat.cli.output import print_text
    from tui_chat.core.clean import clean_line

    named = _store(ctx).named
    rows = [
        f"{clean_line(token.client.name):<24} {'all' if token.client.sees_all else 'own'}  {token.created_at[:10]}"
        for token in named
    ]
    print_text("\n".join(rows) or "There are no named tokens; `tui-chat token add NAME` makes one.")


@app.command("revoke", cls=HelpCommand)
@with_data_dir
def revoke(name: NameArgument, *, ctx: Context) -> None:
    """Make a token invalid, also for a server that runs."""
    from tui_chat.cli.output import print_text

    _store(ctx).revoke(name)
    print_text(f"The token {name} is revoked.")


def _store(ctx: Context) -> "TokenStore":
    from tui_chat.gateway.tokens import TokenStore

    return TokenStore(ctx.settings.data_dir, os.environ)
