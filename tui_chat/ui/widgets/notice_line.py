"""The line above the prompt: passing notices, and the signs of modes with their keys. Only draws."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.terminal.textual_private import OneShotTimers

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

_STYLES = {"information": "$foreground", "warning": "$text-warning", "error": "$text-error"}
_LEAST_S = {"information": 0.0, "warning": 2.0, "error": 2.0}
"""How long a notice is shown at least when another one waits, or it is out of date."""
_MOST_WAITING = 8
READ_BADGE, NORMAL_BADGE = " READ ", " NORMAL "
_NORMAL_KEYS = ("i a o write · w b move · x dd cw delete, change · u undo · p put", "i write · u undo", "i")
"""What is shown behind the sign of the prompt's normal mode, by the room there is."""
_READING_KEYS = (
    ("read.down read.up", "move"),
    ("read.copy", "copy"),
    ("read.edit", "edit"),
    ("read.next_code", "code"),
    ("read.next_link", "link"),
    ("read.help", "all keys"),
)


@dataclass(slots=True)
class _Notice:
    text: str
    severity: "SeverityLevel"
    lasts_s: float
    shown_s: float = 0.0


class NoticeLine(OneShotTimers, Widget):
    """Shows one notice after the other; it is blank, or shows the keys of reading mode, while there is none."""

    DEFAULT_CSS = """
    NoticeLine { height: auto; min-height: 1; max-height: 8; width: 100%; }
    """

    def __init__(
        self, keys: Keyboard, *, takes_room: bool = True, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        """`takes_room` keeps a blank row while there is no notice."""
        super().__init__()
        self._takes_room = takes_room
        self.display = takes_room
        self._keys = keys
        self._monotonic_s = monotonic_s
        self._notices: deque[_Notice] = deque()
        """The first one is shown."""
        self._timer: Timer | None = None
        self._is_reading = False
        self._reading_note = ""
        self._vi_keys: str | None = None
        """The keys of vi that wait; `None` outside its normal mode."""

    def add(self, text: str, severity: "SeverityLevel" = "information", lasts_s: float = 5.0) -> None:
        """Show a notice, soon; the same notice is not shown twice."""
        if any(notice.text == text for notice in self._notices):
            return
        self._notices.append(_Notice(text, severity, lasts_s))
        while len(self._notices) > _MOST_WAITING:
            del self._notices[1]
        if len(self._notices) == 1:
            self._show_first()
        else:
            self._wait()

    def clear_notices(self) -> None:
        self._notices.clear()
        self._stop_timer()
        self._update()

    def outdate(self) -> None:
        """Show the present notice no longer than one that another waits behind: the user does the next thing."""
        if self._notices:
            notice = self._notices[0]
            notice.lasts_s = min(notice.lasts_s, _LEAST_S[notice.severity])
            self._wait()

    def show_reading(self, is_reading: bool, note: str = "") -> None:
        """Show or hide the sign of reading mode; `note` is shown before the keys, such as the number of a match."""
        if (is_reading, note) != (self._is_reading, self._reading_note):
            self._is_reading, self._reading_note = is_reading, note
            self._update()

    def show_vi(self, keys: str | None) -> None:
        """Show or hide the sign of the prompt's normal mode; `keys` are those that wait for the next one."""
        if keys != self._vi_keys:
            self._vi_keys = keys
            self._update()

    def _update(self) -> None:
        has_badge = self._is_reading or self._vi_keys is not None
        self.display = self._takes_room or has_badge or bool(self._notices)
        self.refresh(layout=True)

    @property
    def text(self) -> str:
        """The notice that is shown; empty if there is none."""
        return self._notices[0].text if self._notices else ""

    def _show_first(self) -> None:
        if self._notices:
            self._notices[0].shown_s = self._monotonic_s()
            self._wait()
        self._update()

    def _wait(self) -> None:
        """Show the next notice when the present one has been shown for long enough."""
        notice = self._notices[0]
        lasts_s = notice.lasts_s if len(self._notices) == 1 else min(notice.lasts_s, _LEAST_S[notice.severity])
        self._stop_timer()
        rest_s = lasts_s - (self._monotonic_s() - notice.shown_s)
        if rest_s > 0:
            self._timer = self.set_timer(rest_s, self._next)
        else:
            self._next()

    def _next(self) -> None:
        if self._notices:
            self._notices.popleft()
        self._show_first()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def render(self) -> Content:
        return self.line(self.size.width)

    def line(self, width: int) -> Content:
        """Return the line, with as many keys as the width has room for."""
        sign = READ_BADGE if self._is_reading else "" if self._vi_keys is None else NORMAL_BADGE
        badge = Content.styled(sign, "bold $text-accent reverse") + Content("  ") if sign else Content()
        if self._notices:
            notice = self._notices[0]
            return badge + Content.styled(notice.text, _STYLES[notice.severity])
        room = width - len(sign) - 2
        return badge + (self._reading_keys(room) if self._is_reading else self._normal_keys(room) if sign else "")

    def _normal_keys(self, room: int) -> Content:
        """Return the keys of vi that wait, or what leads back to writing."""
        text = self._vi_keys or next((hint for hint in _NORMAL_KEYS if len(hint) <= room), "")
        return Content.styled(text, "$foreground-muted")

    def _reading_keys(self, room: int) -> Content:
        """Return the keys, the most needed first, as many as fit."""
        keys = self._keys
        hints = [self._reading_note] if self._reading_note else []
        for ids, does in _READING_KEYS:
            names = [name for action in ids.split() if (name := keys(action))]
            hints += [f"{'/'.join(names)} {does}"] if names else []
        hints.append("type to write")
        while hints and len(" · ".join(hints)) > room:
            hints.pop(-2 if len(hints) > 1 else 0)
        return Content.styled(" · ".join(hints), "$foreground-muted")
