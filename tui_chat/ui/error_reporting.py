"""A screen that goes on when something it does in the background fails, and says so. Knows nothing else."""

import logging
from typing import TypeVar

from textual.screen import Screen
from textual.worker import Worker, WorkerState

from tui_chat.core.clean import clean_line
from tui_chat.core.error import ChatError, Unexpected
from tui_chat.wording import explain

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


class ErrorReportingScreen(Screen[Result]):
    """Neither hides a fault nor ends for it."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed is told of, and its trace goes to the log."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            _log.error("a fault in the background", exc_info=error)
            words = explain(error if isinstance(error, ChatError) else Unexpected())
            self.notify(clean_line(f"{words.sentence} {words.next_step}"), severity="error", markup=False)
