"""Opens the app on a terminal. Imports the UI and the services late, so that the first screen shows early."""

import asyncio
import gc
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context, GlobalOptions, load_context
from tui_chat.cli.exit_codes import DONE, MISUSED
from tui_chat.cli.first_conversation import CANNOT_CONTINUE, assemble_program, save_error_notice, with_model
from tui_chat.cli.output import print_notice
from tui_chat.cli.signals import Watchdog
from tui_chat.core.launch_options import LaunchOptions

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui_chat.ui.app_context import AppContext
    from tui_chat.wiring import Program

_SWITCH_INTERVAL_S = 0.001
"""The threads that read keys and write to the terminal need the interpreter several times for each key; with Python's
usual 5 ms they would wait most of the time while a reply is drawn."""


def open_app(options: GlobalOptions, launch_options: LaunchOptions) -> int:
    """Run the app and return the exit code; in a terminal that only shows lines, the linear mode."""
    if os.environ.get("TERM") == "dumb":
        from tui_chat.cli.linear.launch import run_linear

        return run_linear(options, launch_options)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print_notice("the app needs a terminal; `tui-chat ask` and `tui-chat chat --linear` work without one")
        return MISUSED
    if launch_options.is_contradictory:
        print_notice(CANNOT_CONTINUE)
        return MISUSED
    ctx = load_context(options)
    from tui_chat.ui.terminal.ssh import escape_delay_ms

    # Textual reads both once, when it is first imported.
    os.environ.setdefault("ESCDELAY", str(ctx.settings.ui.escape_delay_ms or escape_delay_ms(os.environ)))
    if not ctx.settings.ui.animations:
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with Watchdog() as watchdog:
        return asyncio.run(_run(ctx, launch_options, watchdog))


async def _run(ctx: Context, options: LaunchOptions, watchdog: Watchdog) -> int:
    from tui_chat.core.provider_presets import DEMO_MODEL
    from tui_chat.settings.api_keys import KeyRing
    from tui_chat.ui.app import ChatApp
    from tui_chat.ui.startup.pending_context import PendingContext

    named = ctx.settings.aliases.get(options.model or "", options.model)
    model = named or (DEMO_MODEL if ctx.demo else KeyRing(ctx.settings).model()[0])
    is_blank = not (options.latest or options.conversation or options.query)
    async with AsyncExitStack() as at_exit:
        load = partial(_load, ctx, options, watchdog, at_exit)
        app = ChatApp(PendingContext(ctx.settings, model, is_blank, load, options.temporary))
        app.is_ending = lambda: watchdog.is_ending
        watchdog.restore = app.restore_terminal
        watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, app.leave)
        code = await app.run_async() or app.return_code or DONE
        if app.fault is not None:
            raise app.fault
    watchdog.all_saved(code)
    return code


async def _load(ctx: Context, options: LaunchOptions, watchdog: Watchdog, at_exit: AsyncExitStack) -> "AppContext":
    """Load the services, and return what the app uses of them; `at_exit` closes them."""
    # What was imported until now stays alive; only later objects are worth collecting.
    gc.freeze()
    gc.enable()
    await asyncio.to_thread(_import_services)
    from tui_chat.cli.in_app_server import InAppServer
    from tui_chat.cli.temporary_chats import TemporaryChats

    program = await assemble_program(ctx, options)
    at_exit.push_async_callback(program.aclose)
    watchdog.save = program.save_unsaved
    chats, server = TemporaryChats(program), InAppServer(program)
    at_exit.push_async_callback(chats.aclose)
    at_exit.push_async_callback(server.stop)
    context = replace(await _app_context(ctx, program, options), serving=server)
    return context if options.temporary else chats.offer(context)


def _import_services() -> None:
    """Import what the first screen does not need."""
    import tui_chat.ui.chat.screen
    import tui_chat.wiring  # noqa: F401


async def _warm_up(program: "Program") -> None:
    """Load the provider, and take all that is loaded by now out of the garbage collector's sight.

    Collecting among tens of thousands of objects of imported modules would hold up a key for 50 ms.
    """
    gc.disable()
    try:
        await program.warm_up()
    finally:
        gc.freeze()
        gc.enable()


async def _app_context(ctx: Context, program: "Program", options: LaunchOptions) -> "AppContext":
    from tui_chat.cli.project_profile import with_project_profile
    from tui_chat.cli.store_access import opening_notices
    from tui_chat.cli.unusable_settings import unusable_settings
    from tui_chat.service.resolve_conversation import resolve_conversation
    from tui_chat.ui.app_context import AppContext, ModelFacts
    from tui_chat.wiring import save_setting

    async def facts_of(ref: str) -> ModelFacts:
        return ModelFacts(*await program.facts_of(ref))

    match = None if options.query is None else await resolve_conversation(program.store, options.query)
    if match is not None:
        options = replace(options, conversation=match.conversation_id)
    settings = ctx.settings
    options, model_notice = await with_model(program, options)
    new, profile_notice = await with_project_profile(program, options)
    is_stored = options.latest or options.conversation is not None
    first = await program.conversation_for(options if is_stored else new)
    notices = [*model_notice, *profile_notice, *save_error_notice(program.service.save_queue.error)]
    notices += [*map(str, settings.problems), *unusable_settings(settings)]
    return AppContext(
        settings,
        program.store,
        program.service,
        first=first if match is None else first.through(match.turn_id),
        blank=partial(program.new_conversation, new),
        catalogue=program.model_catalog,
        warm_up=partial(_warm_up, program),
        facts_of=facts_of,
        find_local=program.find_local,
        position=match,
        notices=tuple(notices),
        database_notices=lambda: opening_notices(program.store.opening),
        save_setting=partial(save_setting, settings.file),
        resolve_model=program.resolve_model,
        tool_servers=program.tool_servers if settings.mcp else (),
        is_temporary=options.temporary,
        plugin_tools=plugin_tools,
        sync=program.sync,
    )


def plugin_tools() -> "Collection[str]":
    """Return the names that choose tools of plug-ins."""
    from tui_chat.plugins import TOOLS, plugins

    return plugins(TOOLS)
