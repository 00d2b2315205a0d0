"""`tools`: what models may call, what decides about it, and what the user has always allowed."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_chat.cli.context import Context, command_context
from tui_chat.cli.help_format import HelpCommand, command_group
from tui_chat.cli.options import DataDirFlag, JsonFlag, with_data_dir
from tui_chat.cli.output import print_json, print_text, width
from tui_chat.cli.store_access import with_program
from tui_chat.core.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui_chat.wiring import Program

app = command_group("tools")
NumberArgument = Annotated[list[int], typer.Argument(metavar="NUMBER", help="Its number in `tui-chat tools`.")]
_Row = tuple[str, str]


@app.callback()
def show(context: typer.Context, as_json: JsonFlag = False, data_dir: DataDirFlag = None) -> None:
    """List tools, rules, limits and permissions.

    Starts no MCP server: its tools are those that it listed the last time.
    """
    if context.invoked_subcommand is not None:
        return
    found = with_program(command_context(context, data_dir=data_dir), _facts)
    if as_json:
        print_json(found)
    else:
        print_text("\n\n".join(_sections(found)))


@app.command("revoke", cls=HelpCommand)
@with_data_dir
def revoke(numbers: NumberArgument, *, ctx: Context) -> None:
    """Take back what you have always allowed: such a call asks again."""

    async def take_back(program: "Program") -> None:
        permissions = program.service.permissions
        grants = await permissions.grants()
        if wrong := [number for number in numbers if not 1 <= number <= len(grants)]:
            raise typer.BadParameter(f"there is no permission {wrong[0]}; `tui-chat tools` lists them")
        for number in dict.fromkeys(numbers):
            await permissions.revoke(grants[number - 1])
            print_text(f"{clean_line(grants[number - 1].words)} asks again.")

    with_program(ctx, take_back)


async def _facts(program: "Program") -> dict[str, Any]:
    """Return everything that is shown, as JSON can hold it."""
    from tui_chat.core.tool import TOOL_GROUP_NOTES, TOOL_GROUPS
    from tui_chat.plugins import TOOLS, plugins

    settings = program.settings.tools
    return {
        "tools": [
            {"choice": choice, "names": [*TOOL_GROUPS.get(choice, (choice,))], "about": about}
            for choice, about in TOOL_GROUP_NOTES.items()
        ],
        "mcp_servers": [await _server(program, name) for name in program.settings.mcp],
        "plugins": [{"choice": name, "package": plugin.package} for name, plugin in plugins(TOOLS).items()],
        "rules": dict(settings.rules),
        "always_allowed": [
            {"number": number, "tool": grant.tool, "subject": grant.subject, "given_at": grant.given_at}
            for number, grant in enumerate(await program.service.permissions.grants(), 1)
        ],
        "limits": {
            "max_rounds": settings.max_rounds,
            "max_usd": format(settings.max_usd, "f"),
            "max_minutes": settings.max_minutes,
            "max_same_calls": settings.max_same_calls,
            "max_result_characters": settings.max_result_characters,
        },
        "commands": await program.confinement(),
    }


async def _server(program: "Program", name: str) -> dict[str, Any]:
    from tui_chat.core.tool import definition_tokens

    (server,) = (server for server in program.tool_servers if server.name == name)
    tools = await program.known_mcp_tools(name)
    return {
        "choice": name,
        "runs": server.what,
        "approved": await program.service.permissions.has_consent(server),
        "names": None if tools is None else [tool.name for tool in tools],
        "tokens": None if tools is None else definition_tokens(tools),
    }


def _sections(found: dict[str, Any]) -> "Iterator[str]":
    yield _section("Tools", [(tool["choice"], tool["about"]) for tool in found["tools"]])
    if servers := found["mcp_servers"]:
        yield _section("MCP servers", [row for server in servers for row in _server_rows(server)])
    if plugins := found["plugins"]:
        yield _section("Plug-ins", [(plugin["choice"], plugin["package"]) for plugin in plugins])
    if rules := found["rules"]:
        yield _section("Rules of the settings", [(verdict, rule) for rule, verdict in rules.items()])
    allowed = [
        (str(one["number"]), " ".join(filter(None, (one["given_at"][:10], one["tool"], one["subject"]))))
        for one in found["always_allowed"]
    ]
    yield _section("Always allowed", allowed or [("", "nothing yet")])
    limits = found["limits"]
    yield _section(
        "Limits of one reply",
        [
            ("", f"{limits['max_rounds']} requests, ${limits['max_usd']}, {limits['max_minutes']:g} minutes"),
            ("", f"the same call with the same result {limits['max_same_calls']} times"),
            ("", f"{limits['max_result_characters']:,} characters of each result"),
        ],
    )
    yield _section("Commands", [("", found["commands"])])


def _server_rows(server: dict[str, Any]) -> "Iterator[_Row]":
    state = "approved" if server["approved"] else f"not approved: tui-chat mcp approve {server['choice']}"
    names = server["names"]
    known = "" if names is None else f", {len(names)} tools, about {server['tokens']:,} tokens in each request"
    yield server["choice"], state + known
    if names:
        yield "", ", ".join(names)


def _section(title: str, rows: "Sequence[_Row]") -> str:
    """Return a heading with its rows, each wrapped under its second column."""
    import textwrap

    column = max(len(clean_line(first)) for first, _ in rows)
    lines = [title]
    for first, second in rows:
        start = f"  {clean_line(first).ljust(column)}  " if column else "  "
        room = max(20, width() - len(start))
        wrapped = textwrap.wrap(clean_line(second), room, break_on_hyphens=False) or [""]
        lines += [start + wrapped[0], *(" " * len(start) + line for line in wrapped[1:])]
    return "\n".join(lines)
