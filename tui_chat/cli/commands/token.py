"""`token`: named tokens for the clients of `serve`."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.help_format import HelpCommand, command_group
from tui_chat.cli.options import DataDirFlag

if TYPE_CHECKING:
    from tui_chat.gateway.tokens import TokenStore

app = command_group("token", "Manage the tokens of the clients of `tui-chat serve`.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the client.")]
OwnFlag = Annotated[bool, typer.Option("--own", help="Give access to the client's own conversations only.")]


@app.command("add", cls=HelpCommand)
def add(context: typer.Context, name: NameArgument, own: OwnFlag = False, data_dir: DataDirFlag = None) -> None:
    """Make a token and print it; it cannot be shown again."""
    from datetime import UTC, datetime

    from tui_chat.cli.output import print_text

    print_text(_store(context, data_dir).add(name, datetime.now(UTC), sees_all=not own))


@app.command("list", cls=HelpCommand)
def list_(context: typer.Context, data_dir: DataDirFlag = None) -> None:
    """List the named tokens."""
    from tui_chat.cli.output import print_text
    from tui_chat.core.clean import clean_line

    named = _store(context, data_dir).named
    rows = [
        f"{clean_line(token.client.name):<24} {'all' if token.client.sees_all else 'own'}  {token.created_at[:10]}"
        for token in named
    ]
    print_text("\n".join(rows) or "There are no named tokens; `tui-chat token add NAME` makes one.")


@app.command("revoke", cls=HelpCommand)
def revoke(context: typer.Context, name: NameArgument, data_dir: DataDirFlag = None) -> None:
    """Make a token invalid, also for a server that runs."""
    from tui_chat.cli.output import print_text

    _store(context, data_dir).revoke(name)
    print_text(f"The token {name} is revoked.")


def _store(context: typer.Context, data_dir: DataDirFlag) -> "TokenStore":
    from tui_chat.gateway.tokens import TokenStore

    return TokenStore(command_context(context, data_dir=data_dir).settings.data_dir, os.environ)
