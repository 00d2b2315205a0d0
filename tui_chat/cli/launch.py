"""Opens the app, where there is a terminal to open it in."""

import asyncio
import gc
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context, GlobalFlags, load_context
from tui_chat.cli.exit_codes import DONE, MISUSED
from tui_chat.cli.watchdog import Watchdog
from tui_chat.core.error import StorageError
from tui_chat.core.launch_options import LaunchOptions

if TYPE_CHECKING:
    from tui_chat.ui.app_context import AppContext
    from tui_chat.wiring import Program


def open_app(flags: GlobalFlags, wanted: LaunchOptions) -> int:
    """Run the app until it is left; returns the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("tui-chat: the app needs a terminal; `tui-chat ask` works without one", file=sys.stderr)  # noqa: T201
        return MISUSED
    ctx = load_context(flags)
    # Textual reads both once, when it is first imported.
    os.environ.setdefault("ESCDELAY", str(ctx.settings.ui.escape_delay_ms))
    if not ctx.settings.ui.animations:
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    with Watchdog() as watchdog:
        return asyncio.run(_run(ctx, wanted, watchdog))


async def _run(ctx: Context, wanted: LaunchOptions, watchdog: Watchdog) -> int:
    from tui_chat.core.provider_presets import DEMO_MODEL
    from tui_chat.settings.api_keys import KeyRing
    from tui_chat.ui.app import ChatApp
    from tui_chat.ui.app_context import PendingContext

    made: list[Program] = []

    async def bench() -> "AppContext":
        # All that was loaded until now stays until the end; only what comes is worth looking through for garbage.
        gc.freeze()
        gc.enable()
        await asyncio.to_thread(_load)
        from tui_chat.wiring import assemble_or_in_memory

        made.append(await assemble_or_in_memory(ctx.settings, demo=ctx.demo))
        watchdog.save = made[0].save_unsaved
        return await _bench(ctx, made[0], wanted)

    model = wanted.model or (DEMO_MODEL if ctx.demo else KeyRing(ctx.settings).model()[0])
    is_blank = not (wanted.latest or wanted.conversation or wanted.query)
    try:
        app = ChatApp(PendingContext(ctx.settings, model, is_blank, bench))
        app.is_ending = lambda: watchdog.is_ending
        watchdog.restore = app.restore_terminal
        watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, app.leave)
        code = await app.run_async() or app.return_code or DONE
        if app.fault is not None:
            raise app.fault
    finally:
        for program in made:
            await program.aclose()
    watchdog.all_saved(code)
    return code


def _load() -> None:
    """What is not needed to show the first screen."""
    import tui_chat.ui.chat.screen
    import tui_chat.wiring  # noqa: F401


async def _bench(ctx: Context, program: "Program", wanted: LaunchOptions) -> "AppContext":
    from tui_chat.cli.opening_notices import opening_notices
    from tui_chat.service.resolve_conversation import resolve_conversation
    from tui_chat.ui.app_context import AppContext, ModelFacts
    from tui_chat.ui.key_bindings import Keyboard

    async def facts_of(ref: str) -> ModelFacts:
        return ModelFacts(*await program.facts_of(ref))

    place = None if wanted.query is None else await resolve_conversation(program.store, wanted.query)
    if place is not None:
        wanted = replace(wanted, conversation=place.conversation_id)
    first = await program.conversation_for(wanted)
    settings = ctx.settings
    notices = [
        *_unkept(program.service.save_queue.error),
        *opening_notices(program.store.opening),
        *(str(problem) for problem in settings.problems),
    ]
    notices += [
        f"{settings.origin(f'keys.{name}')}: {sentence}" for name, sentence in Keyboard(settings.keys).problems()
    ]
    return AppContext(
        settings,
        program.store,
        program.service,
        first if place is None else first.through(place.turn_id),
        program.new_conversation,
        program.model_catalog,
        program.warm_up,
        facts_of,
        program.find_local,
        place,
        tuple(notices),
    )


def _unkept(error: StorageError | None) -> list[str]:
    """Why nothing is kept, and what to do."""
    if error is None:
        return []
    from tui_chat.wording import explain

    words = explain(error)
    return [f"Nothing you say now is kept when you quit. {words.sentence} {error.message}. {words.next_step}"]
