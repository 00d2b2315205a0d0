"""Starts the linear mode: builds the program on the loop's thread, reads lines on the main one. Imports no screen."""

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from tui_chat.cli.context import Context, GlobalOptions, load_context
from tui_chat.cli.exit_codes import MISUSED
from tui_chat.cli.first_conversation import (
    CANNOT_CONTINUE,
    NO_KEY,
    assemble_program,
    has_no_model,
    save_error_notice,
    with_model,
)
from tui_chat.cli.linear.chat import LinearChat
from tui_chat.cli.linear.line_reader import LineReader
from tui_chat.cli.linear.session import LinearSession
from tui_chat.cli.output import print_notice
from tui_chat.cli.signals import Watchdog
from tui_chat.cli.store_access import opening_notices
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.launch_options import LaunchOptions
from tui_chat.core.provider_presets import DEMO_MODEL
from tui_chat.service.resolve_conversation import resolve_conversation
from tui_chat.wiring import Program


def run_linear(options: GlobalOptions, launch_options: LaunchOptions) -> int:
    """Chat in plain lines on stdin and stdout, and return the exit code."""
    if launch_options.is_contradictory:
        print_notice(CANNOT_CONTINUE)
        return MISUSED
    ctx = load_context(options)
    reader = LineReader()
    with Watchdog() as watchdog:
        watchdog.restore = reader.restore_terminal
        return reader.serve(partial(_run, ctx, launch_options, reader, watchdog))


async def _run(ctx: Context, options: LaunchOptions, reader: LineReader, watchdog: Watchdog) -> int:
    program = await assemble_program(ctx, options)
    watchdog.save = program.save_unsaved
    async with aclosing(program):
        options, model_notice = await with_model(program, options)
        chat = LinearChat(
            ctx, program, reader, await _first(program, options), partial(program.new_conversation, options)
        )
        watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, chat.leave)
        warm_up = asyncio.create_task(program.warm_up())
        notices = [
            *model_notice,
            *save_error_notice(program.service.save_queue.error),
            *opening_notices(program.store.opening),
            *(str(problem) for problem in ctx.settings.problems),
        ]
        if chat.conversation.model == DEMO_MODEL and has_no_model(ctx, options):
            notices.append(f"{NO_KEY[:1].upper()}{NO_KEY[1:]}.")
        if options.temporary:
            notices.append("Temporary: this conversation is not saved.")
        try:
            code = await LinearSession(chat).run(notices)
        finally:
            with suppress(ChatError):  # the first request reports it
                await warm_up
    watchdog.all_saved(code)
    return code


async def _first(program: Program, options: LaunchOptions) -> Conversation:
    if options.query is None:
        return await program.conversation_for(options)
    match = await resolve_conversation(program.store, options.query)
    return (await program.service.open(match.conversation_id)).through(match.turn_id)
