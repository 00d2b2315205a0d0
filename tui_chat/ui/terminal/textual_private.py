"""The private names of Textual that the rest of `ui` needs, each behind a small function or class of ours.

Only this package may use them; `tests/test_architecture.py` holds that.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from textual import events
from textual._context import active_message_pump
from textual._styles_cache import StylesCache
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer, TimerCallback
from textual.worker import WorkerFailed

_log = logging.getLogger(__name__)
T = TypeVar("T")


def driver_of(app: App[Any]) -> Driver | None:
    """Return what connects the app to its terminal; `None` before it runs."""
    return app._driver


def write_to_terminal(app: App[Any], sequence: str) -> None:
    """Write an escape sequence, if the app runs."""
    if (driver := driver_of(app)) is not None:
        driver.write(sequence)


def bindings_of(node: DOMNode, key: str) -> Sequence[Binding]:
    return node._bindings.key_to_bindings.get(key, ())


def replace_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """Make these the only bindings of a node, those that Textual gives it included."""
    node._bindings = BindingsMap(bindings)


def drop_style_cache() -> None:
    """Empty a cache of Textual that keeps every row ever drawn, with its screen."""
    StylesCache.get_inner_outer.cache_clear()


def use_no_colours(app: App[Any], *, shades: bool) -> None:
    """Under NO_COLOR draw in shades of grey, or in nothing but the terminal's own two colours.

    Textual decides that before there is a theme; its greys are all the same where there are only sixteen colours.
    """
    for at, line_filter in enumerate(app._filters):
        if isinstance(line_filter, Monochrome | NoColor):
            app._filters[at] = Monochrome() if shades else NoColor()


def paint_now(screen: Screen[Any]) -> None:
    """Lay out and paint a screen at once; Textual waits for the next tick of a timer, up to 17 ms."""
    screen._refresh_layout()
    screen._layout_required = screen._repaint_required = False


class OneShotTimers(MessagePump):
    """A widget, screen or app whose `set_timer` calls its function once, surely.

    Textual's timer takes a process that the machine pauses as it starts for one that has missed a turn, and skips the
    only one it has: a window would not be laid out, a draft not saved, a notice not removed.
    """

    def set_timer(
        self, delay: float, callback: TimerCallback | None = None, *, name: str | None = None, pause: bool = False
    ) -> Timer:
        """Call a function once."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False
        return timer


class BatchedScreen(OneShotTimers, Screen[T]):
    """A screen that is not rendered while the updates of the app are batched; Textual would drop the result."""

    _was_shown = False

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Leave the styles as they are when it is shown first: its widgets were given theirs a moment ago."""
        event.refresh_styles = self._was_shown and event.refresh_styles
        self._was_shown = True

    def _compositor_refresh(self) -> None:
        if not self.app._batch_count:
            super()._compositor_refresh()


class CrashSafeApp(OneShotTimers, App[int]):
    """An app that an exception ends without a word; Textual prints all local variables, with keys and prompts."""

    fault: BaseException | None = None
    """Why the app had to end."""
    _last_resize: events.Resize | None = None

    def _check_resize(self) -> None:
        """Let screens lay out the latest size only: a slow one would be at hundreds of sizes for minutes."""
        if self._resize_event is not None:
            if self._last_resize is not None:
                self._last_resize.prevent_default()
            self._last_resize = self._resize_event
        super()._check_resize()

    def _handle_exception(self, error: Exception) -> None:
        if self._exit:
            # Code that still runs while the app exits finds widgets gone.
            _log.warning("an exception during exit", exc_info=error)
            return
        if isinstance(error, NoMatches) and self._is_leaving(active_message_pump.get(None)):
            # So does what a screen had planned before it was closed.
            _log.warning("a closed screen looked for its widgets", exc_info=error)
            return
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _is_leaving(self, node: object) -> bool:
        """Return whether a node belongs to a screen that is closed."""
        if not isinstance(node, DOMNode):
            return False
        screen = next((one for one in node.ancestors_with_self if isinstance(one, Screen)), None)
        return screen is not None and screen not in self.screen_stack

    def _fatal_error(self) -> None:
        error = self._exception
        self.fault = self.fault or (error.error if isinstance(error, WorkerFailed) else error)
        self._close_messages_no_wait()
