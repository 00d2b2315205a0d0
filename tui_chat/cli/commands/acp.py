"""`acp`: the conversations for editors, over stdin and stdout."""

import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import with_context

if TYPE_CHECKING:
    from tui_chat.cli.signals import Watchdog
    from tui_chat.gateway.acp.agent import Library
    from tui_chat.wiring import Program

_SETTLE_S = 1.0


@with_context
def run(ctx: Context) -> None:
    """Speak the Agent Client Protocol on stdin and stdout.

    Editors such as Zed, Neovim, Emacs and JetBrains' start this command by themselves. Each session is a conversation
    of the library.
    """
    import asyncio

    from tui_chat.cli.signals import Watchdog

    with Watchdog() as watchdog:
        code = asyncio.run(_serve(ctx, watchdog))
    raise typer.Exit(code)


async def _serve(ctx: Context, watchdog: "Watchdog") -> int:
    import asyncio

    from tui_chat.cli.exit_codes import DONE
    from tui_chat.gateway.acp.agent import AcpAgent
    from tui_chat.gateway.acp.json_rpc import LONGEST_LINE
    from tui_chat.wiring import assemble

    program = await assemble(ctx.settings, demo=ctx.demo)
    loop, codes = asyncio.get_running_loop(), list[int]()

    async def write(line: str) -> None:
        await asyncio.to_thread(_write, line)

    async with aclosing(program):
        agent = AcpAgent(await _library(ctx, program), write)
        reader = asyncio.StreamReader(LONGEST_LINE)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

        def leave(code: int) -> None:
            codes.append(code)
            reader.feed_eof()

        watchdog.save = program.save_unsaved
        watchdog.follow(loop.call_soon_threadsafe, leave)
        while not codes and (line := await reader.readline()):
            await agent.rpc.take(line.decode("utf-8", "replace"))
        transport.close()
        await program.service.aclose()
        await agent.rpc.settle(_SETTLE_S)
    code = codes[0] if codes else DONE
    watchdog.all_saved(code)
    return code


async def _library(ctx: Context, program: "Program") -> "Library":
    import asyncio
    from importlib.metadata import version
    from pathlib import Path

    from tui_chat.gateway.acp.agent import Library

    return Library(
        program.service,
        program.store,
        program.model_catalog,
        program.default_model,
        ctx.settings.system,
        str(await asyncio.to_thread(Path.cwd)),
        version("tui-chat"),
    )


def _write(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
