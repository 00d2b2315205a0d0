"""The outermost call: every error ends here as a sentence and an exit code."""

import atexit
import gc
import os
import sys

from tui_chat.cli.exit_codes import INTERRUPTED, OUR_FAULT, PIPE_CLOSED, exit_code, print_error
from tui_chat.cli.standard_streams import PipeClosed, open_standard_streams
from tui_chat.core.error import ChatError, Unexpected

_YOUNG_OBJECTS = 20_000
"""Allocations between two looks for garbage: a long conversation is many small objects, and none of them is any."""


def main() -> None:
    """Run, and end with the exit code that fits."""
    # Neither what was loaded nor what is left at the end is worth looking through for garbage.
    gc.set_threshold(_YOUNG_OBJECTS, 5, 5)
    atexit.register(gc.freeze)
    open_standard_streams()
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except PipeClosed:
        sys.exit(PIPE_CLOSED)
    except ChatError as error:
        print_error(error)
        sys.exit(exit_code(error))
    except Exception as error:  # noqa: BLE001 — the outermost call turns every fault into a sentence
        sys.exit(_own_fault(error))


def _run() -> None:
    """Open the app, where plainly that is wanted; else let typer find out what is."""
    from tui_chat.cli.fast_path import parse_app_args

    if (asked := parse_app_args(sys.argv[1:], os.environ)) is None:
        from tui_chat.cli.app import app

        app()
    else:
        gc.disable()  # until the first screen is seen: nothing of what that loads is garbage
        from tui_chat.cli.launch import open_app
        from tui_chat.cli.log import start_log

        flags, wanted = asked
        start_log(debug=flags.debug)
        sys.exit(open_app(flags, wanted))


def _own_fault(error: Exception) -> int:
    import logging

    from tui_chat.cli.log import log_path, place_of

    logging.getLogger(__name__).error("unexpected", exc_info=error)
    print_error(Unexpected(f"{place_of(error)}\nThe log is {log_path()}"))
    return OUR_FAULT
