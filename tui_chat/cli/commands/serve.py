"""`serve`: the conversations over HTTP, for browsers, scripts, editors and SDKs."""

import os
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import with_context

if TYPE_CHECKING:
    from tui_chat.cli.signals import Watchdog
    from tui_chat.gateway.server import Addresses
    from tui_chat.gateway.tokens import TokenStore

HostFlag = Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Address; 127.0.0.1 by default.")]
PortFlag = Annotated[
    int | None, typer.Option("--port", metavar="PORT", min=0, max=65_535, help="Port; 7717 by default.")
]
SocketOnlyFlag = Annotated[bool, typer.Option("--socket-only", help="Listen on the Unix socket alone.")]
StatusFlag = Annotated[bool, typer.Option("--status", help="Show whether a server runs, and where.")]


@with_context
def run(
    host: HostFlag = None,
    port: PortFlag = None,
    socket_only: SocketOnlyFlag = False,
    status: StatusFlag = False,
    *,
    ctx: Context,
) -> None:
    """Serve the conversations to other programs.

    The address speaks the APIs of OpenAI and Anthropic as well as its own. Every request needs the token of the file
    that is shown. Ctrl+C ends the server and keeps every reply.
    """
    import asyncio

    from tui_chat.cli.signals import Watchdog

    if status:
        raise typer.Exit(_print_status(ctx))
    chosen = ctx.settings.serve
    chosen = chosen._replace(host=host or chosen.host, port=chosen.port if port is None else port)
    if socket_only:
        chosen = chosen._replace(socket=True)
    ctx = Context(ctx.settings._replace(serve=chosen), ctx.demo)
    with Watchdog() as watchdog:
        code = asyncio.run(_serve(ctx, watchdog, tcp=not socket_only))
    raise typer.Exit(code)


def _print_status(ctx: Context) -> int:
    from tui_chat.cli.exit_codes import DONE, OUR_FAULT
    from tui_chat.cli.gateway import load_gateway
    from tui_chat.cli.output import print_text

    load_gateway()
    from tui_chat.gateway.server import running_server

    state = running_server(ctx.settings.data_dir)
    if state is None:
        print_text("No server runs for this data folder.")
        return OUR_FAULT
    where = [str(place) for place in (state.get("url"), state.get("socket")) if place]
    print_text(f"Process {state['pid']} serves {ctx.settings.data_dir} at {' and '.join(where)}.")
    return DONE


async def _serve(ctx: Context, watchdog: "Watchdog", *, tcp: bool) -> int:
    import asyncio

    from tui_chat.cli.exit_codes import DONE, INTERRUPTED
    from tui_chat.cli.gateway import gateway_server
    from tui_chat.cli.store_access import print_opening_notices
    from tui_chat.wiring import assemble

    program = await assemble(ctx.settings, demo=ctx.demo)
    codes: list[int] = []
    stop = asyncio.Event()

    def leave(code: int) -> None:
        codes.append(code)
        stop.set()

    async with aclosing(program):
        print_opening_notices(program.store.opening, writes=True)
        server, tokens = await gateway_server(program)
        own_token, is_new = tokens.own_token()
        addresses = await server.start(tcp=tcp)
        watchdog.save = program.save_unsaved
        watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, leave)
        _print_addresses(addresses, tokens, own_token if is_new else "")
        warm_up = asyncio.create_task(program.warm_up())
        await stop.wait()
        warm_up.cancel()
        # The replies end first, so that each stream gets its last event.
        await program.service.aclose()
        await server.stop()
    code = codes[0] if codes else DONE
    watchdog.all_saved(code)
    return DONE if code == INTERRUPTED else code


def _print_addresses(addresses: "Addresses", tokens: "TokenStore", new_token: str) -> None:
    from tui_chat.cli.output import print_text
    from tui_chat.gateway.tokens import TOKEN_VARIABLE

    lines = [f"Serving at {' and '.join(filter(None, (addresses.url, addresses.socket_path)))}"]
    if new_token and sys.stdout.isatty():
        lines.append(f"Token: {new_token} (shown once; it is in {tokens.file})")
    elif os.environ.get(TOKEN_VARIABLE):
        lines.append(f"The token is the value of {TOKEN_VARIABLE}.")
    else:
        lines.append(f"The token is in {tokens.file}")
    print_text("\n".join([*lines, "Ctrl+C ends the server."]))
