"""Entry point: every error ends here as a sentence and an exit code."""

import atexit
import gc
import os
import sys

from tui_chat.cli.exit_codes import INTERRUPTED, OUR_FAULT, PIPE_CLOSED, exit_code
from tui_chat.cli.output import print_error
from tui_chat.cli.standard_streams import PipeClosed, open_standard_streams
from tui_chat.core.error import ChatError, Unexpected

_YOUNG_OBJECTS = 2000
"""Allocations between two garbage collections: a middle one walks five times as many, in 3 ms; of 20,000 in 37."""


def main() -> None:
    """Run the program and exit with its exit code."""
    # Collecting garbage among imported modules, or at exit, would only cost time.
    # The oldest objects rarely: a long conversation is many small ones that all stay alive.
    gc.set_threshold(_YOUNG_OBJECTS, 4, 60)
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
        sys.exit(_report_bug(error))


def _run() -> None:
    """Open the app by the fast path, or run the command line with typer."""
    from tui_chat.cli.fast_path import parse_app_args

    if (parsed := parse_app_args(sys.argv[1:], os.environ)) is None:
        from tui_chat.cli.app import app

        app()
    else:
        gc.disable()  # until the first screen is shown: nothing imported for it is garbage
        from tui_chat.cli.launch import open_app
        from tui_chat.cli.log import start_log

        options, launch_options = parsed
        start_log(debug=options.debug)
        sys.exit(open_app(options, launch_options))


def _report_bug(error: Exception) -> int:
    """Log and print an unexpected error; return its exit code."""
    import logging

    from tui_chat.cli.log import log_path, place_of

    logging.getLogger(__name__).error("unexpected", exc_info=error)
    print_error(Unexpected(f"{place_of(error)}\nThe log is {log_path()}"))
    return OUR_FAULT
