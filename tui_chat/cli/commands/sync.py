"""`sync`: the same conversations on several machines, through a PostgreSQL database that holds sealed records."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context, command_context
from tui_chat.cli.help_format import HelpCommand, HelpGroup
from tui_chat.cli.options import DataDirFlag, JsonFlag, with_data_dir

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

app = typer.Typer(
    name="sync",
    cls=HelpGroup,
    add_completion=False,
    rich_markup_mode=None,
)
UrlArgument = Annotated[
    str, typer.Argument(metavar="URL", help="The database: postgresql://USER@HOST/DATABASE, or as libpq reads it.")
]
FollowFlag = Annotated[bool, typer.Option("--follow", help="Keep exchanging until Ctrl+C.")]
ParentFlag = Annotated[bool, typer.Option("--with-parent", hidden=True, help="End when stdin ends.")]
NewFlag = Annotated[bool, typer.Option("--new", help="Create another space even if the database has one.")]
UpgradeFlag = Annotated[
    bool,
    typer.Option("--upgrade", help="Upgrade the database to this version; older programs keep working."),
]
KeyFlag = Annotated[
    str, typer.Option("--key", metavar="FILE", help="File with the key of the other machines; - reads stdin.")
]
BackupFlag = Annotated[
    str, typer.Option("--from", metavar="FILE", help="Start with this copy of another machine's database.")
]


@app.callback(invoke_without_command=True)
def sync(
    context: typer.Context, follow: FollowFlag = False, with_parent: ParentFlag = False, data_dir: DataDirFlag = None
) -> None:
    """Exchange conversations with other machines.

    They meet in a PostgreSQL database of yours, which sees only sealed records. Without a command, everything is
    exchanged once.
    """
    if context.invoked_subcommand is not None:
        return
    from tui_chat.cli.sync_session import load_sync

    ctx = command_context(context, data_dir=data_dir)
    if not with_parent:
        load_sync()
    if follow:
        from tui_chat.cli.sync_follow import follow as keep_exchanging

        raise typer.Exit(keep_exchanging(ctx, with_parent=with_parent))
    _run(_exchange(ctx))


@app.command("init", cls=HelpCommand)
@with_data_dir
def init(url: UrlArgument = "", new: NewFlag = False, upgrade: UpgradeFlag = False, *, ctx: Context) -> None:
    """Set up the database, and start to sync this machine.

    The login needs CREATE on the database; with CREATEROLE the tables belong to a role without a login.
    """
    from tui_chat.cli.sync_session import load_sync
    from tui_chat.cli.sync_setup import set_up, upgrade_hub

    if not (url or upgrade):
        raise typer.BadParameter("the address of the database is missing: postgresql://USER@HOST/DATABASE")
    load_sync()
    _run(upgrade_hub(ctx, url) if upgrade else set_up(ctx, url, allow_second=new))


@app.command("join", cls=HelpCommand)
@with_data_dir
def join(url: UrlArgument, key: KeyFlag, from_: BackupFlag = "", *, ctx: Context) -> None:
    """Start to sync this machine with others.

    `tui-chat sync key` on one of them prints the key. A copy of its database, made by `tui-chat backup`, saves the
    download of what is in it.
    """
    from tui_chat.cli.sync_session import load_sync
    from tui_chat.cli.sync_setup import join as join_space

    load_sync()
    text = sys.stdin.read() if key == "-" else _read(key)
    _run(join_space(ctx, url, text, _path(from_)))


@app.command("key", cls=HelpCommand)
@with_data_dir
def show_key(ctx: Context) -> None:
    """Print the key that another machine needs to join.

    The key and a login of the database together open all conversations.
    """
    from tui_chat.cli.output import print_text
    from tui_chat.cli.sync_session import load_sync, stored_key

    load_sync()
    print_text(stored_key(ctx).text)


@app.command("status", cls=HelpCommand)
@with_data_dir
def status(as_json: JsonFlag = False, *, ctx: Context) -> None:
    """Show what waits to be sent, and the last contact.

    No connection is made.
    """
    from tui_chat.cli.sync_report import print_status

    _run(print_status(ctx, as_json=as_json))


@app.command("verify", cls=HelpCommand)
@with_data_dir
def verify(ctx: Context) -> None:
    """Compare all records, and mend what differs."""
    from tui_chat.cli.sync_report import print_verification
    from tui_chat.cli.sync_session import load_sync

    load_sync()
    _run(print_verification(ctx))


@app.command("leave", cls=HelpCommand)
@with_data_dir
def leave(ctx: Context) -> None:
    """Stop syncing this machine.

    Its conversations stay, here and on the others.
    """
    from tui_chat.cli.sync_setup import leave as leave_space

    _run(leave_space(ctx))


async def _exchange(ctx: Context) -> None:
    from tui_chat.cli.sync_report import print_exchange
    from tui_chat.cli.sync_session import open_session
    from tui_chat.core.error import SyncError

    async with open_session(ctx) as session:
        try:
            outcome = await session.exchange()
        except SyncError as error:
            await session.note_failure(error)
            raise
        await print_exchange(session, outcome)


def _run(job: "Coroutine[Any, Any, None]") -> None:
    from tui_chat.cli.sync_session import run

    run(job)


def _read(name: str) -> str:
    from pathlib import Path

    from tui_chat.core.error import FormatError

    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{name}: {getattr(error, 'strerror', None) or error}", detail="unreadable") from None


def _path(name: str) -> "Path | None":
    from pathlib import Path

    return Path(name).expanduser().absolute() if name else None
