"""Distinguishes typing from commands where single letters are commands, such as in reading mode. Knows no widget.

Letters that follow each other at the speed of typing are text, with the spaces and signs between them: they go to
the prompt, and what the first of them moved is moved back. A letter that does more than move waits so long for the
next one.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Protocol, TypeAlias

from textual import events
from textual.timer import Timer

Press: TypeAlias = events.Key | events.Paste

WORD_S = 0.15
"""Letters that are no further apart than this are a word, or its beginning."""
_TEXT_GOES_ON_S = 0.8
"""A letter that follows text so soon is text as well, where the focus has not moved to the prompt."""
_OPENING = "[{"
"""Signs that a text may start with although they are commands."""
_HELD_KEY = 3
"""A key that comes so often in a row is held down; no word has a letter three times."""


class TypingPlace(Protocol):
    """Where letters are commands."""

    def takes_commands(self) -> bool:
        """Return whether a letter would be a command now, not text."""
        ...

    def is_bound(self, key: str) -> bool:
        """Return whether the key does anything here."""
        ...

    def only_moves(self, key: str) -> bool:
        """Return whether the key does nothing but move, which can be taken back."""
        ...

    def position(self) -> Any:
        """Return what is shown, for `go_back`."""
        ...

    def go_back(self, position: Any) -> None:
        """Show what was shown."""
        ...

    def paste(self, paste: events.Paste) -> None:
        """Give a paste to the prompt and focus it."""
        ...

    def write(self, text: str) -> None:
        """Put text into the prompt and focus it."""
        ...


class TypingGuard:
    def __init__(
        self, place: TypingPlace, set_timer: Callable[[float, Callable[[], object]], Timer], run: Callable[[], object]
    ) -> None:
        """`run` is called when letters have waited long enough; `release` returns them."""
        self._place = place
        self._set_timer = set_timer
        self._run = run
        self._burst: list[events.Key] = []
        """The letters that may be a word."""
        self._waiting: list[events.Key] = []
        """Those of them that have not been handed on."""
        self._written_s = float("-inf")
        """When the last letter was pressed that has gone to the prompt."""
        self._position: Any = None
        self._timer: Timer | None = None

    def sort(self, press: Press) -> Sequence[Press]:
        """Return the keys to hand on now; text has gone to the prompt."""
        if isinstance(press, events.Paste) and self._place.takes_commands():
            self._burst = []
            released = self.release()
            self._place.paste(press)
            return released
        if self._has_led_to_text(press):
            self._write()
            return ()
        if not isinstance(press, events.Key) or not press.is_printable or not self._place.takes_commands():
            self._burst, self._written_s = [], float("-inf")
            return [*self.release(), press]
        if press.character and press.time - self._written_s <= _TEXT_GOES_ON_S:
            self._burst.append(press)
            self._write()
            return ()
        before = self._burst[-1].time if self._burst else float("-inf")
        starts = press.time - before > WORD_S
        if not press.character or (starts and not self._may_start_a_word(press)):
            self._burst = []
            return [*self.release(), press]
        late: Sequence[Press] = ()
        if starts:
            late = self.release()
            self._burst = []
            self._position = self._place.position()
        self._burst.append(press)
        if self._is_text():
            self._write()
            return late
        if self._place.only_moves(press.key) and not self._waiting:
            return [*late, press]
        self._waiting.append(press)
        self._start_timer()
        return late

    def _may_start_a_word(self, press: events.Key) -> bool:
        """Return whether a letter or a digit was pressed, or a sign that opens or does nothing here."""
        character = press.character or ""
        return character.isalnum() or character in _OPENING or not self._place.is_bound(press.key)

    def _has_led_to_text(self, press: Press) -> bool:
        """Add a letter to the burst if the letter before it has moved the focus to the prompt."""
        if not isinstance(press, events.Key) or not press.is_printable or not self._burst:
            return False
        if press.time - self._burst[-1].time > WORD_S or self._place.takes_commands():
            return False
        self._burst.append(press)
        return True

    @property
    def is_undecided(self) -> bool:
        """Whether a letter waits for the next one."""
        return bool(self._waiting)

    def release(self) -> Sequence[Press]:
        """Return the letters that waited and are commands after all."""
        self._stop_timer()
        waiting, self._waiting = self._waiting, []
        return waiting

    def _is_text(self) -> bool:
        keys = [press.key for press in self._burst]
        if not self._place.is_bound(keys[-1]):
            return True
        runs = [len(list(same)) for _, same in groupby(keys)]
        is_held = max(runs) >= _HELD_KEY and all(map(self._place.only_moves, keys))
        return len(runs) > 1 and not is_held

    def _write(self) -> None:
        text = "".join(press.character or "" for press in self._burst)
        self._written_s = self._burst[-1].time
        self._burst = []
        self.release()
        self._place.go_back(self._position)
        self._position = None
        self._place.write(text)

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self._set_timer(WORD_S, self._run)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
