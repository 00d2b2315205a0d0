"""The options of `ask` for tools, and the answer to a call without a terminal to ask on."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.output import print_notice

if TYPE_CHECKING:
    from tui_chat.core.tool import Approval
    from tui_chat.service.reply import Reply
    from tui_chat.wiring import Program

ToolsOption = Annotated[
    list[str] | None,
    typer.Option("--tools", metavar="NAMES", help="Tools that the model may call: read, fetch, run."),
]
ToolOption = Annotated[
    list[str] | None,
    typer.Option("--tool", metavar="NAME", help="One more tool by its name: read_file, git__status."),
]
McpOption = Annotated[
    list[str] | None, typer.Option("--mcp", metavar="NAME", help="Tools of this MCP server of the settings.")
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="RULE", help="Allow these calls without asking: TOOL or 'TOOL(SUBJECT)'."),
]
MostRoundsOption = Annotated[
    int | None, typer.Option("--most-rounds", metavar="N", min=1, help="Stop after so many requests.")
]
MostUsdOption = Annotated[
    float | None, typer.Option("--most-usd", metavar="USD", min=0, help="Stop before the reply costs more.")
]


def chosen_tools(ctx: Context, words: Sequence[str]) -> tuple[str, ...]:
    """Return the chosen tools; a usage error for one that does not exist."""
    from tui_chat.core.tool import tool_choices
    from tui_chat.plugins import TOOLS, plugins

    try:
        return tool_choices(" ".join(words), (*ctx.settings.mcp, *plugins(TOOLS))) if words else ()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def with_tool_settings(
    ctx: Context, allow: Sequence[str], most_rounds: int | None, most_usd: float | None
) -> Context:
    """Return the context with these rules and limits in its settings."""
    from tui_chat.service.permissions import is_rule

    if wrong := [rule for rule in allow if not is_rule(rule)]:
        raise typer.BadParameter(f"{wrong[0]!r} is no rule; write TOOL or 'TOOL(SUBJECT)'")
    tools = ctx.settings.tools
    tools = tools._replace(
        rules={**dict.fromkeys(allow, "allow"), **tools.rules},
        max_rounds=most_rounds or tools.max_rounds,
        max_usd=tools.max_usd if most_usd is None else Decimal(str(most_usd)),
    )
    return replace(ctx, settings=ctx.settings._replace(tools=tools))


async def check_servers(program: "Program", chosen: Sequence[str]) -> None:
    """Raise a usage error for an MCP server that the user has not agreed to, and for a tool that it has not."""
    from tui_chat.core.tool import chosen_of

    names = [server.name for server in program.tool_servers]
    wanted = {chosen_of(choice, names) for choice in chosen}
    for server in program.tool_servers:
        if server.name in wanted and not await program.service.permissions.has_consent(server):
            raise typer.BadParameter(f"run `tui-chat mcp approve {server.name}` first: it shows what is started")
    single = [choice for choice in chosen if choice not in names and chosen_of(choice, names)]
    if single:
        offered = {tool.name for tool in await program.toolbox.offered(chosen)}
        for choice in (choice for choice in single if choice not in offered):
            raise typer.BadParameter(
                f"there is no tool {choice!r}, or its server does not answer; see `tui-chat tools`"
            )


async def deny(reply: "Reply", approval: "Approval") -> None:
    """Deny a call at once, and print the option that would allow it."""
    from tui_chat.core.clean import clean_line
    from tui_chat.core.tool import Decision, Verdict

    rule = shlex.quote(clean_line(approval.rule))
    print_notice(f"not allowed: {clean_line(approval.review.summary)} (to allow it: --allow {rule})")
    reason = "No one can be asked here, and no rule allows it."
    await reply.answer(approval.call.call_id, Verdict(Decision.DENY, reason))
