"""The start of a chat, in the app and in linear mode: the program, its model, and notices."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context

if TYPE_CHECKING:
    from tui_chat.core.error import StorageError
    from tui_chat.core.launch_options import LaunchOptions
    from tui_chat.wiring import Program

NO_KEY = (
    "no key was found, so the built-in demo answers; set ANTHROPIC_API_KEY or OPENAI_API_KEY, "
    "or start a local server and name its model"
)
CANNOT_CONTINUE = "--temp opens a conversation that is not saved; it cannot continue a saved one"


def has_no_model(ctx: Context, options: "LaunchOptions") -> bool:
    """Return whether neither the options nor the settings name a model."""
    return not (ctx.demo or ctx.settings.default_model or options.model or options.profile)


async def assemble_program(ctx: Context, options: "LaunchOptions") -> "Program":
    """Return the program; a temporary conversation is stored in memory, as is one whose database cannot be opened."""
    from tui_chat.wiring import assemble, assemble_or_in_memory

    if options.temporary:
        return await assemble(ctx.settings, demo=ctx.demo, saving=False)
    return await assemble_or_in_memory(ctx.settings, demo=ctx.demo)


async def with_model(program: "Program", options: "LaunchOptions") -> "tuple[LaunchOptions, list[str]]":
    """Return the options with the model that was meant; where none fits, without one, and a notice."""
    from tui_chat.core.error import ChatError

    try:
        return await program.with_resolved_model(options), []
    except ChatError as error:
        return replace(options, model=None), [f"{error.message}; the default model is used."]


def save_error_notice(error: "StorageError | None") -> list[str]:
    """Return a notice if nothing can be saved; else nothing."""
    if error is None:
        return []
    from tui_chat.wording import explain

    words = explain(error)
    return [f"New messages are lost when you quit. {words.sentence} {error.message}. {words.next_step}"]
