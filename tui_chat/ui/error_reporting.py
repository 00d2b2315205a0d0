"""Reports errors to the user: those of an action, and a failed background worker, which is logged as well."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Protocol

from textual.screen import Screen, ScreenResultType
from textual.worker import Worker, WorkerState

from tui_chat.core.error import ChatError, Unexpected
from tui_chat.wording import explain

_log = logging.getLogger(__name__)


class ShowsErrors(Protocol):
    """A screen that shows what went wrong and what to do."""

    def notify_error(self, error: ChatError) -> None: ...


def explained(screen: ShowsErrors, action: Callable[..., object]) -> Callable[..., Awaitable[None]]:
    """Return the action with an error that ends it shown to the user."""

    @wraps(action)
    async def run(*arguments: object) -> None:
        try:
            result = action(*arguments)
            if isawaitable(result):
                await result
        except ChatError as error:
            screen.notify_error(error)

    return run


def report_worker_error(screen: Screen[ScreenResultType], event: Worker.StateChanged) -> None:
    """Notify the user of a worker that failed, and log its trace; the screen stays."""
    if event.state is WorkerState.ERROR:
        error = event.worker.error
        _log.error("a fault in the background", exc_info=error)
        words = explain(error if isinstance(error, ChatError) else Unexpected())
        screen.notify(f"{words.sentence} {words.next_step}", severity="error")
