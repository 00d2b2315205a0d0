"""Handles keys one at a time. Textual hands each key to the focused widget at once, although the previous key may be
about to move the focus, open a screen or delete a letter."""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer

from tui_chat.ui.typing_guard import Press, TypingGuard, TypingPlace

if TYPE_CHECKING:
    from textual.widgets import Input, TextArea

PATIENCE_S = 2.0
"""Longest wait of a key for the previous one."""
_ROUNDS = 2
"""A key bubbles through every widget up to the app; messages that it causes bubble once more."""
_MANY = 20
_MOST_IN_A_LINE = 2000
"""Longest paste into an `Input`, which measures all of its text at every key."""


class KeyQueue:
    def __init__(
        self, app: App[int], hand_on: Callable[[Press], Awaitable[None]], typing_place: TypingPlace | None = None
    ) -> None:
        """`typing_place` is where letters may be commands; without one every letter is handed on at once."""
        self._app = app
        self._hand_on = hand_on
        self._guard = TypingGuard(typing_place, app.set_timer, self._run_waiting) if typing_place else None
        self._waiting: deque[tuple[Press, bool]] = deque()
        """Keys that are not handed on yet, and whether the guard has seen them."""
        self._acting = 0
        """The number of the press that is handled."""
        self._is_busy = False
        self._patience: Timer | None = None

    async def take(self, press: Press, *, is_sorted: bool = False) -> None:
        """Pass a key on, now or when the previous ones are handled."""
        if not self._is_busy:
            await self._start(press, is_sorted=is_sorted)
            return
        self._waiting.append((press, is_sorted))
        if len(self._waiting) == 1:
            self._be_patient()

    @property
    def is_behind(self) -> bool:
        return bool(self._waiting) or (self._guard is not None and self._guard.is_undecided)

    @property
    def is_idle(self) -> bool:
        """Whether every press is handled."""
        return not (self._is_busy or self.is_behind)

    async def _run_waiting(self) -> None:
        """Hand on the letters that turned out to be commands."""
        if self._guard is not None:
            for press in self._guard.release():
                await self.take(press, is_sorted=True)

    async def _start(self, press: Press, *, is_sorted: bool) -> None:
        self._is_busy = True
        self._acting += 1
        if self._guard is not None and not is_sorted:
            ready = self._guard.sort(press)
            if not ready:
                self._app.call_later(self._go_on, self._acting)
                return
            press = ready[0]
            self._waiting.extendleft((later, True) for later in reversed(ready[1:]))
        if self._waiting:
            self._be_patient()
        box = text_box_of(self._app)
        if isinstance(press, events.Paste) and _is_line(box) and len(press.text) > _MOST_IN_A_LINE:
            press = events.Paste(press.text[:_MOST_IN_A_LINE])
        await self._hand_on(press)
        # A typed character cannot change the focus, so there is no need to wait for bubbling.
        is_written = isinstance(press, events.Paste) or press.is_printable
        if not (is_written and box is not None and box.call_later(self._app.call_later, self._go_on, self._acting)):
            self._follow_up(self._acting, _ROUNDS)

    def _next(self) -> tuple[Press, bool]:
        """Return the oldest press; many letters become one paste, which a text box handles far faster."""
        letters = list(takewhile(bool, (_letter(press) for press, _ in self._waiting)))
        if len(letters) < _MANY or text_box_of(self._app) is None:
            return self._waiting.popleft()
        for _ in letters:
            self._waiting.popleft()
        return events.Paste("".join(letters)), True

    def _be_patient(self) -> None:
        self._lose_patience()
        self._patience = self._app.set_timer(PATIENCE_S, partial(self._go_on, self._acting))

    def _lose_patience(self) -> None:
        if self._patience is not None:
            self._patience.stop()
            self._patience = None

    def _follow_up(self, acting: int, rounds: int) -> None:
        """Follow the press with a callback, from the focused widget through its ancestors to the app."""
        if rounds:
            self._climb(self._app.focused or self._app.screen, acting, rounds - 1)
        else:
            self._app.call_later(self._go_on, acting)

    def _climb(self, at: DOMNode, acting: int, rounds: int) -> None:
        above = at.parent
        if at is self._app or above is None:
            self._app.call_later(self._follow_up, acting, rounds)
        elif not at.call_later(self._climb, above, acting, rounds):
            self._climb(above, acting, rounds)  # it is gone

    async def _go_on(self, acting: int) -> None:
        if acting != self._acting:
            return
        self._is_busy = False
        self._lose_patience()
        if self._waiting:
            press, is_sorted = self._next()
            await self._start(press, is_sorted=is_sorted)


def text_box_of(app: App[Any]) -> "Input | TextArea | None":
    """Return what has the focus if text can be typed into it."""
    from textual.widgets import Input, TextArea  # late: the startup screen has neither

    return app.focused if isinstance(app.focused, Input | TextArea) else None


def _is_line(box: "Input | TextArea | None") -> bool:
    from textual.widgets import Input

    return isinstance(box, Input)


def _letter(press: Press) -> str:
    return press.character or "" if isinstance(press, events.Key) and press.is_printable else ""
