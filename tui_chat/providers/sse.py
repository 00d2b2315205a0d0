"""Parses server-sent events from bytes. Knows no JSON and no wire.

Accepts what real servers send beyond the standard: a last event without its blank line, and a line of bare JSON as an
event. Comments are reported, since they are signs of life. Memory is bounded by one event.
"""

from collections.abc import Iterable

from tui_chat.core.error import StreamCut

LARGEST_EVENT_BYTES = 8_000_000
"""Of one event, and of a response in one piece; parsing that much takes some 25 ms."""
_MAX_LINES = 100_000
"""Of one event; each line takes more memory than its bytes."""
_SLICE_BYTES = 65_536
COMMENT = ("comment", b"")
"""The event that is reported for a comment."""

Event = tuple[str, bytes]
"""Name, which may be empty, and data."""


def slices(chunk: bytes) -> Iterable[bytes]:
    """Cut a chunk into pieces that are parsed quickly, so that the event loop is not blocked."""
    if len(chunk) <= _SLICE_BYTES:
        return (chunk,)
    return (chunk[at : at + _SLICE_BYTES] for at in range(0, len(chunk), _SLICE_BYTES))


class EventReader:
    """Parses one stream. Lines may end in LF, CRLF or CR."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._started = False
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self.fault: StreamCut | None = None
        """Set when nothing more can be read."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes. An event that is too large sets `fault`."""
        if self.fault is not None:
            return []
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:
                chunk = chunk[1:]
        self._rest.append(chunk)
        self._rest_size += len(chunk)
        events: list[Event] = []
        if b"\n" in chunk or b"\r" in chunk:
            text = b"".join(self._rest)
            lines = text.splitlines()
            last = text[-1]
            self._after_cr = last == 13
            self._rest = [] if last == 10 or last == 13 else [lines.pop()]
            self._rest_size = len(self._rest[0]) if self._rest else 0
            events = self._events(lines)
        if self._rest_size + self._size > LARGEST_EVENT_BYTES:
            self._give_up(f"is larger than {LARGEST_EVENT_BYTES / 1e6:g} MB")
        elif len(self._data) > _MAX_LINES:
            self._give_up(f"has more than {_MAX_LINES} lines")
        return events

    def _give_up(self, reason: str) -> None:
        self._rest, self._data = [], []
        self.fault = StreamCut(f"an event of the stream {reason}", detail="garbled")

    def end(self) -> list[Event]:
        """Return the last events when the stream has ended; the last line may be incomplete."""
        return self._events([b"".join(self._rest), b""])

    def _events(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        if not self._started and lines:
            self._started = True
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        for line in lines:
            if not line:
                if self._data or self._name:
                    events.append((self._name, b"\n".join(self._data)))
                    self._name, self._data = "", []
                self._size = 0
                continue
            if line[0] == 58 or line[0] == 123:
                events.append(COMMENT if line[0] == 58 else ("", line))
                continue
            self._size += len(line) + 1
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                self._name = line[6:].strip().decode("utf-8", "replace")
            elif line.startswith(b"error:"):
                events.append(("error", line[6:].strip()))
        return events
