"""The commands in one place, and the outermost call: every error ends here as a sentence and an exit code."""

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli import commands
from tui_chat.cli.flags import (
    ContinueFlag,
    ConversationFlag,
    DataDirFlag,
    DemoFlag,
    GlobalFlags,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
)
from tui_chat.cli.outcome import INTERRUPTED, OUR_FAULT, PIPE_CLOSED, complain, exit_code
from tui_chat.cli.quick import QuickGroup
from tui_chat.core.error import ChatError, Unexpected

app = typer.Typer(
    name="tui-chat",
    cls=QuickGroup,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
commands.add_to(app)


_YOUNG_OBJECTS = 50_000
"""Allocations between two looks for garbage: a long conversation is many small objects, and none of them is any."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tui-chat {version('tui-chat')}")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("-V", "--version", callback=_version, is_eager=True, help="Print the version and exit.")
]
ConfigFlag = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The settings file to read.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Log more.")]


@app.callback()
def tui_chat(
    context: typer.Context,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
    config: ConfigFlag = None,
    debug: DebugFlag = False,
    version: VersionFlag = False,
) -> None:
    """Chat with language models in the terminal. Without a command, the app opens."""
    from tui_chat.cli.log import start_log

    start_log(debug=debug)
    context.obj = GlobalFlags(demo, data_dir, config, debug)
    if context.invoked_subcommand is None:
        from tui_chat.cli.opening import open_app
        from tui_chat.core.wanted import Wanted

        raise typer.Exit(open_app(context, Wanted(model, system, profile, latest, conversation)))


def main() -> None:
    """Run, and end with the exit code that fits."""
    # Neither what was loaded nor what is left at the end is worth looking through for garbage.
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
    atexit.register(gc.freeze)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # What Python flushes at exit must not fail on the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PIPE_CLOSED)
    except ChatError as error:
        complain(error)
        sys.exit(exit_code(error))
    except Exception as error:  # noqa: BLE001 — the outermost call turns every fault into a sentence
        sys.exit(_own_fault(error))


def _own_fault(error: Exception) -> int:
    import logging

    from tui_chat.cli.log import masked

    logging.getLogger(__name__).error("unexpected", exc_info=error)
    complain(Unexpected(masked(f"{type(error).__name__}: {error}")))
    return OUR_FAULT
