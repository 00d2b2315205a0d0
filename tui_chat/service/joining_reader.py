"""A bounded reader: while it does not read, adjacent deltas are joined into one. Knows no socket and no clock.

What it holds is at most one event for each stretch of text or thinking that has not been read, so a slow reader costs
about the text itself and gets the whole text.
"""

import asyncio
from collections import deque

from tui_chat.core.event import (
    Delta,
    HealthChanged,
    ReplyEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageChanged,
)
from tui_chat.core.text_buffer import TextBuffer

_REPLACED = (UsageChanged, HealthChanged)
"""Events of which only the newest matters."""


class _Entry:
    """An event, or several deltas that are joined when they are read."""

    __slots__ = ("_text", "event", "turn_id")

    def __init__(self, turn_id: str, event: ReplyEvent) -> None:
        self.turn_id = turn_id
        self.event = event
        self._text: TextBuffer | None = None

    def take(self, turn_id: str, event: ReplyEvent) -> bool:
        """Take another event into this one if nothing is lost by that."""
        if turn_id != self.turn_id or type(event) is not type(self.event):
            return False
        match self.event, event:
            case (TextDelta(first), TextDelta(text)) | (ThinkingDelta(first), ThinkingDelta(text)):
                self._append(first, text)
            case ToolCallDelta() as own, ToolCallDelta() as other if own.call_id == other.call_id:
                self._append(own.input_json, other.input_json)
            case own, _ if isinstance(own, _REPLACED):
                self.event = event
            case _:
                return False
        return True

    def _append(self, first: str, text: str) -> None:
        if self._text is None:
            self._text = TextBuffer(first)
        self._text.add(text)

    @property
    def joined(self) -> ReplyEvent:
        if self._text is None:
            return self.event
        match self.event:
            case TextDelta():
                return TextDelta(self._text.text)
            case ThinkingDelta():
                return ThinkingDelta(self._text.text)
            case ToolCallDelta(call_id, name, _, on_server):
                return ToolCallDelta(call_id, name, self._text.text, on_server)
        return self.event


class JoiningReader:
    def __init__(self, arrived: asyncio.Event | None = None) -> None:
        """`arrived` is set when there is something to read; several readers may share one."""
        self._entries: deque[_Entry] = deque()
        self._arrived = arrived or asyncio.Event()
        self.joined_deltas = 0
        """How many deltas were joined to one before them."""

    def put(self, turn_id: str, event: ReplyEvent) -> None:
        """Add an event of that turn."""
        if self._entries and self._entries[-1].take(turn_id, event):
            self.joined_deltas += isinstance(event, Delta)
            return
        self._entries.append(_Entry(turn_id, event))
        self._arrived.set()

    async def get(self, timeout_s: float | None = None) -> tuple[str, ReplyEvent] | None:
        """Return the next event with its turn's id; `None` if nothing arrives in time."""
        while not self._entries:
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self.take()

    def take(self) -> tuple[str, ReplyEvent] | None:
        """Return the next event with its turn's id; `None` if there is none now."""
        if not self._entries:
            return None
        entry = self._entries.popleft()
        return entry.turn_id, entry.joined
