"""Opens the app, where there is a terminal to open it in."""

import asyncio
import os
import sys

import typer

from tui_chat.cli.flags import Start, start
from tui_chat.cli.outcome import DONE, MISUSED
from tui_chat.core.wanted import Wanted


def open_app(context: typer.Context, wanted: Wanted) -> int:
    """Run the app until it is left; returns the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("tui-chat: the app needs a terminal; `tui-chat ask` works without one", file=sys.stderr)  # noqa: T201
        return MISUSED
    begun = start(context)
    # Textual reads it once, when it is first imported.
    os.environ.setdefault("ESCDELAY", str(begun.settings.ui.escape_delay_ms))
    return asyncio.run(_run(begun, wanted))


async def _run(begun: Start, wanted: Wanted) -> int:
    from tui_chat.ui.app import ChatApp
    from tui_chat.ui.bench import Bench
    from tui_chat.wiring import assemble

    program = await assemble(begun.settings, demo=begun.demo)
    try:
        first = await program.conversation_for(wanted)
        bench = Bench(
            begun.settings,
            program.store,
            program.service,
            first,
            program.fresh,
            program.warm_up,
            tuple(str(problem) for problem in begun.settings.problems),
        )
        app = ChatApp(bench)
        return await app.run_async() or app.return_code or DONE
    finally:
        await program.aclose()
