"""Reports a failed background worker to the user and to the log."""

import logging

from textual.screen import Screen, ScreenResultType
from textual.worker import Worker, WorkerState

from tui_chat.core.error import ChatError, Unexpected
from tui_chat.wording import explain

_log = logging.getLogger(__name__)


def report_worker_error(screen: Screen[ScreenResultType], event: Worker.StateChanged) -> None:
    """Notify the user of a worker that failed, and log its trace; the screen stays."""
    if event.state is WorkerState.ERROR:
        error = event.worker.error
        _log.error("a fault in the background", exc_info=error)
        words = explain(error if isinstance(error, ChatError) else Unexpected())
        screen.notify(f"{words.sentence} {words.next_step}", severity="error")
