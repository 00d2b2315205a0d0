"""`mcp`: the MCP servers of the settings: list, agree to, log in to, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context, command_context
from tui_chat.cli.help_format import HelpCommand, command_group
from tui_chat.cli.options import with_data_dir
from tui_chat.cli.output import print_notice
from tui_chat.cli.store_access import with_program

if TYPE_CHECKING:
    from tui_chat.core.tool import ToolServer
    from tui_chat.wiring import Program

app = command_group("mcp", "Manage MCP servers.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A server of the settings.")]
YesFlag = Annotated[bool, typer.Option("--yes", help="Agree without a question.")]


@app.command("list", cls=HelpCommand)
@with_data_dir
def list_servers(ctx: Context) -> None:
    """List the servers of the settings, and whether you have approved them."""

    async def show(program: "Program") -> None:
        for server in program.tool_servers:
            state = "approved" if await program.service.permissions.has_consent(server) else "not approved"
            typer.echo(f"{_clean(server.name)}  {state}  {_clean(server.what)}")

    with_program(ctx, show)


@app.command("approve", cls=HelpCommand)
@with_data_dir
def approve(name: NameArgument, yes: YesFlag = False, *, ctx: Context) -> None:
    """Show what a server runs, ask, and list its tools."""

    async def agree(program: "Program") -> None:
        server = _named(program, name)
        typer.echo(_full(server))
        if not yes and not typer.confirm("Start it, now and whenever its tools are chosen?", default=False):
            raise typer.Exit(1)
        await program.service.permissions.consent(server)
        for tool in await program.list_mcp_tools(name):
            typer.echo(f"{tool.name}  {_clean(tool.description)[:100]}")

    with_program(ctx, agree)


@app.command("login", cls=HelpCommand)
@with_data_dir
def login(name: NameArgument, *, ctx: Context) -> None:
    """Log in to a server at an address, in your browser."""

    async def log_in(program: "Program") -> None:
        from tui_chat.tools.mcp_login import open_browser

        server = _named(program, name)
        if not await program.service.permissions.has_consent(server):
            raise typer.BadParameter(f"run `tui-chat mcp approve {name}` first")

        def show(url: str) -> None:
            typer.echo(f"Log in at {_clean(url)}")
            open_browser(url)

        found = await program.log_in(name, show)
        typer.echo(f"Logged in: {len(found)} tools.")

    with_program(ctx, log_in)


@app.command("forget", cls=HelpCommand)
@with_data_dir
def forget(name: NameArgument, *, ctx: Context) -> None:
    """Take back the consent to a server, and delete its login."""

    async def withdraw(program: "Program") -> None:
        await program.service.permissions.withdraw(_named(program, name).name)
        (program.settings.data_dir / "mcp" / f"{name}.json").unlink(missing_ok=True)

    with_program(ctx, withdraw)


@app.command("import", cls=HelpCommand)
def import_servers(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON file with `mcpServers`.")]
) -> None:
    """Copy the servers of another program's file into the settings. Nothing is started."""
    from tui_chat.core.error import FormatError
    from tui_chat.tools.mcp_tools import servers_in
    from tui_chat.wiring import save_setting

    ctx = command_context(context)
    try:
        found = servers_in(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{file}: {error}") from None
    for name, values in found.items():
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            print_notice(f"{_clean(name)} is left out: a name has letters, digits, - and _")
            continue
        if name in ctx.settings.mcp:
            print_notice(f"{name} is left out: the settings have it already")
            continue
        for key, value in values.items():
            save_setting(ctx.settings.file, f"mcp.{name}.{key}", value)
        typer.echo(f"{name}: `tui-chat mcp approve {name}` shows what it runs, and asks")


def _clean(text: str) -> str:
    from tui_chat.core.clean import clean_line

    return clean_line(text)


def _full(server: "ToolServer") -> str:
    from tui_chat.core.clean import clean

    caution = f"\nCaution: {server.warning}." if server.warning else ""
    return f"{server.name} runs:\n{clean(server.what)}{caution}"


def _named(program: "Program", name: str) -> "ToolServer":
    from tui_chat.core.fuzzy import did_you_mean

    for server in program.tool_servers:
        if server.name == name:
            return server
    names = [server.name for server in program.tool_servers]
    raise typer.BadParameter(f"there is no MCP server {name!r} in the settings{did_you_mean(name, names)}")
